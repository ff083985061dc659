"""Which files of its own repository a Python file brings in."""

from __future__ import annotations

import io
import re
import tokenize

from safeload import limits
from safeload.errors import SourceError
from safeload.lean import Callable, Iterator
from safeload.sources.names import contained

# transformers finds the files to copy beside a module by these two patterns, in comments and strings too.
_COPIED = (
    re.compile(r"^\s*import\s+\.(\S+)\s*$", re.MULTILINE),
    re.compile(r"^\s*from\s+\.(\S+)\s+import", re.MULTILINE),
)
_TOKENISED = 2 * limits.MIB  # bytes of one file that are tokenised; the patterns alone are fast


def reached(path: str, *, paths: frozenset[str], read: Callable[[str], bytes | None]) -> tuple[str, ...]:
    """`path` and every file of `paths` that it imports relatively, and those import in turn, in name order.

    A file that is not there brings in nothing, as one that cannot be read as Python. Raises `SourceError` beyond
    `limits.CODE_FILES`.
    """
    seen: set[str] = set()
    waiting = [path]
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        if len(seen) > limits.CODE_FILES:
            raise SourceError(
                f"The code of {path} imports more than {limits.CODE_FILES} files of its own repository.",
                next="Look at the repository by hand.",
            )
        if current in paths:
            waiting.extend(_imported(current, read(current) or b"", paths))
    return tuple(sorted(seen))


def _imported(path: str, source: bytes, paths: frozenset[str]) -> list[str]:
    folder = path.split("/")[:-1]
    found = []
    for module in _patterns(source):
        found.append("/".join([*folder, *module.split("/")]) + ".py")
    for level, module, names in _relative(source):
        if level - 1 > len(folder):
            continue
        base = [*folder[: len(folder) - (level - 1)], *(module.split(".") if module else [])]
        found.extend(_candidates(base))
        for name in names:
            found.extend(_candidates([*base, name]))
    return [name for name in found if contained(name) and name in paths]


def _candidates(parts: list[str]) -> list[str]:
    if not parts:
        return ["__init__.py"]
    joined = "/".join(parts)
    packages = [f"{'/'.join(parts[: i + 1])}/__init__.py" for i in range(len(parts))]
    return [f"{joined}.py", *packages]


def _patterns(source: bytes) -> list[str]:
    return [name for pattern in _COPIED for name in pattern.findall(_text(source))]


def _text(source: bytes) -> str:
    try:
        return source.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def _relative(source: bytes) -> Iterator[tuple[int, str, list[str]]]:
    """Level, module and names of each relative `from` import.

    By tokens, not by `ast`: deeply nested code crashes the parser of Python 3.10.
    """
    if len(source) > _TOKENISED:
        return
    # As UTF-8, whatever the file says of its coding: transformers reads it so, and copies nothing else.
    tokens = tokenize.generate_tokens(io.StringIO(_text(source)).readline)
    try:
        for token in tokens:
            if token.type == tokenize.NAME and token.string == "from":
                yield from _import(tokens)
    except (tokenize.TokenError, SyntaxError, ValueError, RecursionError):
        return


def _import(tokens: Iterator[tokenize.TokenInfo]) -> Iterator[tuple[int, str, list[str]]]:
    level, module = 0, ""
    for token in tokens:
        if token.string == "import":
            break
        if token.type == tokenize.OP and token.string in (".", "...") and not module:
            level += len(token.string)
        elif token.type == tokenize.NAME or token.string == ".":
            module += token.string
        else:
            return
    if level:
        yield level, module, _imported_names(tokens)


def _imported_names(tokens: Iterator[tokenize.TokenInfo]) -> list[str]:
    names, renamed = [], False
    for token in tokens:
        if token.type in (tokenize.NEWLINE, tokenize.ENDMARKER) or token.string == ";":
            break
        if token.type == tokenize.NAME:
            if not renamed and token.string != "as":
                names.append(token.string)
            renamed = token.string == "as"
    return names
