"""Effects of unpickling and of a model's own code are denied and named; those of everybody else are not."""

from __future__ import annotations

import ctypes
import marshal
import os
import pickle
import shutil
import socket
import subprocess
import sys
import tempfile
import types
from pathlib import Path
from pickle import loads as early_loads

import pytest

from safeload.errors import Stop
from safeload.guard import hook

HERE = __name__


class Does:
    """Its state is a function of this module and arguments, which it calls: an approved class, and a surprise."""

    def __init__(self, function: str, *args: object) -> None:
        self.function, self.args = function, args

    def __setstate__(self, state):
        globals()[state["function"]](*state["args"])


def system(path):
    os.system(f"touch {path}")


def popen(path):
    subprocess.run(["touch", path])


def spawn(path):
    os.waitpid(os.posix_spawn(shutil.which("touch"), ["touch", path], {}), 0)


def write(path):
    Path(path).write_text("")


def append(path):
    os.close(os.open(path, os.O_APPEND | os.O_CREAT))


def mkdir(path):
    os.mkdir(path)


def link(path):
    os.symlink("/", path)


def copy(path):
    shutil.copyfile(__file__, path)


def temporary(path):
    tempfile.mkdtemp(dir=Path(path).parent)
    mkdir(path)


def native(path):
    ctypes.CDLL(None)
    mkdir(path)


def connect(path):
    mkdir_after(socket.socket().connect_ex, ("127.0.0.1", 9), path=path)


def resolve(path):
    mkdir_after(socket.getaddrinfo, "localhost", 80, path=path)


def unmarshal(path):
    mkdir_after(marshal.loads, marshal.dumps(1), path=path)


def new_function(path):
    mkdir_after(types.FunctionType, mkdir.__code__, {}, path=path)


def new_code(path):
    mkdir_after(mkdir.__code__.replace, co_name="x", path=path)


def mkdir_after(function, *args, path, **kwargs):
    function(*args, **kwargs)
    subprocess.run([sys.executable, "-c", f"import os; os.mkdir({path!r})"], check=True)


def evaluate(path):
    eval("mkdir(path)", {"mkdir": mkdir, "path": path})


EFFECTS = {
    "os.system": (system, "start or signal a process"),
    "subprocess.Popen": (popen, "start or signal a process"),
    "os.posix_spawn": (spawn, "start or signal a process"),
    "open": (write, "change files"),
    "open with flags": (append, "change files"),
    "os.mkdir": (mkdir, "change files"),
    "os.symlink": (link, "change files"),
    "shutil.copyfile": (copy, "change files"),
    "tempfile.mkdtemp": (temporary, "change files"),
    "ctypes.dlopen": (native, "load a native library"),
    "socket.connect": (connect, "use the network"),
    "socket.getaddrinfo": (resolve, "use the network"),
    "marshal.loads": (unmarshal, "make and run code"),
    "function.__new__": (new_function, "make and run code"),
    "code.__new__": (new_code, "make and run code"),
    "compile": (evaluate, "make and run code"),
}
effects = pytest.mark.parametrize(("function", "words"), EFFECTS.values(), ids=EFFECTS.keys())

ANYTHING = hook.Rules(free=frozenset(), dangerous=lambda module, name: False, code_folders=())


@pytest.fixture
def hooked():
    hook.on(ANYTHING)
    yield
    hook.off()
    hook.collect()


@effects
def test_what_an_approved_class_does_while_it_is_unpickled_is_denied(hooked, tmp_path, function, words):
    data = pickle.dumps(Does(function.__name__, str(tmp_path / "marker")))
    with pytest.raises(Stop, match=words), hook.admitting([(HERE, "Does")]):
        early_loads(data)
    assert not os.path.lexists(tmp_path / "marker")
    (stopped,) = hook.collect()
    assert stopped.reader == "The pickle"


@effects
def test_outside_of_a_load_nothing_of_it_is_denied(hooked, tmp_path, function, words):
    function(str(tmp_path / "marker"))
    assert os.path.lexists(tmp_path / "marker")


@effects
def test_twin_without_the_guard_it_happens(tmp_path, function, words):
    early_loads(pickle.dumps(Does(function.__name__, str(tmp_path / "marker"))))
    assert os.path.lexists(tmp_path / "marker")


SOURCES = {
    "os.system": "import os\nos.system('touch ' + marker)",
    "subprocess.Popen": "import subprocess\nsubprocess.run(['touch', marker])",
    "open": "open(marker, 'w').close()",
    "pathlib": "from pathlib import Path\nPath(marker).mkdir()",
    "in a function": "import os\ndef build():\n    os.mkdir(marker)\nbuild()",
    "a library calls back": "import os\nsorted([marker], key=os.mkdir)",
    "ctypes": "import ctypes\nctypes.CDLL(None).mkdir(marker.encode(), 0o700)",
    "marshal": "import marshal\nmarshal.loads(b'i\\1\\0\\0\\0')\nopen(marker, 'w').close()",
    "through the import system": "import importlib._bootstrap as b, os\nb._call_with_frames_removed(os.mkdir, marker)",
    "the import system writes": "from importlib.machinery import SourceFileLoader\n"
    "SourceFileLoader('', '').set_data(marker, b'')",
}
sources = pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())


def program(source: str, folder: Path):
    path = folder / "transformers_modules" / "org" / "modeling.py"
    return compile(source, str(path), "exec")


@sources
def test_what_approved_code_does_while_it_is_loaded_is_denied(hooked, tmp_path, source):
    code = program(source, tmp_path)
    with pytest.raises(Stop, match=r"modeling\.py of the model was about to"), hook.executing([code]):
        exec(code, {"marker": str(tmp_path / "marker")})
    assert not os.path.lexists(tmp_path / "marker")


@sources
def test_twin_without_the_guard_approved_code_does_it(tmp_path, source):
    exec(program(source, tmp_path), {"marker": str(tmp_path / "marker")})
    assert os.path.lexists(tmp_path / "marker")


def test_what_a_person_runs_of_the_model_after_the_load_is_theirs(hooked, tmp_path):
    code, space = program("def forward(path):\n    import os\n    os.mkdir(path)", tmp_path), {}
    with hook.executing([code]):
        exec(code, space)
    space["forward"](tmp_path / "made")
    assert (tmp_path / "made").exists()


def test_what_a_library_does_while_it_loads_is_its_own_affair(hooked, tmp_path):
    with hook.executing([]):
        write(tmp_path / "cache")
        popen(str(tmp_path / "marker"))
    assert (tmp_path / "marker").exists()


def test_classes_that_the_standard_library_generates_are_no_code_of_the_model(hooked, tmp_path):
    source = (
        "import collections, dataclasses, enum, typing, ast\n"
        "@dataclasses.dataclass\nclass Config:\n    size: int = 1\n"
        "Point = collections.namedtuple('Point', 'x y')\nColour = enum.Enum('Colour', 'RED')\n"
        "found = ast.literal_eval('[1]')\ntyping.get_type_hints(Config)"
    )
    code = program(source, tmp_path)
    with hook.executing([code]):
        exec(code, {"__name__": HERE})


def test_reading_is_no_effect(hooked, tmp_path):
    (tmp_path / "vocabulary.txt").write_text("x")
    code = program("text = open(path).read()\nopen('/dev/null', 'w').close()", tmp_path)
    with hook.executing([code]):
        exec(code, {"path": tmp_path / "vocabulary.txt"})


def test_an_import_during_unpickling_may_write_bytecode_and_open_native_libraries(hooked, tmp_path, monkeypatch):
    (tmp_path / "imported_late.py").write_text("import ctypes\nctypes.CDLL(None)\nclass Late:\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "bytecode"))
    with hook.admitting([("imported_late", "Late")]):
        assert early_loads(b"cimported_late\nLate\n.").__name__ == "Late"
    assert list((tmp_path / "bytecode").rglob("*.pyc"))


def test_what_the_names_of_a_stream_say_openly_was_decided_on_with_them(hooked, tmp_path):
    data = b"cposix\nmkdir\n(V%s\ntR." % str(tmp_path / "marker").encode()
    with hook.admitting([("posix", "mkdir")]):
        early_loads(data)
    assert (tmp_path / "marker").exists()


def test_and_no_other_effect_was(hooked, tmp_path):
    data = pickle.dumps([os.mkdir, Does("connect", str(tmp_path / "marker"))])
    with pytest.raises(Stop, match="use the network"), hook.admitting([("posix", "mkdir"), (HERE, "Does")]):
        early_loads(data)


def test_a_native_library_that_came_with_a_model_is_never_loaded(hooked, tmp_path):
    from importlib.machinery import ExtensionFileLoader, ModuleSpec

    path = str(tmp_path / "transformers_modules" / "org" / "fast.so")
    loader = ExtensionFileLoader("fast", path)
    with pytest.raises(Stop, match=r"native library fast\.so"):
        loader.create_module(ModuleSpec("fast", loader, origin=path))
