"""Plain loads of each library, with the guard on: hooked before and after the library was imported."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
import textwrap
from collections import OrderedDict
from pathlib import Path
from pickle import loads as early_loads

import pytest

import safeload
from safeload import patch
from safeload.decisions.interface import Answer, Decider
from safeload.errors import Blocked, Changed, DecisionNeeded, Denied, Stop
from safeload.policy.interface import Action

pytestmark = pytest.mark.heavy

joblib = pytest.importorskip("joblib")
torch = pytest.importorskip("torch")


class Says(Decider):
    """Answers every question in the same way, and counts them."""

    def __init__(self, action: Action | None) -> None:
        self.action, self.asked = action, []

    def ask(self, review):
        self.asked.append(review)
        return None if self.action is None else Answer(action=self.action, who="somebody")


class Runs:
    """An inert payload: makes a folder when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        import os

        return os.mkdir, (str(self.marker),)


class Own:
    """A class of the user's that nobody has vouched for."""

    def __init__(self) -> None:
        self.value = 3

    def __setstate__(self, state):  # more than a plain state holder: that would be known to the guard
        self.value = state["value"]

    def __eq__(self, other):
        return type(other) is Own and other.value == self.value

    __hash__ = None


def dump_torch(value, path: Path) -> None:
    torch.save(value, path)


def dump_legacy(value, path: Path) -> None:
    torch.save(value, path, _use_new_zipfile_serialization=False)


def dump_pickle(value, path: Path) -> None:
    path.write_bytes(pickle.dumps(value))


def read_pickle(path: Path):
    with path.open("rb") as file:
        return pickle.load(file)


def read_torch(path: Path):
    return torch.load(path, weights_only=False)


def read_torch_open(path: Path):
    with path.open("rb") as file:
        return torch.load(file, weights_only=False)


def read_joblib_open(path: Path):
    with path.open("rb") as file:
        return joblib.load(file)


def dump_compressed(value, path: Path) -> None:
    joblib.dump(value, path, compress=3)


WAYS = {
    "torch": (dump_torch, read_torch),
    "torch, open file": (dump_torch, read_torch_open),
    "torch, legacy": (dump_legacy, read_torch),
    "pickle.load": (dump_pickle, read_pickle),
    "pickle.loads": (dump_pickle, lambda path: pickle.loads(path.read_bytes())),
    "joblib": (joblib.dump, lambda path: joblib.load(path)),
    "joblib, compressed": (dump_compressed, lambda path: joblib.load(str(path))),
    "joblib, open file": (joblib.dump, read_joblib_open),
}
ways = pytest.mark.parametrize(("dump", "read"), WAYS.values(), ids=WAYS.keys())


@ways
def test_an_attack_is_blocked_and_nobody_is_asked(guard, tmp_path, dump, read):
    dump(Runs(tmp_path / "marker"), tmp_path / "model.file")
    with pytest.raises(Blocked, match="mkdir"):
        read(tmp_path / "model.file")
    assert not (tmp_path / "marker").exists()
    assert not guard.asked


@ways
def test_twin_without_the_guard_the_attack_works(tmp_path, dump, read):
    dump(Runs(tmp_path / "marker"), tmp_path / "model.file")
    read(tmp_path / "model.file")
    assert (tmp_path / "marker").exists()


@ways
def test_plain_data_loads_without_a_question(guard, tmp_path, dump, read):
    dump(OrderedDict(a=[1, 2.5, "x", {"y": b"z"}]), tmp_path / "model.file")
    assert read(tmp_path / "model.file") == OrderedDict(a=[1, 2.5, "x", {"y": b"z"}])
    assert not guard.asked


@ways
def test_an_unknown_class_is_asked_about_and_loads_when_approved(tmp_path, dump, read):
    dump(Own(), tmp_path / "model.file")
    yes = Says(Action.ALLOW)
    with safeload.guarded(decider=yes):
        assert read(tmp_path / "model.file") == Own()
        assert read(tmp_path / "model.file") == Own()
    assert len(yes.asked) == 1, "the second time it is remembered"


@ways
def test_a_no_is_a_no(tmp_path, dump, read):
    dump(Own(), tmp_path / "model.file")
    with safeload.guarded(decider=Says(Action.BLOCK)), pytest.raises(Denied):
        read(tmp_path / "model.file")


@ways
def test_nobody_to_ask_names_the_command(guard, tmp_path, dump, read):
    dump(Own(), tmp_path / "model.file")
    with pytest.raises(DecisionNeeded, match="safeload approve"):
        read(tmp_path / "model.file")


@pytest.mark.parametrize(
    "read", [lambda path: torch.load(path, weights_only=False), joblib.load], ids=["torch", "joblib"]
)
def test_a_path_of_nothing_is_the_library_s_own_error_and_no_repository(guard, tmp_path, monkeypatch, read):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError):
        read("model.pt")


def test_the_command_names_a_relative_file_whole(guard, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    dump_pickle(Own(), Path("model.pkl"))
    with pytest.raises(DecisionNeeded, match=f"safeload approve {tmp_path}/model.pkl"):
        read_pickle(Path("model.pkl"))


@pytest.mark.parametrize("legacy", [False, True])
def test_tensors_come_out_as_without_the_guard(guard, tmp_path, legacy):
    state = {"a": torch.arange(6).reshape(2, 3), "b": torch.ones(3, dtype=torch.float16)}
    (dump_legacy if legacy else dump_torch)(state, tmp_path / "model.pt")
    loaded = torch.load(tmp_path / "model.pt", weights_only=False)
    assert all(torch.equal(loaded[key], state[key]) for key in state)
    assert not guard.asked


def test_weights_only_is_left_to_torch(guard, tmp_path):
    torch.save({"a": torch.ones(2)}, tmp_path / "model.pt")
    assert torch.equal(torch.load(tmp_path / "model.pt")["a"], torch.ones(2))


@pytest.fixture
def old_torch(monkeypatch):
    """As far as the guard can tell: its version, with the checks of the one that is here."""
    monkeypatch.setattr(torch, "__version__", "2.9.1+cpu")


@pytest.mark.parametrize("dump", [dump_torch, dump_legacy])
def test_tensors_only_in_an_old_torch_is_looked_at_and_loads(guard, old_torch, tmp_path, dump):
    dump({"a": torch.ones(2)}, tmp_path / "model.pt")
    for kwargs in ({}, {"weights_only": True}, {"weights_only": True, "mmap": dump is dump_torch}):
        assert torch.equal(torch.load(tmp_path / "model.pt", **kwargs)["a"], torch.ones(2))
    with (tmp_path / "model.pt").open("rb") as file:
        assert torch.equal(torch.load(file)["a"], torch.ones(2))
    assert not guard.asked


@pytest.mark.parametrize("dump", [dump_torch, dump_legacy])
def test_tensors_only_in_an_old_torch_is_decided_on(guard, old_torch, tmp_path, dump):
    dump(Runs(tmp_path / "marker"), tmp_path / "model.pt")
    with pytest.raises(Blocked, match="mkdir"):
        torch.load(tmp_path / "model.pt")
    dump(Own(), tmp_path / "model.pt")
    with pytest.raises(DecisionNeeded, match="safeload approve"):
        torch.load(tmp_path / "model.pt", weights_only=True)


def test_who_asks_for_tensors_only_gets_no_more_by_an_approval(old_torch, tmp_path):
    torch.save(Own(), tmp_path / "model.pt")
    yes = Says(Action.ALLOW)
    with safeload.guarded(decider=yes):
        with pytest.raises(pickle.UnpicklingError, match="GLOBAL"):
            torch.load(tmp_path / "model.pt", weights_only=True)
        assert torch.load(tmp_path / "model.pt", weights_only=False) == Own()
    assert yes.asked


def test_tensors_only_for_everybody_is_torch_s_own_switch_in_an_old_torch_too(guard, old_torch, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_FORCE_WEIGHTS_ONLY_LOAD", "1")
    torch.save({"a": torch.ones(2)}, tmp_path / "model.pt")
    assert torch.equal(torch.load(tmp_path / "model.pt", weights_only=False)["a"], torch.ones(2))
    torch.save(Own(), tmp_path / "model.pt")
    with pytest.raises(DecisionNeeded):
        torch.load(tmp_path / "model.pt")


def test_a_file_swapped_before_an_old_torch_reads_tensors_is_not_loaded(old_torch, tmp_path):
    path = tmp_path / "model.pt"
    torch.save(Own(), path)

    class Swaps(Says):
        def ask(self, review):
            torch.save({"a": torch.zeros(3)}, path)
            return super().ask(review)

    with safeload.guarded(decider=Swaps(Action.ALLOW)), pytest.raises((Changed, Blocked)):
        torch.load(path, weights_only=True)


def test_a_memory_mapped_joblib_file(guard, tmp_path):
    import numpy

    joblib.dump(numpy.arange(1000), tmp_path / "array.joblib")
    loaded = joblib.load(tmp_path / "array.joblib", mmap_mode="r")
    assert isinstance(loaded, numpy.memmap)
    assert loaded.sum() == 499500


def test_an_estimator_of_scikit_learn_loads_without_a_question(guard, tmp_path):
    ensemble = pytest.importorskip("sklearn.ensemble")
    model = ensemble.RandomForestClassifier(3, random_state=0).fit([[0, 1], [1, 0], [1, 1]], [0, 1, 1])
    joblib.dump(model, tmp_path / "forest.joblib")
    assert list(joblib.load(tmp_path / "forest.joblib").predict([[0, 1]])) == [0]
    assert not guard.asked


def test_several_pickles_in_one_file(tmp_path):
    (tmp_path / "many.pkl").write_bytes(pickle.dumps(Own()) + pickle.dumps([2]) + pickle.dumps(Own()))
    yes = Says(Action.ALLOW)
    with safeload.guarded(decider=yes), (tmp_path / "many.pkl").open("rb") as file:
        assert [pickle.load(file) for _ in range(3)] == [Own(), [2], Own()]
    assert len(yes.asked) == 1


def test_a_stream_that_cannot_be_rewound_has_the_hook_alone(guard, tmp_path):
    class Once(io.RawIOBase):
        def __init__(self, data):
            self.inner = io.BytesIO(data)

        def readinto(self, buffer):
            return self.inner.readinto(buffer)

        def readable(self):
            return True

    with pytest.raises((Blocked, Stop)):
        pickle.load(io.BufferedReader(Once(pickle.dumps(Runs(tmp_path / "marker")))))
    assert not (tmp_path / "marker").exists()


class Loads:
    """Approved, and then it unpickles bytes of its own choice, with a function that was bound before the guard."""

    def __init__(self, inner: bytes) -> None:
        self.inner = inner

    def __setstate__(self, state):
        early_loads(state["inner"])


def touch(path: str) -> None:
    Path(path).touch()


class Calls:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return touch, (str(self.path),)


@ways
def test_what_was_approved_cannot_lend_its_names_to_other_bytes(tmp_path, dump, read):
    inner = pickle.dumps(Calls(tmp_path / "marker"))
    dump([touch, Loads(inner)], tmp_path / "model.file")
    with safeload.guarded(decider=Says(Action.ALLOW)), pytest.raises((Blocked, Stop)):
        read(tmp_path / "model.file")
    assert not (tmp_path / "marker").exists()


@ways
def test_twin_without_the_guard_it_can(tmp_path, dump, read):
    inner = pickle.dumps(Calls(tmp_path / "marker"))
    dump([touch, Loads(inner)], tmp_path / "model.file")
    read(tmp_path / "model.file")
    assert (tmp_path / "marker").exists()


def test_a_cache_that_came_with_the_model_is_no_exception(guard, tmp_path):
    def planted() -> int:
        return 1

    memory = joblib.Memory(tmp_path / "cache", verbose=0)
    cached = memory.cache(planted)
    cached()
    (output,) = (tmp_path / "cache").rglob("output.pkl")
    joblib.dump(Runs(tmp_path / "marker"), output)
    assert cached() == 1, "computed anew"
    assert not (tmp_path / "marker").exists()


@pytest.fixture
def points_elsewhere(tmp_path):
    tensor = torch.sparse_coo_tensor([[2**33]], [1.0], (4,), check_invariants=False)
    torch.save(tensor, tmp_path / "sparse.pt")
    return tmp_path / "sparse.pt"


def test_twin_torch_loads_a_sparse_tensor_that_points_elsewhere(points_elsewhere):
    for weights_only in (False, True):
        assert torch.load(points_elsewhere, weights_only=weights_only).shape == (4,)


def test_a_sparse_tensor_that_points_elsewhere_is_not_loaded(guard, points_elsewhere):
    with pytest.raises(Blocked, match="sparse"):
        torch.load(points_elsewhere, weights_only=False)


def test_torch_checks_a_sparse_tensor_that_is_left_to_it(guard, points_elsewhere):
    with pytest.raises(RuntimeError, match="size is inconsistent with indices"):
        torch.load(points_elsewhere, weights_only=True)


def test_a_file_swapped_between_question_and_load_is_not_loaded(tmp_path):
    path = tmp_path / "model.pt"
    torch.save(Own(), path)

    class Swaps(Says):
        def ask(self, review):
            torch.save({"own": Own(), "evil": Runs(tmp_path / "marker")}, path)
            return super().ask(review)

    with safeload.guarded(decider=Swaps(Action.ALLOW)), pytest.raises((Changed, Blocked)):
        torch.load(path, weights_only=False)
    assert not (tmp_path / "marker").exists()


def test_removing_restores_exactly_what_was_there():
    before = (pickle.load, pickle.loads, torch.load, torch.serialization.load, joblib.load)
    patch.install(decider=Says(None))
    assert pickle.load is not before[0]
    patch.remove()
    assert (pickle.load, pickle.loads, torch.load, torch.serialization.load, joblib.load) == before


def test_installing_twice_wraps_once():
    original = pickle.load
    patch.install(decider=Says(None))
    once = pickle.load
    patch.install(policy="strict", decider=Says(None))
    assert pickle.load is once
    patch.remove()
    assert pickle.load is original


def test_guarded_within_installed_uses_its_own_policy_and_ends_with_it(guard, tmp_path):
    dump_pickle(Own(), tmp_path / "own.pkl")
    with safeload.guarded(policy="strict"), pytest.raises(Blocked):
        read_pickle(tmp_path / "own.pkl")
    with pytest.raises(DecisionNeeded):
        read_pickle(tmp_path / "own.pkl")


BEFORE = """
    import sys
    import safeload
    if sys.argv[1] == "before":
        safeload.install()
    import joblib, pickle, torch
    from pickle import load as early
    if sys.argv[1] == "after":
        safeload.install()
    from safeload.errors import NotLoaded, Stop
    for read in (lambda p: torch.load(p, weights_only=False), lambda p: joblib.load(p), lambda p: early(open(p, "rb")),
                 lambda p: pickle.Unpickler(open(p, "rb")).load()):
        try:
            read(sys.argv[2])
        except (NotLoaded, Stop) as error:
            print(type(error).__name__)
        else:
            print("LOADED")
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_hooked_before_and_after_the_library(tmp_path, when):
    dump_pickle(Runs(tmp_path / "marker"), tmp_path / "evil.pkl")
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(BEFORE), when, str(tmp_path / "evil.pkl")],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    assert "LOADED" not in done.stdout
    assert set(done.stdout.split()) <= {"Blocked", "Stop"}, done.stdout
    assert not (tmp_path / "marker").exists()
