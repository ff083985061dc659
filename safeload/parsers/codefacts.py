"""What the syntax tree of a Python program says: plain facts, as in `facts`."""

from __future__ import annotations

from safeload.lean import Choice, record


class CodeTime(str, Choice):
    """When a line of Python runs."""

    IMPORT = "import"  # module level, class bodies, decorators, defaults, and what those call
    LOAD = "load"  # constructors and what else a library calls while it loads a model
    LATER = "later"  # only when somebody calls it


@record(frozen=True, slots=True, kw_only=True)
class CodeUse:
    """One importable name that a program uses in one way; equal uses are counted, not repeated.

    `name` is dotted and resolved through imports, aliases and `getattr`; `()` stands for the result of a call
    (`pathlib.Path().unlink`), `?.system` for an attribute of nobody knows what; names of the program's own package are
    left out. `role` is `called`, `named` (passed on), `read` (an item of it), `changed` or `imported` (`module:name`
    for `from`). `arguments` hold one tag each: `str:text`, `name:os.system`, `number`, `?`, with `key=` before those
    given by name. `line` counts from 1; `snippet` is that line, shortened.
    """

    name: str
    role: str
    time: CodeTime
    line: int
    snippet: str = ""
    arguments: tuple[str, ...] = ()
    count: int = 1


@record(frozen=True, slots=True, kw_only=True)
class CodeOddity:
    """Something about a program's text: `kind` is a code (`blob`, `bidi`, `off-screen`), `text` what stands there."""

    kind: str
    line: int
    text: str = ""
    time: CodeTime = CodeTime.LATER


@record(frozen=True, slots=True, kw_only=True)
class CodeFacts:
    """A Python program by its syntax tree. `imports` are dotted modules; `python` is the version that parsed it.

    `texts` are string literals that look like a path or an address, as oddities of kind `text`.
    """

    python: str
    imports: tuple[str, ...] = ()
    uses: tuple[CodeUse, ...] = ()
    texts: tuple[CodeOddity, ...] = ()
    oddities: tuple[CodeOddity, ...] = ()
