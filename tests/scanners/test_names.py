# ruff: noqa: SIM905 -- names are read more easily without quotes around each
"""Names: what is in no list is never allowed, whatever it is called; what is free cannot be changed."""

from __future__ import annotations

import importlib
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeload.scanners import names, names_table
from safeload.scanners.names import Standing
from safeload.scanners.names_file import tables

# Drawn from a collection of names that public sources treat as dangerous in a pickle.
GADGETS = """
__builtin__.apply __builtin__.eval __builtin__.execfile __builtins__.compile _aix_support._read_cmd_output
_ctypes.dlopen _frozen_importlib_external.SourceFileLoader _imp.load_dynamic _interpreters.create _io.FileIO
_operator.attrgetter _osx_support._find_build_tool _pickle.loads _posixsubprocess.fork_exec _pyrepl.pager.pipe_pager
_sqlite3.connect _xxsubinterpreters.run_string aiohttp.ClientSession argparse.FileType asyncio.run
asyncio.unix_events._UnixSubprocessTransport bdb.run botocore.credentials.ProcessProvider builtins.__import__
builtins.getattr code.interact codeop.compile_command cProfile.run ctypes.CDLL dill.loads distutils.spawn.spawn
doctest.debug_script ensurepip._run_pip fileinput.input ftplib.FTP getpass.getpass hydra.utils.instantiate
idlelib.pyshell.ModifiedInterpreter.runcode imaplib.IMAP4_stream importlib.import_module joblib.load
lib2to3.pgen2.grammar.Grammar.loads linecache.getline logging.config.listen mailcap.findmatch marshal.loads
multiprocessing.Process numpy.f2py.crackfortran.getlincoef numpy.load operator.methodcaller os.system
pathlib.Path.write_text pdb.run pip.main pkgutil.resolve_name posix.system profile.run pty.spawn pydoc.locate
random._os.system requests.get runpy.run_path sched.scheduler.run shutil.rmtree smtplib.SMTP socket.socket
sqlite3.connect subprocess.Popen sys.settrace tarfile.open timeit.timeit torch.hub.load torch.load
types.FunctionType typing.get_type_hints unittest.mock._importer
urllib.request.urlopen uuid._get_command_stdout venv.create webbrowser.open xmlrpc.server.resolve_dotted_attribute
yaml.unsafe_load zipfile.ZipFile
""".split()
EVERYTHING = names_table.everything()
DANGEROUS = (Standing.DANGEROUS, Standing.UNKNOWN)


def splits(dotted: str) -> list[tuple[str, str]]:
    """Every way in which a stream can write a dotted path: `os.path` `join`, `os` `path.join`."""
    parts = dotted.split(".")
    return [(".".join(parts[:i]), ".".join(parts[i:])) for i in range(1, len(parts))]


@pytest.mark.parametrize("dotted", GADGETS)
def test_a_gadget_is_never_allowed_however_it_is_split(dotted: str) -> None:
    for module, name in splits(dotted):
        assert names.classify(module, name) in DANGEROUS, (module, name)


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_anything_in_no_list_is_never_allowed(module: str, name: str) -> None:
    if EVERYTHING.get(module, name) is None:
        assert names.classify(module, name) in DANGEROUS


@given(
    st.sampled_from(["numpy", "torch", "sklearn.tree", "collections", "builtins", "x"]), st.text("._abcos", min_size=1)
)
def test_no_module_is_allowed_as_a_whole(module: str, name: str) -> None:
    if EVERYTHING.get(module, name) is None:
        assert names.classify(module, name) in DANGEROUS


@pytest.mark.parametrize(
    ("module", "name"),
    [("pathlib", "os.getpid"), ("torch", "os.system"), ("random", "_os.system"),
     ("numpy", "__builtins__.eval"), ("collections", "OrderedDict.__init__.__globals__"), ("pathlib", "os")],
)  # fmt: skip
def test_a_name_reached_through_another_module_is_dangerous(module: str, name: str) -> None:
    assert names.classify(module, name) is Standing.DANGEROUS


def test_a_method_of_a_free_class_is_not_free() -> None:
    assert names.classify("builtins", "str.format") is Standing.UNKNOWN
    assert names.classify("builtins", "dict.fromkeys") is Standing.UNKNOWN


def test_a_users_function_called_like_a_module_is_unknown_not_dangerous() -> None:
    for name in ("test", "code", "trace", "signal", "select"):
        assert names.classify("__main__", name) is Standing.UNKNOWN


def test_python_2_names_are_judged_in_both_spellings() -> None:
    assert names.classify("__builtin__", "set") is Standing.FREE
    assert names.classify("__builtin__", "long") is Standing.FREE
    assert names.classify("copy_reg", "_reconstructor") is Standing.CONDITIONAL
    assert names.classify("__builtin__", "eval") is Standing.DANGEROUS
    assert names.classify("httplib", "HTTPSConnection") is Standing.DANGEROUS
    assert names.classify("itertools", "imap") is Standing.DANGEROUS
    assert names.classify("__builtin__", "no_such_thing") is Standing.UNKNOWN


def test_free_names_cannot_be_changed() -> None:
    """A Python-level class takes attributes from BUILD, so it can never be free."""
    for module, name in names.free_pairs():
        if module in names_table.core().gone:
            continue
        found = getattr(importlib.import_module(module), name)
        with pytest.raises((TypeError, AttributeError)):
            found.planted = 1


def test_free_pairs_hold_python_2_spellings_and_nothing_conditional() -> None:
    pairs = names.free_pairs()
    assert ("__builtin__", "set") in pairs
    assert ("collections", "OrderedDict") in pairs
    assert ("collections", "defaultdict") not in pairs
    assert ("torch", "FloatStorage") not in pairs
    assert all(names.classify(*pair) is Standing.FREE for pair in pairs)


def test_dangerous_names_say_what_they_do() -> None:
    assert names.dangerous("os", "system") == "starts a program on your computer"
    assert names.dangerous("collections", "OrderedDict") is None
    assert names.dangerous("nobody.knows", "This") is None


def test_asking_again_is_a_lookup() -> None:
    names.classify("torch", "FloatStorage")
    started = time.perf_counter()
    for _ in range(10_000):
        names.classify("torch", "FloatStorage")
    assert time.perf_counter() - started < 0.5


def in_a_fresh_process(code: str) -> None:
    start = f"import sys; sys.path[:0] = {sys.path!r}; from safeload.scanners import names, names_table; "
    subprocess.run([sys.executable, "-S", "-c", start + code], check=True)


def test_importing_names_reads_nothing() -> None:
    in_a_fresh_process("assert names_table._load.cache_info().currsize == 0; assert 'torch' not in sys.modules")


def test_only_the_files_of_a_names_package_are_read() -> None:
    in_a_fresh_process(
        "read = []; original = names_table._text; "
        "names_table._text = lambda file: read.append(file) or original(file); "
        "names.classify('builtins', 'set'); "
        "assert read and all(file.startswith(('python', 'others')) for file in read), read; "
        "del read[:]; names.classify('torch', 'FloatStorage'); "
        "assert read and all(file.startswith('torch') for file in read), read; "
        "del read[:]; names.classify('nobody.knows', 'This'); names.classify('torch.nn', 'This'); assert not read, read"
    )


def test_a_package_reached_through_another_module_is_looked_up_too() -> None:
    in_a_fresh_process("assert names.dangerous('nobody.knows', 'torch.load')")


def test_every_file_holds_the_package_that_it_is_named_after() -> None:
    """Otherwise its entries would never be asked for."""
    for file in names_table._files():
        table = names_table.assemble([(file, names_table._read(file))])
        modules = set(table.written) | set(table.whole) | set(table.classes)
        for module in () if names_table.shared(file) else modules:
            assert file in names_table._files_of(module.partition(".")[0]), (file, module)


def test_what_reaches_into_other_packages_is_always_read() -> None:
    assert names_table.everything().reached == names_table.core().reached
    assert names_table.everything().gone == names_table.core().gone


def test_the_hook_reads_no_derived_list() -> None:
    for file in names_table._files():
        read = names_table._read(file)
        if "tools" in read.get("derived", ""):
            assert all(standing is Standing.CONDITIONAL for standing, _, _ in tables(read)), file
    everywhere = {pair for pair, known in EVERYTHING.pairs() if known.standing is Standing.FREE}
    assert everywhere == {p for p, known in names_table.with_free().pairs() if known.standing is Standing.FREE}


def test_every_allowed_function_that_makes_arrays_has_a_stand_in_that_checks_it() -> None:
    from safeload.parsers.pickles import arrays, generators

    checked = {*arrays.SPECIALS, *generators.SPECIALS}
    makers = {"_reconstruct", "scalar", "_frombuffer", "dtype"}
    allowed = {
        (module, name)
        for (module, name), known in EVERYTHING.pairs()
        if module.startswith("numpy") and known.condition is not None
        if name in makers
        or (known.condition.state is not None and known.condition.called and not name.startswith("__pyx_"))
    }
    assert len(allowed) == 11
    assert allowed <= checked
