"""Python source as facts: names through aliases, when a line runs, what is a gap."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload import limits
from safeload.errors import Malformed
from safeload.parsers.codefacts import CodeFacts, CodeTime
from safeload.parsers.facts import Part
from safeload.parsers.programs import python
from safeload.parsers.sandbox.process import Worker
from tests.parsers.conftest import Ranges, gaps

Look = Callable[[bytes], Part]


@pytest.fixture
def look(worker: Worker) -> Look:
    """One program through the real worker."""
    return lambda source: worker.examine(Ranges(source), name="m.py", purpose="python")[0]


def called(code: CodeFacts) -> set[str]:
    return {use.name for use in code.uses if use.role == "called"}


def times(source: str, name: str) -> set[CodeTime]:
    return {use.time for use in python.facts_of(source).uses if use.name == name}


# Each of these, run by Python, calls os.system.
ALIASES = (
    "import os\nos.system('x')",
    "import os as o\no.system('x')",
    "from os import system as s\ns('x')",
    "from os import *\nsystem('x')",
    "f = __import__('os').system\nf('x')",
    "import importlib\nimportlib.import_module('o' + 's').system('x')",
    "import os\ngetattr(os, 'sys' + 'tem')('x')",
    "import os\ngetattr(os, ''.join(['sys', 'tem']))('x')",
    "import os\ngetattr(os, 'metsys'[::-1])('x')",
    "import os\nn = 'system'\ngetattr(os, n)('x')",
    "import os\ngetattr(os, f'{\"sys\"}tem')('x')",
    "import os\ngetattr(os, chr(115) + 'ystem')('x')",
    "import os\nos.__dict__['system']('x')",
    "import os\nvars(os)['system']('x')",
    "import sys\nimport os\nsys.modules['os'].system('x')",
    "import os\nglobals()['os'].system('x')",
    "import os\n{'a': os.system}['a']('x')",
    "import os\n[os.system for _ in (1,)][0]('x')",
    "import os\n(os.system if 1 else None)('x')",
    "import os\n(None or os.system)('x')",
    "import os\n(f := os.system)('x')",
    "import os\na, b = 1, os.system\nb('x')",
    "import os\nfor f in (os.getcwd, os.system):\n    f('x') if f is os.system else f()",
    "import os\ndef g(f=os.system):\n    f('x')\ng()",
    "import os\nclass A:\n    def __init__(self):\n        self.f = os.system\n    def go(self):\n        self.f('x')\n"
    "A().go()",
    "import os\ndef g():\n    global f\n    f = os.system\ng()\nf('x')",
    "import os\n[0 for os.x in ()]\nos.system('x')",
    "import os, functools\nfunctools.partial(os.system, 'x')()",
    "import os, operator\noperator.attrgetter('system')(os)('x')",
    "import os\n" + "a0 = os.system\n" + "".join(f"a{i + 1} = a{i}\n" for i in range(20)) + "a20('x')",
)


@pytest.mark.parametrize("source", ALIASES)
def test_a_call_is_seen_through_what_it_is_called_by(source: str) -> None:
    assert "os.system" in called(python.facts_of(source))


@pytest.mark.parametrize("source", ALIASES)
def test_twin_each_of_them_calls_it(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    seen: list[str] = []
    monkeypatch.setattr(os, "system", seen.append)
    exec(compile(source, "m.py", "exec"), {"__name__": "m"})
    assert seen == ["x"]


@pytest.mark.parametrize(
    ("source", "time"),
    [
        ("import os\nos.system('x')", CodeTime.IMPORT),
        ("import os\nclass A:\n    x = os.system('x')", CodeTime.IMPORT),
        ("import os\n@os.system\ndef f(): pass", CodeTime.IMPORT),
        ("import os\ndef f(a=os.system('x')): pass", CodeTime.IMPORT),
        ("import os\ndef g():\n    os.system('x')\ndef f():\n    g()\nf()", CodeTime.IMPORT),
        ("import os\nclass A:\n    def __init__(self):\n        os.system('x')\nA()", CodeTime.IMPORT),
        ("import os\nclass A:\n    def go(self):\n        os.system('x')\na = A()\na.go()", CodeTime.IMPORT),
        ("import os\nclass A:\n    @property\n    def x(self):\n        os.system('x')\nA().x", CodeTime.IMPORT),
        ("import os\ndef d(f):\n    os.system('x')\n@d\ndef f(): pass", CodeTime.IMPORT),
        ("import os\ntry:\n    os.system('x')\nexcept OSError: pass", CodeTime.IMPORT),
        ("import os\nclass A:\n    def __init__(self):\n        os.system('x')", CodeTime.LOAD),
        ("import os\nclass A:\n    def __init__(self):\n        self.go()\n    def go(self):\n        os.system('x')",
         CodeTime.LOAD),
        ("import os\nclass A:\n    def forward(self):\n        os.system('x')", CodeTime.LATER),
        ("import os\ndef f():\n    os.system('x')", CodeTime.LATER),
        ("import os\nif __name__ == '__main__':\n    os.system('x')", CodeTime.LATER),
        ("import os\nif __name__ != '__main__':\n    os.system('x')", CodeTime.IMPORT),
    ],
)  # fmt: skip
def test_when_a_line_runs(source: str, time: CodeTime) -> None:
    assert times(source, "os.system") == {time}


def test_facts_name_the_line_and_what_it_is_called_with() -> None:
    code = python.facts_of("import os\n\nos.getenv('HF_TOKEN', default=os.name)  # why\n")
    (use,) = [use for use in code.uses if use.name == "os.getenv"]
    assert (use.line, use.snippet) == (3, "os.getenv('HF_TOKEN', default=os.name)  # why")
    assert use.arguments == ("str:HF_TOKEN", "default=name:os.name")
    assert code.imports == ("os",)


def test_imports_are_told_with_their_dots() -> None:
    code = python.facts_of("import a.b, c as d\nfrom e.f import g\nfrom .h import i\nfrom .. import j\n")
    assert code.imports == ("..", ".h", "a.b", "c", "e.f")


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("x = 1  # \u202e", "bidi"),
        ("\uff45\uff58\uff45\uff43('')", "folded-name"),
        ("\u0456mport_ = 1\nprint(\u0456mport_)", "lookalike-name"),
        ("x = 1;" + " " * 200 + "y = 2", "off-screen"),
        (f"x = '{'aB3dE6gH9jK2mN5p' * 30}'", "blob"),
        (f"x = bytes({[i % 251 for i in range(300)]})", "blob"),
        ("x = chr(1) + chr(2) + chr(3) + chr(4) + chr(5)", "chr"),
    ],
)
def test_what_text_hides(source: str, kind: str) -> None:
    assert kind in {odd.kind for odd in python.facts_of(source).oddities}


@pytest.mark.parametrize(
    "source",
    [
        "'''A docstring with a long line.'''\n" + "# " + "=" * 300,
        "x = 'größe'\n\u03c3_t = 1\n",
        f"x = {list(range(1000))}",
        "x = 1" + " " * 200 + "# a comment far away",
        "x = 'a' * 1000",
    ],
)
def test_twin_ordinary_text_hides_nothing(source: str) -> None:
    assert python.facts_of(source).oddities == ()


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (b"def f(:", "malformed"),
        (b"print 'python 2'", "malformed"),
        (b"# coding: utf-7\nx = 1", "malformed"),
        (b"#!/bin/sh\n# vim: set fileencoding=latin-1 :\nx = 1", "malformed"),
        (b"x = 1\n" + b"#" * 600 + b"\0\nimport os", "malformed"),
        (b"-" * 1_000_000 + b"1", "limit"),
        (b"a" + b".b" * 300_000, "limit"),
        (b"1" + b"+1" * 300_000, "limit"),
        (b"(" * 90 + b")" * 90 + b"\n" + b"x=" + b"[" * 99 + b"]" * 99, None),
        (b"#" * (limits.CODE_BYTES + 1), "limit"),
        (b"x = 1\n" * 10, None),
        (b"\xef\xbb\xbfx = 1\n", None),
        (b"# coding: utf-8\nx = 1\n", None),
    ],
)
def test_what_cannot_be_parsed_is_a_gap(look: Look, source: bytes, reason: str | None) -> None:
    found = gaps((look(source),))
    if reason == "limit":
        # How a Python gives up on deep code differs: 3.10 ends with a segmentation fault.
        assert found <= {"limit", "crashed", "malformed"}
        assert found
    else:
        assert found == ({reason} if reason else set())


def test_a_gap_says_which_python_could_not(look: Look) -> None:
    gap = look(b"x = 1\nmatch = = 2\n").gap
    assert gap is not None
    assert gap.detail.startswith(f"Python {python._VERSION} cannot parse it (line 2)")


def test_twin_an_encoding_can_turn_a_comment_into_a_program() -> None:
    """What UTF-8 reads as a comment is code in UTF-7: https://peps.python.org/pep-0263/"""
    source = b"# coding: utf-7\n#+AAo-x=1"
    names: dict[str, object] = {}
    exec(compile(source, "m.py", "exec"), names)
    assert names["x"] == 1


def test_the_worker_gives_what_the_parser_gives(look: Look) -> None:
    source = "import os\nos.getcwd()\n"
    assert look(source.encode()).code == python.facts_of(source)


def test_too_many_uses_are_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CODE_USES", 10)
    with pytest.raises(Malformed):
        python.facts_of("import os\n" + "".join(f"os.a{i}()\n" for i in range(11)))


def test_aliases_that_cannot_be_followed_are_said() -> None:
    chain = "def g():\n    a200()\nimport os\na0 = os.system\n" + "".join(f"a{i + 1} = a{i}\n" for i in range(200))
    assert "many-meanings" in {odd.kind for odd in python.facts_of(chain).oddities}
    many = "".join(f"f = m.a{i}\n" for i in range(50))
    assert "many-meanings" in {odd.kind for odd in python.facts_of("import m\n" + many + "f()").oddities}


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_any_text_gives_facts_or_a_gap(source: str) -> None:
    with contextlib.suppress(Malformed):
        python.facts_of(source)
