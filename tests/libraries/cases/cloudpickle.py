"""cloudpickle, whose files any pickle reads."""

from __future__ import annotations

from tests.libraries.files import opened
from tests.libraries.payload import Runs

LOADERS = ("cloudpickle",)
DISTRIBUTION = "cloudpickle"
ATTACK = "a pickle that calls a function"


def make(folder, marker):
    import cloudpickle

    (folder / "a.pkl").write_bytes(cloudpickle.dumps(Runs(marker) if marker else {"a": [1, 2.5], "b": {3}}))


def ways():
    import cloudpickle
    from cloudpickle import load

    def of(read):
        return opened(lambda file: repr(read(file)))

    return {
        "cloudpickle.load": ("a.pkl", of(lambda file: cloudpickle.load(file))),
        "cloudpickle.loads": ("a.pkl", lambda path: repr(cloudpickle.loads(path.read_bytes()))),
        "from cloudpickle import load": ("a.pkl", of(load)),
    }
