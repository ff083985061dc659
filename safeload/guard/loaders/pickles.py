"""Libraries that extend pickle: what differs is where they unpickle."""

from __future__ import annotations

from safeload.guard.interface import Entry
from safeload.guard.loaders.pickle import Pickle
from safeload.guard.loaders.singlefile import SingleFile


class Dill(Pickle):
    name = "dill"
    suffixes = (".dill",)
    through = ("dill._dill",)
    entries = (
        Entry(module="dill", attribute="load"),
        Entry(module="dill", attribute="loads"),
        Entry(module="dill._dill", attribute="load"),
        Entry(module="dill._dill", attribute="loads"),
    )


class DillSession(SingleFile):
    """A saved module or session, which is put into a module of this process."""

    name = "dill.session"
    argument = "filename"
    through = ("dill._dill", "dill.session")
    entries = (
        Entry(module="dill.session", attribute="load_module"),
        Entry(module="dill.session", attribute="load_module_asdict"),
        Entry(module="dill.session", attribute="load_session"),
        Entry(module="dill", attribute="load_module"),
        Entry(module="dill", attribute="load_module_asdict"),
        Entry(module="dill", attribute="load_session"),
    )


class CloudPickle(Pickle):
    """Its `load` is pickle's own, by another name."""

    name = "cloudpickle"
    suffixes = ()
    entries = tuple(
        Entry(module=module, attribute=attribute)
        for module in ("cloudpickle", "cloudpickle.cloudpickle", "joblib.externals.cloudpickle", "srsly.cloudpickle")
        for attribute in ("load", "loads")
    )
