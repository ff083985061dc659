"""What is known of importable names: free, conditional, dangerous; everything else is unknown."""

from __future__ import annotations

from contextvars import ContextVar
from functools import cache, lru_cache

from safeload.lean import Callable, Final, Iterator
from safeload.scanners import names_table
from safeload.scanners.names_file import Condition, Standing
from safeload.scanners.names_table import ORDER, Known, Pair

__all__ = [
    "Condition",
    "Known",
    "Standing",
    "also",
    "classify",
    "dangerous",
    "fits",
    "free_pairs",
    "known",
    "listed",
    "variants",
]

_REMEMBERED: Final = 16_384  # names kept with their answer; a stream with millions of names


# What is known beside the data files, in one process: a load that is judged where it happens.
_here: ContextVar[Callable[[str, str], Known | None] | None] = ContextVar("here", default=None)


class also:
    """While this lasts, names that are on no list are held against `known_here`."""

    def __init__(self, known_here: Callable[[str, str], Known | None]) -> None:
        self._known_here = known_here

    def __enter__(self) -> None:
        self._token = _here.set(self._known_here)

    def __exit__(self, *exception: object) -> None:
        _here.reset(self._token)


def known(module: str, name: str) -> Known | None:
    """What is known of `module.name`, by the strictest of its spellings; None when nothing is."""
    return _asked(module, name)[1]


def classify(module: str, name: str) -> Standing:
    """The standing of `module.name`, by the strictest of its spellings in Python 2 and 3."""
    return _asked(module, name)[0]


def listed(module: str, name: str) -> Known | None:
    """`known`, by the data files alone: the same in every process."""
    return _answer(module, name)[1]


def dangerous(module: str, name: str) -> str | None:
    """In plain words what `module.name` can do, or None when it is not known to be dangerous."""
    standing, entry = _answer(module, name)
    return entry.what if entry is not None and standing is Standing.DANGEROUS else None


def variants(module: str, name: str) -> tuple[Pair, ...]:
    """The pair as the stream has it, and as Python 3 maps it for protocols 0 to 2, where that differs."""
    import _compat_pickle

    pair = (module, name)
    mapped = _compat_pickle.NAME_MAPPING.get(pair) or (_compat_pickle.IMPORT_MAPPING.get(module, module), name)
    return (pair,) if mapped == pair else (pair, mapped)


@cache
def free_pairs() -> frozenset[Pair]:
    """Every free name in every spelling whose readings are all free: what the audit hook lets pass unasked."""
    import _compat_pickle

    exact = {pair for pair, entry in names_table.with_free().pairs() if entry.standing is Standing.FREE}
    spelled = {old for old, new in _compat_pickle.NAME_MAPPING.items() if new in exact}
    for old, new in _compat_pickle.IMPORT_MAPPING.items():
        spelled |= {(old, name) for module, name in exact if module == new}
    return frozenset(pair for pair in exact | spelled if classify(*pair) is Standing.FREE)


def fits(wanted: str, module: str, name: str) -> bool:
    """Is the global `module.name`, given as an argument, what a pattern's word `wanted` asks for?"""
    if wanted == "@any":
        return True
    if wanted == "@free":
        return classify(module, name) is Standing.FREE
    if wanted == "@constructible":
        entry = known(module, name)
        return entry is not None and entry.condition is not None and entry.condition.constructed is not None
    if wanted.startswith("@"):
        entry = known(module, name)
        return entry is not None and entry.condition is not None and entry.condition.group == wanted[1:]
    return any(wanted == f"global:{spelled}.{called}" for spelled, called in variants(module, name))


def _asked(module: str, name: str) -> tuple[Standing, Known | None]:
    standing, entry = _answer(module, name)
    known_here = _here.get()
    if standing is Standing.UNKNOWN and known_here is not None:
        entry = known_here(module, name)
        standing = Standing.UNKNOWN if entry is None else entry.standing
    return standing, entry


@lru_cache(maxsize=_REMEMBERED)
def _answer(module: str, name: str) -> tuple[Standing, Known | None]:
    answers = list(_readings(variants(module, name)))
    return max(answers, key=lambda answer: ORDER.index(answer[0]))


def _readings(pairs: tuple[Pair, ...]) -> Iterator[tuple[Standing, Known | None]]:
    for index, (module, name) in enumerate(pairs):
        entry = _listed(module, name) or _walk(module, name)
        if entry is None and index == 0 and len(pairs) > 1 and module in names_table.core().gone:
            continue  # Python 3 has no such module: only the mapped spelling can be imported.
        yield (Standing.UNKNOWN, None) if entry is None else (entry.standing, entry)


def _listed(module: str, name: str) -> Known | None:
    """The strictest entry for exactly this name, in the files that every name is held against and in its package's."""
    found = (table.get(module, name) for table in _tables(module))
    return max((entry for entry in found if entry), key=lambda entry: ORDER.index(entry.standing), default=None)


def _tables(module: str) -> tuple[names_table.Table, ...]:
    own = names_table.written_for(module)
    return (names_table.core(),) if own is None else (names_table.core(), own)


def _walk(module: str, name: str) -> Known | None:
    """The dangerous entry that an unlisted name leads to: by its module, or by the way its dots take."""
    core = names_table.core()
    what = _whole(module)
    if what is None and "." in name:
        what = _dotted(module, name.split("."))
    if what is None and name.lstrip("_") in core.reached:
        what = f"hands over the module {name.lstrip('_')}, which {core.whole[name.lstrip('_')]}"
    return None if what is None else Known(standing=Standing.DANGEROUS, what=what)


def _whole(module: str) -> str | None:
    tables = _tables(module)
    while module:
        for table in tables:
            if module in table.whole:
                return table.whole[module]
        module = module.rpartition(".")[0]
    return None


def _dotted(module: str, parts: list[str]) -> str | None:
    """`pathlib` and `os.getpid` is os.getpid; `torch` and `storage._load_from_bytes` is in torch.storage."""
    for index, part in enumerate(parts[:-1]):
        rest = ".".join(parts[index + 1 :])
        for reached in (part, part.lstrip("_"), ".".join((module, *parts[: index + 1]))):
            entry = _listed(reached, rest)
            if entry is not None and entry.standing is Standing.DANGEROUS:
                return entry.what
            for table in _tables(reached):
                if reached in table.whole:
                    return table.whole[reached]
    first = _listed(module, parts[0])
    if first is not None and first.standing is Standing.DANGEROUS:
        return first.what
    if any(part.startswith("__") and part.endswith("__") for part in parts):
        return "reaches into Python's own internals, from where anything can be called"
    return None
