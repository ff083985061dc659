"""A: ways to a function that no list of bad names holds.

Published: https://github.com/advisories?query=pickle, https://arxiv.org/abs/2508.19774,
https://arxiv.org/abs/2607.17503.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from safeload.policy.interface import Action
from safeload.scanners.interface import Report, Severity
from tests.builders import opcodes as op
from tests.builders.opcodes import BUILD, EMPTY_DICT, EMPTY_TUPLE, NEWOBJ, NONE, REDUCE, SETITEM, TUPLE1, TUPLE2, TUPLE3
from tests.bypasses.conftest import Attack, rules, verdict

Look = Callable[..., Report]
Build = Callable[[Path], bytes]


def called(opener: bytes, *arguments: str) -> bytes:
    return opener + op.MARK + b"".join(op.text(one) for one in arguments) + op.TUPLE + REDUCE


def opened(opener: bytes, marker: Path) -> bytes:
    return called(opener, str(marker), "w")


# 1: callables that hardly anybody lists; each has been in an advisory of one scanner or another.
UNLISTED: dict[str, Build] = {
    "profiler": lambda m: called(op.glob("cProfile", "run"), f"open({str(m)!r}, 'w')", f"{m}.profile"),
    "code of a module": lambda m: called(op.glob("code", "InteractiveInterpreter"))
    + b"0" + opened(op.glob("codecs", "open"), m),
    "a logger": lambda m: called(op.glob("logging", "FileHandler"), str(m)),
    "a log that rotates": lambda m: called(op.glob("logging.handlers", "RotatingFileHandler"), str(m)),
    "an archive": lambda m: called(op.glob("zipfile", "ZipFile"), str(m), "w"),
    "a shelf": lambda m: called(op.glob("sqlite3", "connect"), str(m)),
    "a temporary file": lambda m: called(op.glob("os", "mkdir"), str(m)),
    "a compressed file": lambda m: called(op.glob("lzma", "open"), str(m), "w"),
    "a trace": lambda m: called(op.glob("bdb", "Bdb")) + b"0"
    + called(op.glob("builtins", "exec"), f"open({str(m)!r}, 'w')"),
}  # fmt: skip

# 2: one callable that turns text into any other (GHSA-vvpj-8cmc-gx39).
RESOLVERS: dict[str, Build] = {
    "pkgutil": lambda m: opened(called(op.glob("pkgutil", "resolve_name"), "io:open"), m),
    "pydoc": lambda m: opened(called(op.glob("pydoc", "locate"), "io.open"), m),
    "a getter and an import": lambda m: opened(
        called(op.glob("operator", "attrgetter"), "open") + called(op.glob("importlib", "import_module"), "io")
        + TUPLE1 + REDUCE, m),
}  # fmt: skip

# 3, 4, 5: submodules (CVE-2025-10157), re-exports by dots (GHSA-5j3x-jp52-966f), other names of one thing.
SPELLINGS: dict[str, Build] = {
    "a submodule": lambda m: called(op.stack_global("asyncio.unix_events", "os.mkdir"), str(m)),
    "a re-export": lambda m: opened(op.stack_global("pathlib", "io.open"), m),
    "a re-export with underscores": lambda m: opened(op.stack_global("tempfile", "_io.open"), m),
    "builtins through a module": lambda m: opened(op.stack_global("codecs", "builtins.open"), m),
    "torch's own imports": lambda m: called(op.stack_global("torch", "os.mkdir"), str(m)),
    "the module in C": lambda m: opened(op.glob("_io", "open"), m),
    "the class in C": lambda m: called(op.glob("_io", "FileIO"), str(m), "w"),
    "posix": lambda m: called(op.glob("posix", "mkdir"), str(m)),
    "a method of a class": lambda m: op.stack_global("pathlib", "Path.touch")
    + called(op.glob("pathlib", "PosixPath"), str(m)) + TUPLE1 + REDUCE,
}  # fmt: skip

# 7, 8, 9, 10: grafts, allowed names that are handed what they call, evaluated text, odd names.
INDIRECT: dict[str, Build] = {
    "partial": lambda m: op.glob("functools", "partial") + op.glob("io", "open") + op.text(str(m)) + op.text("w")
    + TUPLE3 + REDUCE + EMPTY_TUPLE + REDUCE,
    "a default for what is missing": lambda m: op.glob("collections", "defaultdict") + op.glob("functools", "partial")
    + op.glob("io", "open") + op.text(str(m)) + op.text("w") + TUPLE3 + REDUCE + TUPLE1 + REDUCE
    + op.put(1) + b"0" + op.glob("operator", "getitem") + op.get(1) + op.text("k") + TUPLE2 + REDUCE,
    "a map and a tuple": lambda m: op.glob("builtins", "tuple") + op.glob("builtins", "map")
    + op.glob("builtins", "open")
    + b"](" + op.text(str(m)) + b"e](" + op.text("w") + b"e\x87R\x85R",
    "by OBJ": lambda m: op.obj_touch(m),
    "an annotation": lambda m: op.glob("typing", "get_type_hints") + op.glob("argparse", "Namespace") + EMPTY_TUPLE
    + NEWOBJ
    + EMPTY_DICT + op.text("__annotations__") + EMPTY_DICT + op.text("x") + op.text(f"open({str(m)!r}, 'w')") + SETITEM
    + SETITEM + BUILD + TUPLE1 + REDUCE,
    "a graft on a class": lambda m: op.glob("argparse", "Namespace") + NONE + EMPTY_DICT + op.text("touch")
    + op.glob("builtins", "open") + SETITEM + TUPLE2 + BUILD + b"0"
    + opened(op.stack_global("argparse", "Namespace.touch"), m),
    "a name in capitals": lambda m: called(op.glob("IPython.utils.process", "getoutput"), f": > {m}"),
    "code in text": lambda m: called(op.glob("builtins", "eval"), f"open({str(m)!r}, 'w')"),
}  # fmt: skip

ATTACKS = {**UNLISTED, **RESOLVERS, **SPELLINGS, **INDIRECT}


@pytest.mark.parametrize("case", ATTACKS)
def test_no_way_to_a_function_is_allowed(case: str, attack: Attack) -> None:
    if case == "a name in capitals":
        pytest.importorskip("IPython")
    stream = op.proto(4) + ATTACKS[case](attack.marker) + op.STOP
    report = attack(stream, loader="python" if case == "torch's own imports" else "pickle")
    assert verdict(report) is Action.BLOCK


@pytest.mark.parametrize("case", ["alias", "mapped"])
def test_python_2_names_are_judged_as_what_they_are_now(case: str, attack: Attack) -> None:
    """5: protocols below 3 map them."""
    name = ("__builtin__", "open") if case == "alias" else ("commands", "getoutput")
    arguments = (str(attack.marker), "w") if case == "alias" else (f": > {attack.marker}",)
    report = attack(op.proto(2) + called(op.glob(*name), *arguments) + op.STOP)
    (finding,) = report.findings
    assert ("builtins.open" if case == "alias" else "subprocess.getoutput") in finding.message
    assert ".".join(name) in finding.message


def test_registering_an_extension_code_is_dangerous(attack: Attack) -> None:
    """6: the second import is one that no GLOBAL shows."""
    register = op.glob("copyreg", "add_extension") + op.text("io") + op.text("open") + op.number(240) + TUPLE3 + REDUCE
    stream = (
        op.proto(2) + register + b"0\x82\xf0" + op.text(str(attack.marker)) + op.text("w") + TUPLE2 + REDUCE + op.STOP
    )
    assert "pickle-dangerous-call" in rules(attack(stream))


@pytest.mark.parametrize("padding", [0, 1000])
def test_harmless_names_beside_it_change_nothing(padding: int, attack: Attack) -> None:
    """11: no majority of good names, and no known publisher, lowers a finding."""
    good = (op.glob("collections", "OrderedDict") + b")R0") * padding
    report = attack(op.proto(2) + good + op.touch(attack.marker) + op.STOP)
    assert {finding.rule.severity for finding in report.findings} == {Severity.CRITICAL}


def graft(module: str, name: str) -> bytes:
    """BUILD aimed at a global: a pair of states sets attributes on it."""
    slots = EMPTY_DICT + op.text("planted") + op.text("by the file") + SETITEM
    return op.proto(4) + op.stack_global(module, name) + NONE + slots + TUPLE2 + BUILD + op.STOP


@pytest.mark.parametrize(
    ("module", "name"),
    [("torch.nn.modules.linear", "Linear"), ("torch", "FloatStorage"), ("argparse", "Namespace")],
)
def test_a_graft_is_critical_even_on_a_name_that_is_allowed(module: str, name: str, look: Look) -> None:
    assert "pickle-tampering" in rules(look(graft(module, name)))


@pytest.mark.parametrize(
    ("stream", "rule"),
    [
        (op.glob("collections", "defaultdict") + op.glob("os", "getcwd") + TUPLE1 + REDUCE,
         "pickle-hands-over-function"),
        (op.glob("_codecs", "encode") + op.text("a") + op.text("rot13") + TUPLE2 + REDUCE, "pickle-conditions-not-met"),
        (op.glob("collections", "OrderedDict") + EMPTY_TUPLE + REDUCE + EMPTY_TUPLE + REDUCE, "pickle-call-on-result"),
        (op.glob("copyreg", "_reconstructor") + op.glob("os", "stat") + op.glob("builtins", "object") + NONE + TUPLE3
         + REDUCE, "pickle-hands-over-function"),
        (op.glob("builtins", "type") + op.text("X") + EMPTY_TUPLE + EMPTY_DICT + TUPLE3 + REDUCE,
         "pickle-conditions-not-met"),
    ],
)  # fmt: skip
def test_an_allowed_name_with_other_arguments_is_found(stream: bytes, rule: str, look: Look) -> None:
    assert rule in rules(look(op.proto(4) + stream + op.STOP))
