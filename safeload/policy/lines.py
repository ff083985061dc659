"""Where each key of a TOML text stands, since `tomllib` does not tell."""

from __future__ import annotations

import re
import sys

from safeload import limits
from safeload.lean import Any, Final, Iterator, Mapping
from safeload.scanners.escape import plain

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Keys", "lines_of", "pointed"]

Keys = tuple[str, ...]
_WIDTH: Final = 120  # characters of a line that is shown; a policy file that came with something else is hostile too


def lines_of(text: str) -> dict[Keys, int]:
    """The line (from 1) of every key and table in `text`, which must be valid TOML.

    Statement by statement, each parsed alone by `tomllib`: one that is cut off does not parse, so a statement ends
    where it first does. Stops at one that is longer than `limits.POLICY_STATEMENT` lines: what follows has no line.
    """
    found: dict[Keys, int] = {}
    table: Keys = ()
    statement: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        statement.append(line)
        try:
            parsed = tomllib.loads("\n".join(statement) + "\n")
        except tomllib.TOMLDecodeError:
            if len(statement) == limits.POLICY_STATEMENT:
                break
            continue
        first = number - len(statement) + 1
        if statement[0].lstrip(" \t").startswith("["):
            table = _table_in(parsed)
            keys = (table[:depth] for depth in range(1, len(table) + 1))
        else:
            keys = ((*table, *inner) for inner in _keys_in(parsed))
        for key in keys:
            found.setdefault(key, first)
        statement = []
    return found


def _table_in(parsed: Any) -> Keys:
    """The path of a lone `[table]` or `[[table]]`."""
    path: list[str] = []
    while isinstance(parsed, dict) and parsed:
        key, parsed = next(iter(parsed.items()))
        path.append(key)
    return tuple(path)


def _keys_in(parsed: Mapping[str, Any]) -> Iterator[Keys]:
    for key, value in parsed.items():
        yield (key,)
        if isinstance(value, dict):
            yield from ((key, *inner) for inner in _keys_in(value))


def pointed(text: str, line: int, what: str, *, after_equals: bool = False) -> str:
    """The line, made plain, with carets below the first `what` in it (behind the equals sign, if so asked)."""
    shown = text.split("\n")[line - 1].rstrip("\r")
    start = shown.find("=") + 1 if after_equals else 0
    # As a word of its own: `lo` is not meant where `block` stands.
    found = re.compile(rf"(?<![\w-]){re.escape(what)}(?![\w-])").search(shown, start) if what else None
    if found is not None:
        column, length = found.start(), len(what)
    else:
        rest = shown[start:]
        column, length = start + len(rest) - len(rest.lstrip()), 1
    before = len(plain(shown[:column], 10 * _WIDTH))
    marked = len(plain(shown[column : column + length], 10 * _WIDTH))
    whole = plain(shown, _WIDTH)
    if before >= len(whole):
        return f"    {whole}"
    return f"    {whole}\n    {' ' * before}{'^' * max(1, min(marked, len(whole) - before))}"
