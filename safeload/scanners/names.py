"""What is known of importable names: free, conditional, dangerous; everything else is unknown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from safeload.scanners.names_file import Condition, NameFile, Standing, read

__all__ = ["Condition", "Known", "Standing", "classify", "dangerous", "fits", "free_pairs", "known", "variants"]

Pair = tuple[str, str]

_ORDER: Final = (Standing.FREE, Standing.CONDITIONAL, Standing.UNKNOWN, Standing.DANGEROUS)
_REMEMBERED: Final = 16_384  # names kept with their answer; a stream with millions of names


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What one name is: `what` says in plain words what it does (dangerous) or is for (conditional)."""

    standing: Standing
    what: str = ""
    condition: Condition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """All data files as dictionaries. `whole` are dangerous modules; `reached` those that other modules hand on."""

    exact: Mapping[Pair, Known]
    whole: Mapping[str, str]
    reached: frozenset[str]
    gone: frozenset[str]


def known(module: str, name: str) -> Known | None:
    """What is known of `module.name`, by the strictest of its spellings; None when nothing is."""
    return _answer(module, name)[1]


def classify(module: str, name: str) -> Standing:
    """The standing of `module.name`, by the strictest of its spellings in Python 2 and 3."""
    return _answer(module, name)[0]


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

    exact = {pair for pair, entry in _table().exact.items() if entry.standing is Standing.FREE}
    spelled = {old for old, new in _compat_pickle.NAME_MAPPING.items() if new in exact}
    for old, new in _compat_pickle.IMPORT_MAPPING.items():
        spelled |= {(old, name) for module, name in exact if module == new}
    return frozenset(pair for pair in exact | spelled if classify(*pair) is Standing.FREE)


def fits(wanted: str, module: str, name: str) -> bool:
    """Is the global `module.name`, given as an argument, what a pattern's word `wanted` asks for?"""
    if wanted == "@free":
        return classify(module, name) is Standing.FREE
    if wanted == "@constructible":
        entry = known(module, name)
        return entry is not None and entry.condition is not None and entry.condition.constructed is not None
    if wanted.startswith("@"):
        entry = known(module, name)
        return entry is not None and entry.condition is not None and entry.condition.group == wanted[1:]
    return any(wanted == f"global:{spelled}.{called}" for spelled, called in variants(module, name))


@lru_cache(maxsize=_REMEMBERED)
def _answer(module: str, name: str) -> tuple[Standing, Known | None]:
    table = _table()
    answers = list(_readings(table, variants(module, name)))
    return max(answers, key=lambda answer: _ORDER.index(answer[0]))


def _readings(table: Table, pairs: tuple[Pair, ...]) -> Iterator[tuple[Standing, Known | None]]:
    for index, (module, name) in enumerate(pairs):
        entry = table.exact.get((module, name)) or _walk(table, module, name)
        if entry is None and index == 0 and len(pairs) > 1 and module in table.gone:
            continue  # Python 3 has no such module: only the mapped spelling can be imported.
        yield (Standing.UNKNOWN, None) if entry is None else (entry.standing, entry)


def _walk(table: Table, module: str, name: str) -> Known | None:
    """The dangerous entry that an unlisted name leads to: by its module, or by the way its dots take."""
    what = _whole(table, module)
    if what is None and "." in name:
        what = _dotted(table, module, name.split("."))
    if what is None and name.lstrip("_") in table.reached:
        what = f"hands over the module {name.lstrip('_')}, which {table.whole[name.lstrip('_')]}"
    return None if what is None else Known(standing=Standing.DANGEROUS, what=what)


def _whole(table: Table, module: str) -> str | None:
    while module:
        if module in table.whole:
            return table.whole[module]
        module = module.rpartition(".")[0]
    return None


def _dotted(table: Table, module: str, parts: list[str]) -> str | None:
    """`pathlib` and `os.getpid` is os.getpid; `torch` and `storage._load_from_bytes` is in torch.storage."""
    for index, part in enumerate(parts[:-1]):
        rest = ".".join(parts[index + 1 :])
        for reached in (part, part.lstrip("_"), ".".join((module, *parts[: index + 1]))):
            entry = table.exact.get((reached, rest))
            if entry is not None and entry.standing is Standing.DANGEROUS:
                return entry.what
            if reached in table.whole:
                return table.whole[reached]
    first = table.exact.get((module, parts[0]))
    if first is not None and first.standing is Standing.DANGEROUS:
        return first.what
    if any(part.startswith("__") and part.endswith("__") for part in parts):
        return "reaches into Python's own internals, from where anything can be called"
    return None


@cache
def _table() -> Table:
    from importlib.resources import files

    folder = files("safeload.scanners") / "imports"
    paths = sorted((item for item in folder.iterdir() if item.name.endswith(".toml")), key=lambda item: item.name)
    return assemble(read(path.read_text(encoding="utf-8"), file=path.name) for path in paths)


def assemble(library: Iterable[NameFile]) -> Table:
    """One table from all files; the strictest entry counts where two files name the same thing."""
    exact: dict[Pair, Known] = {}
    whole: dict[str, str] = {}
    reached: set[str] = set()
    gone: set[str] = set()
    for file in library:
        gone.update(file.gone)
        for entry in file.entries:
            item = Known(standing=entry.standing, what=entry.what, condition=entry.condition)
            for module in entry.modules:
                if not entry.names:
                    whole[module] = entry.what
                    reached.update({module} if entry.reached else ())
                for name in entry.names:
                    before = exact.get((module, name))
                    if before is None or _ORDER.index(before.standing) <= _ORDER.index(item.standing):
                        exact[module, name] = item
    return Table(exact=exact, whole=whole, reached=frozenset(reached), gone=frozenset(gone))
