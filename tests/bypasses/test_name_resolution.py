"""Ways to a function that no list of bad names holds. Each attack makes a marker file; each has a twin that does.

Published classes: https://github.com/advisories?query=pickle and https://arxiv.org/abs/2508.19774.
"""

from __future__ import annotations

import contextlib
import copyreg
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from safeload.scanners.interface import Report, Severity
from tests.builders.opcodes import (
    BUILD,
    EMPTY_DICT,
    EMPTY_TUPLE,
    MARK,
    NEWOBJ,
    NONE,
    OBJ,
    POP,
    REDUCE,
    SETITEM,
    STOP,
    TUPLE1,
    TUPLE2,
    TUPLE3,
    data,
    glob,
    number,
    proto,
    stack_global,
    text,
)

Look = Callable[..., Report]


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    return tmp_path / "marker"


def rules(report: Report) -> set[str]:
    return {finding.rule.id for finding in report.findings}


def worst(report: Report) -> Severity:
    order = list(Severity)
    return max((finding.rule.severity for finding in report.findings), key=order.index)


def opened(opener: bytes, marker: Path) -> bytes:
    return opener + text(str(marker)) + text("w") + TUPLE2 + REDUCE


def attacks(marker: Path) -> dict[str, bytes]:
    """Streams of protocol 4 that make the marker when they are loaded."""
    path = str(marker)
    resolve = glob("pkgutil", "resolve_name") + text("io:open") + TUPLE1 + REDUCE
    imported = glob("importlib", "import_module") + text("io") + TUPLE1 + REDUCE
    getter = glob("operator", "attrgetter") + text("open") + TUPLE1 + REDUCE
    partial = glob("functools", "partial") + glob("io", "open") + text(path) + text("w") + TUPLE3 + REDUCE
    inner = proto(2) + opened(glob("io", "open"), marker) + STOP
    bodies = {
        "alias module": opened(glob("_io", "open"), marker),
        "python 2 spelling": opened(glob("__builtin__", "open"), marker),
        "re-export by dots": opened(stack_global("pathlib", "io.open"), marker),
        "re-export by dots and underscores": opened(stack_global("tempfile", "_io.open"), marker),
        "method of a class": stack_global("pathlib", "Path.touch")
        + glob("pathlib", "PosixPath") + text(path) + TUPLE1 + REDUCE + TUPLE1 + REDUCE,
        "builtins through a module": opened(stack_global("codecs", "builtins.open"), marker),
        "universal resolver": opened(resolve, marker),
        "import, then attribute": opened(getter + imported + TUPLE1 + REDUCE, marker),
        "nested pickle": glob("pickle", "loads") + data(inner) + TUPLE1 + REDUCE,
        "partial": partial + EMPTY_TUPLE + REDUCE,
        "by OBJ": MARK + glob("io", "open") + text(path) + text("w") + OBJ,
        "dropped from the stack": opened(glob("io", "open"), marker) + POP + NONE,
        "code in text": glob("builtins", "eval") + text(f"open({path!r}, 'w')") + TUPLE1 + REDUCE,
        "code run by a module of the standard library": glob("cProfile", "run")
        + text(f"open({path!r}, 'w')") + text(str(marker.parent / "profile")) + TUPLE2 + REDUCE,
    }  # fmt: skip
    return {name: proto(2 if name == "python 2 spelling" else 4) + body + STOP for name, body in bodies.items()}


ATTACKS = sorted(attacks(Path("x")))


@pytest.mark.parametrize("name", ATTACKS)
def test_without_us_the_attack_works(name: str, marker: Path) -> None:
    pickle.loads(attacks(marker)[name])
    assert marker.exists()


@pytest.mark.parametrize("name", ATTACKS)
def test_the_attack_is_found_and_does_not_run(name: str, marker: Path, look: Look) -> None:
    report = look(attacks(marker)[name])
    assert rules(report) & {"pickle-dangerous-call", "pickle-unknown-name"}
    assert not marker.exists()


def test_every_attack_that_names_something_known_is_critical(marker: Path, look: Look) -> None:
    unknown = {"partial"}  # functools.partial is honest in many files: it asks; what it holds is named all the same
    for name, stream in attacks(marker).items():
        report = look(stream)
        assert worst(report) is (Severity.HIGH if name in unknown else Severity.CRITICAL), name


@pytest.fixture
def extension() -> Iterator[int]:
    copyreg.add_extension("io", "open", 240)
    yield 240
    copyreg.remove_extension("io", "open", 240)


def by_number(marker: Path) -> bytes:
    """EXT1: the name stands in the reader's registry, not in the file."""
    return proto(2) + opened(b"\x82" + bytes([240]), marker) + STOP


def test_without_us_an_extension_code_works(marker: Path, extension: int) -> None:
    pickle.loads(by_number(marker))
    assert marker.exists()


def test_an_extension_code_is_found(marker: Path, look: Look, extension: int) -> None:
    report = look(by_number(marker))
    assert "pickle-extension-code" in rules(report)
    assert not marker.exists()


def registering() -> bytes:
    """`copyreg.add_extension` makes the second import one that no GLOBAL shows."""
    call = text("io") + text("open") + number(240) + TUPLE3 + REDUCE
    return proto(2) + glob("copyreg", "add_extension") + call + STOP


def test_registering_an_extension_code_is_dangerous(look: Look) -> None:
    assert "pickle-dangerous-call" in rules(look(registering()))


class Victim:
    """A class that a graft changes."""


def graft(module: str, name: str) -> bytes:
    """BUILD aimed at a global: a pair of states sets attributes on it."""
    slots = EMPTY_DICT + text("planted") + text("by the file") + SETITEM
    return proto(4) + stack_global(module, name) + NONE + slots + TUPLE2 + BUILD + STOP


def test_without_us_a_graft_works() -> None:
    pickle.loads(graft(__name__, "Victim"))
    assert Victim.__dict__["planted"] == "by the file"
    del Victim.planted  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("module", "name"),
    [(__name__, "Victim"), ("torch.nn.modules.linear", "Linear"), ("torch", "FloatStorage"), ("argparse", "Namespace")],
)  # fmt: skip
def test_a_graft_is_critical_even_on_a_name_that_is_allowed(module: str, name: str, look: Look) -> None:
    assert "pickle-tampering" in rules(look(graft(module, name)))


def annotated(marker: Path) -> bytes:
    """`typing.get_type_hints` evaluates annotations that BUILD put on a harmless object."""
    state = (
        EMPTY_DICT + text("__annotations__") + EMPTY_DICT + text("x") + text(f"open({str(marker)!r}, 'w')") + SETITEM
    )
    holder = glob("argparse", "Namespace") + EMPTY_TUPLE + NEWOBJ + state + SETITEM + BUILD
    return proto(4) + glob("typing", "get_type_hints") + holder + TUPLE1 + REDUCE + STOP


def test_without_us_an_annotation_is_evaluated(marker: Path) -> None:
    with contextlib.suppress(TypeError):  # before Python 3.11: a file is no type; but it was opened
        pickle.loads(annotated(marker))
    assert marker.exists()


def test_an_annotation_that_is_evaluated_is_found(marker: Path, look: Look) -> None:
    assert "pickle-dangerous-call" in rules(look(annotated(marker)))
    assert not marker.exists()


@pytest.mark.parametrize(
    ("stream", "rule"),
    [
        (glob("collections", "defaultdict") + glob("os", "getcwd") + TUPLE1 + REDUCE, "pickle-hands-over-function"),
        (glob("_codecs", "encode") + text("a") + text("rot13") + TUPLE2 + REDUCE, "pickle-conditions-not-met"),
        (glob("collections", "OrderedDict") + EMPTY_TUPLE + REDUCE + EMPTY_TUPLE + REDUCE, "pickle-call-on-result"),
        (glob("copyreg", "_reconstructor") + glob("os", "stat") + glob("builtins", "object") + NONE + TUPLE3 + REDUCE,
         "pickle-hands-over-function"),
        (glob("builtins", "type") + text("X") + EMPTY_TUPLE + EMPTY_DICT + TUPLE3 + REDUCE,
         "pickle-conditions-not-met"),
    ],
)  # fmt: skip
def test_an_allowed_name_with_other_arguments_is_found(stream: bytes, rule: str, look: Look) -> None:
    assert rule in rules(look(proto(4) + stream + STOP))
