"""Turned off, the guard leaves no wrapper behind; turning it off on purpose needs a reason, which is logged."""

from __future__ import annotations

import multiprocessing.pool
import pickle
import sys
import types

import pytest

import safeload
from safeload import patch
from safeload.auditlog import AuditLog
from safeload.errors import UsageError
from safeload.guard import hook


def ours(value: object) -> bool:
    """A function that the guard put somewhere, or what holds one."""
    if isinstance(value, (staticmethod, classmethod)):
        value = value.__func__
    if type(value) is not types.FunctionType or "__wrapped__" not in value.__dict__:
        return False
    return "/safeload/" in value.__code__.co_filename.replace("\\", "/")


def left_behind() -> list[str]:
    found = []
    for name, module in list(sys.modules.items()):
        if name.startswith(("safeload", "tests")):
            continue
        for key, value in list(vars(module).items()) if isinstance(module, types.ModuleType) else []:
            if ours(value):
                found.append(f"{name}.{key}")
            elif isinstance(value, type):
                found += [f"{name}.{key}.{k}" for k, v in list(vars(value).items()) if ours(v)]
    return found


class Finds(pickle.Unpickler):
    def find_class(self, module, name):
        return None


@pytest.mark.heavy
def test_no_wrapper_is_left_in_any_module():
    pytest.importorskip("torch")
    pytest.importorskip("joblib")
    pytest.importorskip("transformers")
    from transformers import AutoModel  # noqa: F401

    before = (pickle.load, Finds.find_class, vars(multiprocessing.pool.Pool)["_handle_results"])
    earlier = set(left_behind())  # modules that another test imported while the guard was on have copies: inert now
    patch.install()
    assert {"pickle.load", "multiprocessing.pool.Pool._handle_results"} <= set(left_behind())
    copied = types.ModuleType("copied_while_the_guard_was_on")
    copied.loads = pickle.loads
    sys.modules[copied.__name__] = copied
    try:
        assert Finds.find_class is not before[1]
        patch.remove()
        assert (pickle.load, Finds.find_class, vars(multiprocessing.pool.Pool)["_handle_results"]) == before
        assert {name for name in left_behind() if not name.startswith("copied_")} <= earlier
    finally:
        patch.remove()
        del sys.modules[copied.__name__]


def test_the_hook_that_stays_does_nothing(tmp_path):
    patch.install()
    patch.remove()
    assert not hook.is_on()
    pickle.loads(b"cposix\nmkdir\n(V%s\ntR." % str(tmp_path / "made").encode())
    assert (tmp_path / "made").exists()
    assert hook.collect() == ()


def test_turning_it_off_on_purpose_needs_a_reason_and_is_written_down(tmp_path, monkeypatch):
    monkeypatch.setenv("SAFELOAD_HOME", str(tmp_path))
    patch.install()
    try:
        for reason in ("", "  "):
            with pytest.raises(UsageError, match="no reason"):
                safeload.unsafe_off(reason=reason)
        assert patch.installed()
        safeload.unsafe_off(reason="a benchmark of our own files")
        assert not patch.installed()
        (entry,) = AuditLog(tmp_path).entries()
        assert entry.event == "unsafe-off"
        assert "a benchmark of our own files" in str(entry)
    finally:
        patch.remove()
