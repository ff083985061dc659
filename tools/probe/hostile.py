"""Objects that stand in every field of a hostile state, and write down what is done with them."""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

MARK = "hostile_zz"  # in every text that a state holds: an event that names it came from the state
CALLS: list[str] = []  # what was called of a state, by the way that led to it
_DEPTH = 6  # attributes of attributes: code that follows `parent` for ever ends here


class Hostile:
    """Answers for every attribute, item and operation; a call is written down and gives another one."""

    def __init__(self, way: str, depth: int = 0) -> None:
        self.__dict__.update(_way=way, _depth=depth)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or self._depth > _DEPTH:
            raise AttributeError(name)
        made = Hostile(f"{self._way}.{name}", self._depth + 1)
        self.__dict__[name] = made
        return made

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        CALLS.append(self._way)
        if self._depth > _DEPTH:
            raise TypeError("deep")
        return Hostile(f"{self._way}()", self._depth + 1)

    def __getitem__(self, key: Any) -> Any:
        return Hostile(f"{self._way}[]", self._depth + 1)

    def __setitem__(self, key: Any, value: Any) -> None: ...
    def __delitem__(self, key: Any) -> None: ...

    def __iter__(self) -> Iterator[Any]:
        yield Hostile(f"{self._way}[]", self._depth + 1)

    def __contains__(self, key: Any) -> bool:
        return True

    def __len__(self) -> int:
        return 1

    def __index__(self) -> int:
        return 1

    def __int__(self) -> int:
        return 1

    def __float__(self) -> float:
        return 1.0

    def __bool__(self) -> bool:
        return True

    def __hash__(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        return True

    def __lt__(self, other: object) -> bool:
        return True

    def __str__(self) -> str:
        return MARK

    def __fspath__(self) -> str:
        return MARK

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: object) -> None: ...

    def _operation(self, *other: Any) -> Any:
        return Hostile(f"{self._way}+", self._depth + 1)

    __add__ = __radd__ = __sub__ = __mul__ = __rmul__ = __truediv__ = __or__ = __and__ = __neg__ = _operation


def values(way: str) -> list[Any]:
    """One of each kind: code asks for types before it does anything."""
    one = Hostile(way)
    return [
        one,
        MARK,
        f"/nowhere/{MARK}.bin",
        f"{MARK}.module:name",
        f"__import__('{MARK}')",
        f"{MARK}()".encode(),
        [one, MARK],
        (one, MARK),
        {MARK: one, "x": MARK},
        OrderedDict([(MARK, one)]),
        {MARK},
        1,
        0x7FFF_FFFF,
        0.5,
        True,
        None,
    ]


def arguments() -> list[Any]:
    """What a class may be called with when another one keeps it: numbers stay small, or arrays have terabytes."""
    return [value for value in values("argument") if not (isinstance(value, int) and value > 1)]


def state(fields: list[str], seed: int) -> dict[str, Any]:
    """Every field with a value: the recording object in all of them, then each kind, then kinds by chance."""
    kinds = len(values(""))
    chance = random.Random(seed)  # noqa: S311 -- the same states again
    pick = [seed] * len(fields) if seed < kinds else [chance.randrange(kinds) for _ in fields]
    return {field: values(field)[kind] for field, kind in zip(fields, pick, strict=True)}


def without(state: dict[str, Any], callables: list[str]) -> dict[str, Any]:
    """The same with a recording object in place of every method: what the class calls of itself, the state answers."""
    return {**state, **{name: Hostile(name) for name in callables}}
