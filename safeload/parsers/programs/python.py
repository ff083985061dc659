"""Python source as facts, by its syntax tree: nothing in it runs."""

from __future__ import annotations

import ast
import re
import sys
import warnings

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Final
from safeload.parsers.codefacts import CodeFacts
from safeload.parsers.facts import GapReason, Part, TextFacts
from safeload.parsers.pickles.ledger import Refused
from safeload.parsers.programs import pythontext, pythonwalk
from safeload.parsers.visit import Parts, Visit, gap_of

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader

# The declaration of an encoding, in one of the first two lines: https://peps.python.org/pep-0263/
_CODING: Final = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_UTF8: Final = frozenset({"utf-8", "utf8", "ascii", "us-ascii"})
_VERSION: Final = f"{sys.version_info.major}.{sys.version_info.minor}"


def read(reader: Reader, visit: Visit) -> Parts:
    """The facts, or those that need no syntax tree and a gap."""
    code, gap, lines = CodeFacts(python=_VERSION), None, 0
    try:
        source = _decoded(reader)
        lines = source.count("\n") + 1
        code = CodeFacts(python=_VERSION, oddities=tuple(pythontext.oddities(source)))
        code = facts_of(source)
    except Malformed as error:
        gap = gap_of(error)
    return (Part(member=visit.member, format="text", text=TextFacts(lines=lines), code=code, gap=gap),)


def facts_of(source: str) -> CodeFacts:
    """Raises `Malformed` where this Python cannot parse it, or where it is larger than what is read."""
    tree = _parsed(source)
    lines = pythontext.lines_of(source)
    found = pythonwalk.walk(tree, lines)
    return CodeFacts(
        python=_VERSION,
        imports=tuple(sorted(found.imports)),
        uses=tuple(found.uses),
        texts=tuple(found.texts),
        oddities=(*pythontext.oddities(source), *pythontext.names(found.identifiers, lines), *found.oddities),
    )


def _decoded(reader: Reader) -> str:
    if reader.size > limits.CODE_BYTES:
        raise Refused(f"a program of {reader.size:,} bytes", reason=GapReason.LIMIT)
    raw = reader.read_at(0, reader.size)
    if b"\0" in raw:
        raise Malformed("a NUL byte: Pythons differ in what they run of such a file")
    for line in raw.split(b"\n", 2)[:2]:
        stated = _CODING.match(line)
        name = stated[1].decode("ascii", "replace").lower().replace("_", "-") if stated else "utf-8"
        if name not in _UTF8:
            # Text in another encoding can be a comment to this reader, a program to Python.
            raise Malformed(f"it says that its encoding is {name}, which is not read")
    try:
        return raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("it is not UTF-8") from error


def _parsed(source: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except SyntaxError as error:
        where = f" (line {error.lineno})" if error.lineno else ""
        raise Malformed(f"Python {_VERSION} cannot parse it{where}; another version might") from error
    except (RecursionError, MemoryError) as error:
        raise Refused("nested more deeply than Python parses", reason=GapReason.LIMIT) from error
    except ValueError as error:
        raise Malformed(f"Python {_VERSION} cannot parse it") from error
