"""Libraries that extend pickle: what differs is where they unpickle."""

from __future__ import annotations

from safeload.guard.interface import Entry
from safeload.guard.loaders.pickle import Pickle
from safeload.guard.loaders.singlefile import SingleFile


class Dill(Pickle):
    name = "dill"
    suffixes = (".dill",)
    through = ("dill._dill",)
    entries = Entry.at("dill", "load", "loads") + Entry.at("dill._dill", "load", "loads")


class DillSession(SingleFile):
    """A saved module or session, which is put into a module of this process."""

    name = "dill.session"
    argument = "filename"
    through = ("dill._dill", "dill.session")
    entries = tuple(
        entry
        for module in ("dill.session", "dill")
        for entry in Entry.at(module, "load_module", "load_module_asdict", "load_session")
    )


class CloudPickle(Pickle):
    """Its `load` is pickle's own, by another name."""

    name = "cloudpickle"
    suffixes = ()
    entries = tuple(
        entry
        for module in ("cloudpickle", "cloudpickle.cloudpickle", "joblib.externals.cloudpickle", "srsly.cloudpickle")
        for entry in Entry.at(module, "load", "loads")
    )
