"""JSON by the two functions in C that `json` stands on; `json` itself compiles five patterns when it is imported."""

from __future__ import annotations

from _json import encode_basestring_ascii, make_encoder, make_scanner

from safeload.lean import Any, Callable, Final, NoReturn


class _Grammar:
    """As `json.loads` without arguments."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_int = int
    parse_float = parse_constant = float


def _unknown(value: object) -> NoReturn:
    raise TypeError(f"no JSON for {type(value).__name__}")


_grammar: Final[Any] = _Grammar
_scan: Final[Callable[[str, int], tuple[Any, int]]] = make_scanner(_grammar)
_chunks: Final[Callable[[Any, int], tuple[str, ...]]] = make_encoder(
    None, _unknown, encode_basestring_ascii, None, ":", ",", False, False, True
)


def loads(raw: bytes) -> Any:
    """One value, and nothing before or behind it. Raises `ValueError`, `RecursionError`."""
    text = raw.decode("utf-8")
    try:
        value, end = _scan(text, 0)
    except StopIteration as error:
        raise ValueError("no JSON") from error
    if end != len(text):
        raise ValueError("more than one value")
    return value


def dumps(value: Any) -> bytes:
    return "".join(_chunks(value, 0)).encode("ascii")
