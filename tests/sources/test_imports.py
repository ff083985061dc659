"""Which files of its own repository a Python file brings in."""

from __future__ import annotations

import pytest

from safeload import limits
from safeload.errors import SourceError
from safeload.sources.imports import reached


def of(start: str, **files: str) -> tuple[str, ...]:
    contents = {name.replace("__", "/") + ".py": text.encode() for name, text in files.items()}
    return reached(start, paths=frozenset(contents), read=contents.get)


@pytest.mark.parametrize(
    "text",
    [
        "from .b import X",
        "from . import b",
        "from . import c as d, b as e",
        "def f():\n    from .b import X\n",
        "if True: from .b import X",
        "x = 1; from .b import X",
        "from \\\n  .b import X",
        "from . import (\n  c,  # a comment\n  b,\n)",
        "from .b import (X,\n Y as Z)",
        "try:\n  from .b import X\nexcept ImportError:\n  pass",
    ],
)
def test_an_import_is_followed(text: str) -> None:
    assert "b.py" in of("a.py", a=text, b="", unrelated="")
    assert "unrelated.py" not in of("a.py", a=text, b="", unrelated="")


def test_imports_of_imports_and_circles() -> None:
    assert of("a.py", a="from .b import X", b="from .c import X", c="from .a import X") == ("a.py", "b.py", "c.py")


def test_a_file_that_transformers_copies_because_of_a_comment() -> None:
    assert of("a.py", a='"""\nfrom .b import X\n"""', b="") == ("a.py", "b.py")


def test_folders() -> None:
    found = of("m__a.py".replace("__", "/"), m__a="from ..util import X\nfrom .b import Y", util="", m__b="")
    assert found == ("m/a.py", "m/b.py", "util.py")
    assert of("a.py", a="from .. import secret", secret="") == ("a.py",)


def test_absolute_imports_are_somebody_else_s() -> None:
    assert of("a.py", a="import b\nfrom b import X\nimport torch", b="") == ("a.py",)


@pytest.mark.parametrize("text", ["(((", "def", "\0", "from .b import", "'''", "  x\n y", "from .", "-" * 100_000])
def test_what_is_no_python_brings_in_nothing_and_fails_nowhere(text: str) -> None:
    assert of("a.py", a=text, b="")[0] == "a.py"


def test_bytes_that_are_no_text() -> None:
    contents = {"a.py": b"\xff\xfe\x00from .b import X", "b.py": b""}
    assert reached("a.py", paths=frozenset(contents), read=contents.get) == ("a.py",)


def test_a_file_that_is_not_there_is_still_wanted() -> None:
    assert of("gone.py", a="") == ("gone.py",)


def test_the_chain_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CODE_FILES", 5)
    with pytest.raises(SourceError, match="more than 5 files"):
        of("f0.py", **{f"f{i}": f"from .f{i + 1} import X" for i in range(9)})
