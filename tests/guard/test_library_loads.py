"""What is decided on is what is loaded, library by library; refusals say what to do."""

from __future__ import annotations

import io
import os
import pickle
import shelve
import sys
import zipfile
from pathlib import Path

import pytest

import safeload
from safeload import patch
from safeload.errors import Blocked, Changed, DecisionNeeded, Stop
from safeload.guard.loaders.registry import LOADERS
from safeload.policy.interface import Action
from tests.guard.test_loads import Calls, Loads, Own, Runs, Says, touch

pytestmark = pytest.mark.heavy

numpy = pytest.importorskip("numpy")
torch = pytest.importorskip("torch")


def objects(*values):
    made = numpy.empty(len(values), dtype=object)
    made[:] = values
    return made


# numpy.


def test_an_archive_is_read_late_and_from_the_bytes_that_were_decided_on(approving, tmp_path):
    path = tmp_path / "a.npz"
    numpy.savez(path, own=objects(Own()), more=objects({"a": Own()}))
    archive = numpy.load(path, allow_pickle=True)
    numpy.savez(tmp_path / "evil.npz", own=objects(Runs(tmp_path / "marker")))
    path.write_bytes((tmp_path / "evil.npz").read_bytes())
    assert archive["own"][0] == Own()
    assert archive["more"][0] == {"a": Own()}
    assert isinstance(archive, numpy.lib.npyio.NpzFile)
    assert len(approving.asked) == 1, "one decision for the whole archive"
    assert not (tmp_path / "marker").exists()


def lender(path, marker):
    """Approved names, and an object of them that unpickles bytes of its own choice with a function bound early."""
    numpy.savez(path, a=objects(touch, Loads(pickle.dumps(Calls(marker)))))


def test_an_archive_that_is_read_late_lends_its_names_to_nobody(approving, tmp_path):
    lender(tmp_path / "a.npz", tmp_path / "marker")
    archive = numpy.load(tmp_path / "a.npz", allow_pickle=True)
    with pytest.raises((Blocked, Stop)):
        archive["a"]
    assert not (tmp_path / "marker").exists()


def test_twin_without_the_guard_it_does(tmp_path):
    lender(tmp_path / "a.npz", tmp_path / "marker")
    numpy.load(tmp_path / "a.npz", allow_pickle=True)["a"]
    assert (tmp_path / "marker").exists()


def test_numbers_need_no_look(guard, tmp_path):
    numpy.save(tmp_path / "a.npy", numpy.arange(3))
    assert numpy.load(tmp_path / "a.npy").tolist() == [0, 1, 2]
    mapped = numpy.load(tmp_path / "a.npy", mmap_mode="r+", allow_pickle=True)
    mapped[0] = 7
    mapped.flush()
    assert numpy.load(tmp_path / "a.npy")[0] == 7, "a mapped array is the file itself"


def test_several_arrays_in_one_open_file(guard, tmp_path):
    with (tmp_path / "many").open("wb") as file:
        for value in ([1], {"a": 2}, "x"):
            numpy.save(file, objects(value))
    with (tmp_path / "many").open("rb") as file:
        assert [numpy.load(file, allow_pickle=True)[0] for _ in range(3)] == [[1], {"a": 2}, "x"]
    assert not guard.asked


# shelve.


def test_a_value_of_a_shelf_is_asked_about_once(approving, tmp_path):
    with shelve.open(str(tmp_path / "s")) as shelf:
        shelf["a"], shelf["b"] = Own(), [1]
        assert shelf["a"] == Own()
        assert shelf["a"] == Own()
        assert shelf["b"] == [1]
        with pytest.raises(KeyError):
            shelf["c"]
    assert len(approving.asked) == 1


# torch.


def test_torch_hub_runs_nothing_from_github(guard, monkeypatch):
    for use in (
        lambda: torch.hub.load("owner/name", "model"),
        lambda: torch.hub.load("owner/name", "model", source="github", trust_repo=True),
        lambda: torch.hub.list("owner/name"),
        lambda: torch.hub.help("owner/name", "model"),
    ):
        with pytest.raises(Blocked, match=r"owner/name.*Clone it.*source=\"local\""):
            use()
    log = Path(os.environ["SAFELOAD_HOME"], "audit.jsonl").read_text()
    assert log.count("hubconf.py of owner/name") == 4


def hub_folder(folder, inner="import torch\n\ndef made():\n    return torch.nn.Linear(2, 1)\n"):
    folder.mkdir()
    (folder / "hubconf.py").write_text("from inner_of_hub import made\n\ndef model():\n    return made()\n")
    (folder / "inner_of_hub.py").write_text(inner)
    return folder


@pytest.fixture
def forgetting():
    yield
    for name in ("inner_of_hub", "hubconf"):
        sys.modules.pop(name, None)


def test_torch_hub_runs_a_folder_that_was_approved(approving, forgetting, tmp_path):
    made = torch.hub.load(str(hub_folder(tmp_path / "hub")), "model", source="local")
    assert isinstance(made, torch.nn.Linear)
    assert len(approving.asked) == 1


def test_torch_hub_runs_no_module_that_was_put_there_afterwards(forgetting, tmp_path):
    folder = hub_folder(tmp_path / "hub")

    class Swaps(Says):
        def ask(self, review):
            (folder / "inner_of_hub.py").write_text(f"import os\nos.mkdir({str(tmp_path / 'marker')!r})\n")
            return super().ask(review)

    with safeload.guarded(decider=Swaps(Action.ALLOW)), pytest.raises(Changed, match="inner_of_hub"):
        torch.hub.load(str(folder), "model", source="local")
    assert not (tmp_path / "marker").exists()


def package(path, source):
    from torch.package import PackageExporter

    with PackageExporter(path) as exporter:
        exporter.save_source_string("mine", source)
        exporter.save_pickle("data", "value.pkl", [1])


def test_a_package_is_imported_from_the_bytes_that_were_approved(approving, tmp_path):
    package(tmp_path / "a.pt", "VALUE = 1")
    importer = torch.package.PackageImporter(str(tmp_path / "a.pt"))
    package(tmp_path / "a.pt", f"import os\nos.mkdir({str(tmp_path / 'marker')!r})\nVALUE = 2")
    assert importer.import_module("mine").VALUE == 1
    assert importer.load_pickle("data", "value.pkl") == [1]
    assert not (tmp_path / "marker").exists()


def test_a_package_nobody_was_asked_about_is_not_opened(guard, tmp_path):
    package(tmp_path / "a.pt", "VALUE = 1")
    with pytest.raises(DecisionNeeded, match=r"mine\.py"):
        torch.package.PackageImporter(str(tmp_path / "a.pt"))


class Net(torch.nn.Module):
    def forward(self, x):
        return x + 1


def test_a_script_swapped_after_it_was_looked_at_is_not_loaded(tmp_path):
    path = tmp_path / "a.pt"
    torch.jit.save(torch.jit.script(Net()), path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("a/more.pkl", pickle.dumps(Own()))

    class Swaps(Says):
        def ask(self, review):
            torch.jit.save(torch.jit.script(torch.nn.ReLU()), path)
            return super().ask(review)

    with safeload.guarded(decider=Swaps(Action.ALLOW)), pytest.raises((Changed, Blocked)):
        torch.jit.load(path)


# All of them.


def test_every_wrapper_is_taken_off_again(tmp_path):
    import pandas
    import skops.io

    owners = [(numpy, "load"), (pandas, "read_pickle"), (skops.io, "load"), (torch.jit, "load"), (torch.hub, "load"),
              (torch._C, "import_ir_module"), (torch.package.PackageImporter, "__init__"),
              (shelve.Shelf, "__getitem__"), (pickle, "_load")]  # fmt: skip
    before = [vars(owner)[name] for owner, name in owners]
    patch.install(decider=Says(None))
    assert all(vars(owner)[name] is not was for (owner, name), was in zip(owners, before, strict=True))
    patch.remove()
    assert all(vars(owner)[name] is was for (owner, name), was in zip(owners, before, strict=True))


def test_loaders_have_names_of_their_own():
    names = [loader.name for loader in LOADERS]
    assert len(set(names)) == len(names)


def test_a_stream_that_cannot_be_read_twice_says_so(guard):
    class Once(io.BytesIO):
        def seekable(self):
            return False

    with pytest.raises(Exception, match=r"read twice|seek"):
        numpy.load(Once(b"\x93NUMPY"), allow_pickle=True)
