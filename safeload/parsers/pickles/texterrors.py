"""Stand-ins for Python's errors of Unicode, which show the character at a place that they were given unchecked."""

from __future__ import annotations

from safeload.lean import Any, Final
from safeload.parsers.pickles.rawbytes import raw_size
from safeload.parsers.pickles.standins import Inert, Named


class _NamedTextError(Named):
    def begin(cls, made: Any, args: tuple[Any, ...]) -> bool:
        text, start, end = args[-4:-1] if len(args) in (4, 5) else (None, None, None)
        size = raw_size(text)
        return type(start) is int and type(end) is int and size is not None and 0 <= start <= end <= size


class TextError(Inert, metaclass=_NamedTextError):
    """An error, with the text that it is about and a part of it."""

    __slots__ = ()


SPECIALS: Final[dict[tuple[str, str], type[Inert]]] = {
    (module, f"Unicode{kind}Error"): TextError
    for module in ("builtins", "exceptions")
    for kind in ("Decode", "Encode", "Translate")
}
