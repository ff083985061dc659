"""Folders of code: bytecode that nobody was shown does not run, wherever it lies and whatever it says of itself."""

from __future__ import annotations

import sys
import zipfile
from importlib._bootstrap_external import _code_to_hash_pyc, _code_to_timestamp_pyc

import pytest

from safeload.errors import Blocked

pytestmark = pytest.mark.heavy

torch = pytest.importorskip("torch")

CACHED = f"__pycache__/helper_of_hub.{sys.implementation.cache_tag}.pyc"
HERE = "import os, sys\nsys.path.insert(0, os.path.dirname(__file__) + {!r})\nimport helper_of_hub"


@pytest.fixture(autouse=True)
def forgetting(monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    sys.path_importer_cache.clear()  # it knows "./it" of another test's folder
    yield
    for name in ("helper_of_hub", "hubconf", "__pycache__", "__pycache__.helper_of_hub"):
        sys.modules.pop(name, None)


def folder_of(tmp_path, line, files):
    folder = tmp_path / "it"
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "hubconf.py").write_text(f"{line}\n\ndef model():\n    return 'made'\n")
    return folder


def evil(tmp_path):
    """It says of itself that it lies among the system's files."""
    return compile(f"import os\nos.mkdir({str(tmp_path / 'marker')!r})\n", "/usr/lib/python3/zz.py", "exec")


def load(named):
    return torch.hub.load(str(named), "model", source="local")


def zipped(tmp_path, content):
    with zipfile.ZipFile(tmp_path / "made.zip", "w") as file:
        file.writestr("helper_of_hub.pyc", content)
    return (tmp_path / "made.zip").read_bytes()


def stops(tmp_path, folder):
    with pytest.raises(Blocked, match=r"helper_of_hub\.pyc? was about to run, and nobody has approved it"):
        load(folder)
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("named", ["{}", "./it", "../{}/it", "it/."])
def test_a_cache_of_other_code_does_not_run_however_the_folder_is_named(approving, tmp_path, monkeypatch, named):
    pyc = bytes(_code_to_hash_pyc(evil(tmp_path), b"\0" * 8, checked=False))
    folder_of(tmp_path, "import helper_of_hub", {"helper_of_hub.py": b"x = 1\n", CACHED: pyc})
    monkeypatch.chdir(tmp_path)
    stops(tmp_path, tmp_path / "it" if named == "{}" else named.format(tmp_path.name))


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("import helper_of_hub", "helper_of_hub.pyc"),
        ("from __pycache__ import helper_of_hub", "__pycache__/helper_of_hub.pyc"),
        (HERE.format("/.x"), ".x/helper_of_hub.pyc"),
        (HERE.format("/x.zip"), "x.zip"),
    ],
)
def test_bytecode_without_a_source_does_not_run_whatever_file_it_names(approving, tmp_path, line, place):
    pyc = bytes(_code_to_timestamp_pyc(evil(tmp_path)))
    content = zipped(tmp_path, pyc) if place.endswith(".zip") else pyc
    stops(tmp_path, folder_of(tmp_path, line, {place: content}))


@pytest.mark.parametrize("named", [CACHED, "helper_of_hub.pyc", "__pycache__/helper_of_hub.pyc"])
def test_the_twin_without_the_guard_it_runs(tmp_path, monkeypatch, named):
    source = {"helper_of_hub.py": b"x = 1\n"} if named == CACHED else {}
    code = evil(tmp_path)
    pyc = _code_to_hash_pyc(code, b"\0" * 8, checked=False) if source else _code_to_timestamp_pyc(code)
    line = "from __pycache__ import helper_of_hub" if named.count("/") and not source else "import helper_of_hub"
    folder_of(tmp_path, line, {**source, named: bytes(pyc)})
    monkeypatch.chdir(tmp_path)
    assert load("./it") == "made"
    assert (tmp_path / "marker").exists()


def test_a_function_that_says_it_lies_elsewhere_is_not_the_code_that_was_approved(approving, tmp_path):
    """By its file a function is known to be the model's, when it is about to have an effect."""
    text = f"def made():\n    import os\n    os.mkdir({str(tmp_path / 'marker')!r})\n"
    place = str(tmp_path / "it" / "helper_of_hub.py")
    code = compile(text, place, "exec")
    (inner,) = (const for const in code.co_consts if hasattr(const, "co_code"))
    moved = inner.replace(co_filename="/usr/lib/python3/zz.py")
    code = code.replace(co_consts=tuple(moved if const is inner else const for const in code.co_consts))
    pyc = bytes(_code_to_hash_pyc(code, b"\0" * 8, checked=False))
    line = "import helper_of_hub\nhelper_of_hub.made()"
    stops(tmp_path, folder_of(tmp_path, line, {"helper_of_hub.py": text.encode(), CACHED: pyc}))
