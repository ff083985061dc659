"""Unpicklers that find classes their own way are held against the rules, whenever they were defined."""

from __future__ import annotations

import _pickle
import copyreg
import gc
import importlib
import io
import pickle
import sys
import weakref
from pickle import Unpickler as EarlyUnpickler
from pickle import _Unpickler as PurePythonUnpickler

import pytest

from safeload.errors import Stop
from safeload.guard import hook

from .test_hook import RULES, Own, hooked, payload  # noqa: F401


def resolve(module: str, name: str):
    return getattr(importlib.import_module(module), name)


class Before(pickle.Unpickler):
    """Defined before the guard: never asks its base."""

    def find_class(self, module, name):
        return resolve(module, name)


class BeforePure(PurePythonUnpickler):
    def find_class(self, module, name):
        return resolve(module, name)


class Child(Before):
    """Inherits the override."""


def after(base):
    class After(base):
        def find_class(self, module, name):
            return resolve(module, name)

    return After


def after_by_call(base):
    return type("After", (base,), {"find_class": lambda self, module, name: resolve(module, name)})


def after_static(base):
    return type("After", (base,), {"find_class": staticmethod(resolve)})


def after_in_two_steps(base):
    return after(type("Between", (base,), {}))


MAKERS = {
    "before": lambda: Before,
    "before, pure Python": lambda: BeforePure,
    "inherited": lambda: Child,
    "after": lambda: after(pickle.Unpickler),
    "after, bound early": lambda: after(EarlyUnpickler),
    "after, from _pickle": lambda: after(_pickle.Unpickler),
    "after, pure Python": lambda: after(PurePythonUnpickler),
    "after, by type()": lambda: after_by_call(pickle.Unpickler),
    "after, static": lambda: after_static(pickle.Unpickler),
    "after, grandchild": lambda: after_in_two_steps(pickle.Unpickler),
}
makers = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())


@makers
def test_an_override_that_never_asks_its_base_is_stopped(hooked, tmp_path, make):  # noqa: F811
    with pytest.raises(Stop, match="mkdir"):
        make()(io.BytesIO(payload(tmp_path / "marker"))).load()
    assert not (tmp_path / "marker").exists()


@makers
def test_twin_without_the_guard_it_runs(tmp_path, make):
    make()(io.BytesIO(payload(tmp_path / "marker"))).load()
    assert (tmp_path / "marker").exists()


def test_an_override_that_asks_its_base_under_another_spelling_is_judged_by_that(hooked):  # noqa: F811
    class Moved(pickle.Unpickler):
        def find_class(self, module, name):
            return super().find_class("collections" if module == "once.collections" else module, name)

    assert Moved(io.BytesIO(b"conce.collections\nOrderedDict\n.")).load() is resolve("collections", "OrderedDict")
    with pytest.raises(Stop):
        Moved(io.BytesIO(pickle.dumps(Own()))).load()


def test_an_override_that_asks_its_base_sometimes_is_judged_each_time(hooked):  # noqa: F811
    class Sometimes(pickle.Unpickler):
        def find_class(self, module, name):
            return resolve(module, name) if name == "mkdir" else super().find_class(module, name)

    with pytest.raises(Stop, match="mkdir"):
        Sometimes(io.BytesIO(b"cos\nmkdir\n.")).load()


def test_names_of_the_grant_pass_an_override(hooked):  # noqa: F811
    class Mine(pickle.Unpickler):
        def find_class(self, module, name):
            return resolve(module, name)

    with hook.admitting([(Own.__module__, "Own")], through=[__name__]):
        assert isinstance(Mine(io.BytesIO(pickle.dumps(Own()))).load(), Own)


def test_off_leaves_no_trace_on_any_class():
    spaces = [dict(vars(base)) for base in (_pickle.Unpickler, PurePythonUnpickler, Before, BeforePure)]
    hook.on(RULES)
    late = after(pickle.Unpickler)
    wrapped = late.find_class
    assert Before.find_class is not spaces[2]["find_class"]
    hook.off()
    assert [dict(vars(base)) for base in (_pickle.Unpickler, PurePythonUnpickler, Before, BeforePure)] == spaces
    assert late.find_class is wrapped.__wrapped__
    assert pickle.Unpickler is _pickle.Unpickler is EarlyUnpickler


def test_classes_made_for_one_load_are_not_kept(hooked):  # noqa: F811
    gone = weakref.ref(after(pickle.Unpickler))
    gc.collect()
    assert gone() is None


@pytest.fixture
def extension():
    # 0x7777 is for private use: what a program registers for itself.
    copyreg.add_extension("posix", "mkdir", 0x7777)
    yield b"\x83\x77\x77(V%s\ntR."
    copyreg.remove_extension("posix", "mkdir", 0x7777)
    copyreg.clear_extension_cache()


def test_an_extension_code_that_was_resolved_before_is_asked_about_again(extension, tmp_path):
    data = extension % str(tmp_path / "marker").encode()
    pickle.loads(data)
    assert (tmp_path / "marker").exists(), "the twin: without the guard it runs"
    (tmp_path / "marker").rmdir()
    hook.on(RULES)
    try:
        with pytest.raises(Stop, match="mkdir"):
            pickle.loads(data)
        with hook.admitting([("posix", "mkdir")]):
            pickle.loads(b"\x83\x77\x77.")  # granted, and resolved: in nobody's cache when the load ends
        with pytest.raises(Stop, match="mkdir"):
            pickle.loads(data)
    finally:
        hook.off()
        hook.collect()
    assert not (tmp_path / "marker").exists()


def test_a_name_of_python_2_is_the_one_it_is_mapped_to(hooked):  # noqa: F811
    assert "copy_reg" not in sys.modules
    with pytest.raises(Stop, match="_reconstructor"):
        pickle.loads(b"ccopy_reg\n_reconstructor\n.")
