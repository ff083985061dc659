"""dill, which pickles what pickle does not."""

from __future__ import annotations

from tests.libraries.files import opened
from tests.libraries.payload import Runs

LOADERS = ("dill", "dill.session")
DISTRIBUTION = "dill"
ATTACK = "a pickle that calls a function"


def make(folder, marker):
    import types

    import dill

    value = Runs(marker) if marker else {"a": [1, 2.5], "b": {3}}
    (folder / "a.dill").write_bytes(dill.dumps(value))
    module = types.ModuleType("saved")
    module.value = value
    dill.dump_module(folder / "session.pkl", module)


def ways():
    import dill
    from dill import load

    def of(read):
        return opened(lambda file: repr(read(file)))

    return {
        "dill.load": ("a.dill", of(lambda file: dill.load(file))),
        "dill.loads": ("a.dill", lambda path: repr(dill.loads(path.read_bytes()))),
        "from dill import load": ("a.dill", of(load)),
        "dill.Unpickler": ("a.dill", of(lambda file: dill.Unpickler(file).load())),
    }
