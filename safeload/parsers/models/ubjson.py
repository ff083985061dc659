"""Universal Binary JSON, as XGBoost writes its models: https://ubjson.org."""

from __future__ import annotations

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Any, Final
from safeload.parsers.facts import GapReason, Part
from safeload.parsers.mentions import Mentions
from safeload.parsers.models import boosters
from safeload.parsers.pickles.ledger import Refused
from safeload.parsers.structs import Cursor

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader
    from safeload.parsers.visit import Parts, Visit

_NUMBERS: Final = {"i": "b", "U": "B", "I": "h", "l": "i", "L": "q", "d": "f", "D": "d"}
_CONSTANTS: Final = {"Z": None, "T": True, "F": False}


def read(reader: Reader, visit: Visit) -> Parts | None:
    """The model's facts; None when it is an object of something else than a booster."""
    cursor = Cursor(reader, order=">", most=limits.UBJSON)
    whole = _Walk(cursor).value(cursor.bytes(1).decode("latin-1"), 0)
    if cursor.left:
        raise Malformed(f"{cursor.left:,} bytes behind the end of the object")
    if not boosters.is_booster(whole):
        return None
    found = Mentions()
    boosters.say(whole, found)
    return (Part(member=visit.member, format="xgboost", mentions=found.all()),)


class _Walk:
    """One value after the other; lists of numbers come whole."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._values = limits.UBJSON_VALUES

    def value(self, kind: str, depth: int) -> Any:
        self._values -= 1
        if depth > limits.UBJSON_DEPTH or self._values < 0:
            raise Refused("values nested too deeply, or too many of them", reason=GapReason.LIMIT)
        if kind in _NUMBERS:
            return self._cursor.number(_NUMBERS[kind])
        if kind in _CONSTANTS:
            return _CONSTANTS[kind]
        if kind in "SH":
            return self._cursor.bytes(self._length(self._kind())).decode("utf-8", "replace")
        if kind == "C":
            return self._cursor.bytes(1).decode("latin-1")
        if kind == "{":
            return self._object(depth)
        if kind == "[":
            return self._array(depth)
        raise Malformed(f"a value of kind {kind!a} at offset {self._cursor.at}")

    def _kind(self) -> str:
        kind = "N"
        while kind == "N":
            kind = self._cursor.bytes(1).decode("latin-1")
        return kind

    def _length(self, kind: str) -> int:
        if kind not in "iUIlL":
            raise Malformed(f"a length of kind {kind!a} at offset {self._cursor.at}")
        length: int = self._cursor.number(_NUMBERS[kind])
        if not 0 <= length <= self._cursor.left:
            raise Malformed(f"a length of {length:,} at offset {self._cursor.at}")
        return length

    def _bounds(self) -> tuple[str, str, int | None]:
        """The kind of all items where it is said once, the first mark behind it, how many there are."""
        mark, kind, count = self._kind(), "", None
        if mark == "$":
            kind, mark = self._kind(), self._kind()
        if mark == "#":
            count = self._length(self._kind())
        elif kind:
            raise Malformed(f"a kind without a count at offset {self._cursor.at}")
        return kind, mark, count

    def _object(self, depth: int) -> dict[str, Any]:
        kind, mark, count = self._bounds()
        made: dict[str, Any] = {}
        while count is None or count > 0:
            if count is None and mark == "}":
                break
            first = mark if count is None else self._kind()
            key = self._cursor.bytes(self._length(first)).decode("utf-8", "replace")
            if key in made:
                raise Malformed(f"the key {key[:80]!a} stands twice in one object")
            made[key] = self.value(kind or self._kind(), depth + 1)
            count, mark = (None, self._kind()) if count is None else (count - 1, mark)
        return made

    def _array(self, depth: int) -> Any:
        kind, mark, count = self._bounds()
        if kind in _NUMBERS and count is not None:
            return self._cursor.numbers(_NUMBERS[kind], count)
        made: list[Any] = []
        while count is None or len(made) < count:
            if count is None and mark == "]":
                break
            made.append(self.value(kind or (mark if count is None else self._kind()), depth + 1))
            if count is None:
                mark = self._kind()
        return made
