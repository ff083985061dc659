"""A strict reader of small Python literals, for headers that are written as a `repr`: nothing is evaluated."""

from __future__ import annotations

import re

from safeload.errors import Malformed
from safeload.lean import Any, Final

_TOKEN: Final = re.compile(
    r"[ \t\r\n\f]*(?:(?P<text>'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\")|(?P<number>-?\d{1,19}L?(?!\w))"
    r"|(?P<word>True|False|None)(?!\w)|(?P<mark>[{}()\[\]:,]))"
)
_ESCAPE: Final = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_PLAIN: Final = {"\\": "\\", "'": "'", '"': '"', "n": "\n", "r": "\r", "t": "\t"}
_WORDS: Final = {"True": True, "False": False, "None": None}
_DEPTH: Final = 16


def parse(source: str) -> Any:
    """The one value in `source`: strings, integers, True, False, None, tuples, lists, dictionaries of strings.

    Raises `Malformed` on everything else, on a key that stands twice, and on nesting that no header has.
    """
    reading = _Reading(source)
    value = reading.value(0)
    if source[reading.at :].strip():
        raise Malformed("something follows the literal")
    return value


class _Reading:
    def __init__(self, source: str) -> None:
        self._source = source
        self.at = 0

    def _next(self) -> re.Match[str]:
        found = _TOKEN.match(self._source, self.at)
        if found is None:
            raise Malformed("not a plain literal")
        self.at = found.end()
        return found

    def _accept(self, mark: str) -> bool:
        found = _TOKEN.match(self._source, self.at)
        if found is None or found["mark"] != mark:
            return False
        self.at = found.end()
        return True

    def value(self, depth: int) -> Any:
        if depth > _DEPTH:
            raise Malformed("a literal that is nested too deeply")
        found = self._next()
        if found["text"] is not None:
            return _unescaped(found["text"][1:-1])
        if found["number"] is not None:
            return int(found["number"].rstrip("L"))
        if found["word"] is not None:
            return _WORDS[found["word"]]
        if found["mark"] == "{":
            return self._dictionary(depth)
        if found["mark"] == "[":
            return self._items("]", depth)[0]
        if found["mark"] == "(":
            items, commas = self._items(")", depth)
            return items[0] if len(items) == 1 and not commas else tuple(items)
        raise Malformed("not a plain literal")

    def _items(self, end: str, depth: int) -> tuple[list[Any], int]:
        items: list[Any] = []
        commas = 0
        while not self._accept(end):
            if len(items) != commas:
                raise Malformed("a literal without a comma between its items")
            items.append(self.value(depth + 1))
            commas += self._accept(",")
        return items, commas

    def _dictionary(self, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        comma = True
        while not self._accept("}"):
            key = self.value(depth + 1)
            if not comma or type(key) is not str or key in made or not self._accept(":"):
                raise Malformed("a dictionary whose keys are not distinct strings")
            made[key] = self.value(depth + 1)
            comma = self._accept(",")
        return made


def _unescaped(body: str) -> str:
    def one(found: re.Match[str]) -> str:
        code = found[1] or found[2] or found[3]
        if code is None:
            if found[4] not in _PLAIN:
                raise Malformed("an escape that no library writes")
            return _PLAIN[found[4]]
        if int(code, 16) > 0x10FFFF:
            raise Malformed("an escape beyond Unicode")
        return chr(int(code, 16))

    return _ESCAPE.sub(one, body)
