"""The audit hook admits or raises, whoever bound the unpickler before."""

from __future__ import annotations

import io
import multiprocessing
import pickle
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from pickle import _Unpickler as PurePythonUnpickler
from pickle import loads as early_loads

import pytest

from safeload.errors import Blocked, Stop
from safeload.guard import hook

RULES = hook.Rules(
    free=frozenset({("collections", "OrderedDict")}),
    dangerous=lambda module, name: module in ("posix", "os", "builtins", "__builtin__"),
    code_folders=(),
)


class Own:
    """A class of the user's, unknown to everybody."""


@pytest.fixture
def hooked():
    hook.on(RULES)
    yield
    hook.off()
    hook.collect()


def payload(marker: Path) -> bytes:
    return b"cposix\nmkdir\n(V%s\ntR." % str(marker).encode()


READERS = {
    "bound before the guard": early_loads,
    "through the module": lambda data: pickle.loads(data),
    "pure Python": lambda data: PurePythonUnpickler(io.BytesIO(data)).load(),
    "subclass": lambda data: type("Sub", (pickle.Unpickler,), {})(io.BytesIO(data)).load(),
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS.keys())
def test_an_attack_is_stopped_before_the_name_is_resolved(hooked, tmp_path, reader):
    with pytest.raises(Stop, match="mkdir"):
        reader(payload(tmp_path / "marker"))
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS.keys())
def test_twin_without_the_guard_the_attack_works(tmp_path, reader):
    reader(payload(tmp_path / "marker"))
    assert (tmp_path / "marker").exists()


def test_libraries_that_swallow_exceptions_do_not_swallow_a_stop(hooked, tmp_path):
    with pytest.raises(Stop):
        try:
            early_loads(payload(tmp_path / "marker"))
        except Exception:
            early_loads(payload(tmp_path / "marker"))


def test_free_names_pass(hooked):
    assert early_loads(pickle.dumps(OrderedDict(a=1))) == OrderedDict(a=1)


def test_an_unknown_name_is_stopped_outside_of_a_load(hooked):
    with pytest.raises(Stop, match="Own"):
        early_loads(pickle.dumps(Own()))


def test_names_of_the_grant_pass_only_while_it_admits(hooked):
    data = pickle.dumps(Own())
    with hook.admitting([(__name__, "Own")]):
        assert isinstance(early_loads(data), Own)
    with pytest.raises(Stop):
        early_loads(data)


def test_within_a_load_other_names_are_stopped(hooked, tmp_path):
    with hook.admitting([(__name__, "Own")]), pytest.raises(Stop):
        early_loads(payload(tmp_path / "marker"))
    assert not (tmp_path / "marker").exists()


def test_admitting_is_for_one_thread(hooked):
    data = pickle.dumps(Own())
    with hook.admitting([(__name__, "Own")]), ThreadPoolExecutor(1) as pool, pytest.raises(Blocked):
        pool.submit(early_loads, data).result()


def test_a_pipe_between_processes_passes_the_users_own_classes(hooked):
    here, there = multiprocessing.Pipe()
    there.send(Own())
    assert isinstance(here.recv(), Own)


def test_a_pipe_does_not_pass_what_is_dangerous(hooked, tmp_path):
    here, there = multiprocessing.Pipe()
    there.send_bytes(payload(tmp_path / "marker"))
    with pytest.raises(Stop):
        here.recv()
    assert not (tmp_path / "marker").exists()


def test_python_2_names_are_judged_as_they_are_mapped(hooked):
    here, there = multiprocessing.Pipe()
    there.send_bytes(b"c__builtin__\neval\n.")
    with pytest.raises(Stop):
        here.recv()


def test_what_was_stopped_is_collected_once(hooked, tmp_path):
    with pytest.raises(Stop):
        early_loads(payload(tmp_path / "marker"))
    (stopped,) = hook.collect()
    assert (stopped.module, stopped.name) == ("posix", "mkdir")
    assert hook.collect() == ()


def test_one_stop_is_withdrawn_and_those_of_others_stay(hooked, tmp_path):
    with pytest.raises(Stop):
        early_loads(payload(tmp_path / "marker"))
    with pytest.raises(Stop) as stopped:
        early_loads(pickle.dumps(Own()))
    hook.withdraw(stopped.value)
    assert [item.name for item in hook.collect()] == ["mkdir"]


def test_off_is_inert(hooked):
    hook.off()
    assert isinstance(early_loads(pickle.dumps(Own())), Own)


def test_an_inner_unpickler_is_not_admitted(hooked):
    other: dict[str, object] = {"__name__": "other", "loads": early_loads}
    exec("def read(data): return loads(data)", other)
    data = pickle.dumps(Own())
    with hook.admitting([(__name__, "Own")]), pytest.raises(Stop):
        other["read"](data)
    with hook.admitting([(__name__, "Own")], through=["other"]):
        assert isinstance(other["read"](data), Own)


def test_repository_code_is_known_by_its_package_wherever_it_lies(hooked, tmp_path):
    path = tmp_path / "transformers_modules" / "org" / "modeling.py"
    with pytest.raises(Stop, match=r"modeling\.py"):
        exec(compile("ran = True", str(path), "exec"), {})


def test_code_in_a_cache_of_kernels_is_code_that_came_from_a_hub(hooked, tmp_path):
    path = tmp_path / "anywhere" / "kernels--org--name" / "snapshots" / "1" / "build" / "torch-cpu" / "__init__.py"
    with pytest.raises(Stop, match=r"__init__\.py"):
        exec(compile("ran = True", str(path), "exec"), {})
    exec(compile("ran = True", str(tmp_path / "my-kernels--of-mine.py"), "exec"), {})


def write_module(folder: Path, text: str) -> Path:
    path = folder / "modeling.py"
    path.write_text(text)
    return path


def test_repository_code_runs_only_when_it_is_the_code_that_was_approved(tmp_path):
    path = write_module(tmp_path, "ran = True\n")
    approved = compile(path.read_bytes(), "elsewhere.py", "exec")
    other = compile("ran = False\n", str(path), "exec")
    hook.on(hook.Rules(free=frozenset(), dangerous=lambda m, n: False, code_folders=(str(tmp_path),)))
    try:
        with pytest.raises(Stop, match=r"modeling\.py"):
            exec(compile(path.read_bytes(), str(path), "exec"), {})
        with hook.executing([approved]):
            space: dict[str, object] = {}
            exec(compile(path.read_bytes(), str(path), "exec"), space)
            assert space["ran"] is True
            with pytest.raises(Stop):
                exec(other, {})
        exec(compile(path.read_bytes(), str(path), "exec"), space)  # imported when the model is used
        with pytest.raises(Stop):
            exec(other, {})
    finally:
        hook.off()
        hook.collect()


def test_what_a_failed_load_was_allowed_to_run_is_forgotten_and_so_is_all_when_the_guard_goes(tmp_path):
    path = write_module(tmp_path, "ran = True\n")
    rules = hook.Rules(free=frozenset(), dangerous=lambda m, n: False, code_folders=(str(tmp_path),))
    code = compile(path.read_bytes(), str(path), "exec")
    try:
        hook.on(rules)
        with pytest.raises(OSError, match="full"), hook.executing([code]):
            raise OSError("full")
        with pytest.raises(Stop, match=r"modeling\.py"):
            exec(code, {})
        with hook.executing([code]):
            pass
        exec(code, {})
        hook.off()
        hook.on(rules)
        with pytest.raises(Stop, match=r"modeling\.py"):
            exec(code, {})
    finally:
        hook.off()
        hook.collect()
