"""What a single value looks like: as a tag, a literal that could be a pickle, torch's persistent id, short text."""

from __future__ import annotations

from safeload import limits
from safeload.lean import Any, Final
from safeload.parsers.pickles.described import described
from safeload.parsers.pickles.standins import Blank, InertMapping, Named, Persistent

STARTS: Final = frozenset(b"(]})NIJKLMFGSTUVXBCcP\x80\x82\x83\x84\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x95\x96\x97")

ARGUMENTS: Final = 64  # tags of one shape
_ITEMS: Final = 10_000  # of a list in a field that is told
_LITERAL: Final = 64  # characters of a string in a field that is told
ODD: Final = ("odd",)
UNREAD: Final = ("unread",)
PLAIN: Final[dict[type, str]] = {
    int: "int",
    float: "float",
    bool: "bool",
    type(None): "none",
    tuple: "tuple",
    list: "list",
    dict: "dict",
    set: "set",
    frozenset: "set",
}


def could_be_pickle(value: str | bytes | bytearray) -> bool:
    """Starts with an opcode that can stand first, stops somewhere, and holds an opcode that names something."""
    first = ord(value[0]) if isinstance(value, str) else value[0]
    if first not in STARTS:
        return False
    if isinstance(value, str):
        return "." in value and (value.count("\n") > 1 or any(c in value for c in "\x93\x82\x83\x84"))
    return b"." in value and (value.count(b"\n") > 1 or any(c in value for c in b"\x93\x82\x83\x84"))


def is_storage(pid: Any) -> bool:
    """torch's own shape: ('storage', <class>, key, location, numel[, view])."""
    return (
        type(pid) is tuple
        and len(pid) in (5, 6)
        and pid[0] == "storage"
        and isinstance(pid[1], Named)
        and type(pid[2]) is str
        and type(pid[3]) is str
        and type(pid[4]) is int
        and pid[4] >= 0
        and (len(pid) == 5 or _is_view(pid[5]))
    )


def _is_view(view: Any) -> bool:
    """A part of another storage, in the form before 1.6: its key, where it begins, how long it is."""
    if view is None:
        return True
    return type(view) is tuple and len(view) == 3 and [type(item) for item in view] == [str, int, int]


def example(args: tuple[Any, ...]) -> str:
    """Arguments as escaped, shortened text."""
    return ", ".join(_show(a, 2) for a in args[:8])[: limits.EVIDENCE]


def _show(value: Any, depth: int) -> str:
    kind = value.__class__
    if kind in (str, bytes, bytearray):
        cut = value[: limits.EVIDENCE]
        return ascii(cut if kind is str else bytes(cut))
    if kind is int:
        return str(value) if value.bit_length() < 256 else "<a long number>"
    if kind in (float, bool) or value is None:
        return repr(value)
    if isinstance(value, Named):
        return f"{value.page.module}.{value.page.name}"
    if isinstance(value, Persistent):
        return "<persistent id>"
    if isinstance(value, Blank):
        return f"{type(value).page.module}.{type(value).page.name}(…)"
    if depth and kind in (tuple, list):
        inner = ", ".join(_show(item, depth - 1) for item in value[:6])
        return f"({inner})" if kind is tuple else f"[{inner}]"
    if depth and kind is dict:
        shown = [f"{_show(k, 0)}: {_show(v, depth - 1)}" for _, (k, v) in zip(range(6), value.items(), strict=False)]
        return "{" + ", ".join(shown) + "}"
    return "…"


def masked(state: dict[Any, Any]) -> bool:
    """Is a key what a call made? `str("func")` is the field `func`, and so is one of numpy's strings."""
    return any(isinstance(key, (Blank, InertMapping)) for key in state)


def state_shape(value: Any, *, odd: bool) -> tuple[str, ...]:
    """Tags of a state. Its names and literals are looked at elsewhere, so strings are just `str` here."""
    if odd:
        return ODD
    if value.__class__ is not tuple or len(value) == 1:
        return (PLAIN.get(value.__class__) or _state_tag(value),)
    shape = tuple([PLAIN.get(item.__class__) or _state_tag(item) for item in value[:ARGUMENTS]])
    return shape if len(value) <= ARGUMENTS else (*shape, "other")


def field_shape(held: dict[str, Any]) -> tuple[str, ...]:
    """Tags of a state of which some fields are told: `.name=tag`, one for each item of a list or tuple."""
    tags = set()
    for name, given in held.items():
        value = described(name, given)
        items = value if value.__class__ in (list, tuple) else (value,)
        tags |= {f".{name}={_field_tag(item)}" for item in items[:_ITEMS]}
        if len(items) > _ITEMS:
            tags.add(f".{name}=other")
    return ("dict", *sorted(tags))


def _field_tag(value: Any) -> str:
    if value.__class__ is str and len(value) <= _LITERAL:
        return f"str:{value!a}"
    return PLAIN.get(value.__class__) or _state_tag(value)


def _state_tag(value: Any) -> str:
    kind = value.__class__
    if kind is str:
        return "str"
    if kind is bytes or kind is bytearray:
        return "bytes"
    if isinstance(value, Named):
        return f"global:{value.page.module}.{value.page.name}"
    if isinstance(value, Persistent):
        return "persistent"
    return "result" if isinstance(value, (Blank, InertMapping)) else "other"
