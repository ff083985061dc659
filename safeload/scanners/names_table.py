"""The data files as dictionaries, of which only those are read that a name's package asks for."""

from __future__ import annotations

import os
from functools import cache, lru_cache

from safeload.lean import Any, Callable, Final, Iterable, Iterator, Mapping, attribute, record
from safeload.scanners.names_file import Condition, Document, Standing, entry, parsed, tables

__all__ = ["ORDER", "Known", "Pair", "Table", "assemble", "core", "everything", "shared", "with_free", "written_for"]

Pair = tuple[str, str]

ORDER: Final = (Standing.FREE, Standing.CONDITIONAL, Standing.UNKNOWN, Standing.DANGEROUS)
# What matters for every name: Python's own modules reach into any other, and are reached through any other.
_CORE: Final = ("python", "others")
_PACKAGES: Final = 1024  # packages whose files are remembered; a stream with thousands of made-up packages
_FOLDER: Final = os.path.join(os.path.dirname(__file__), "imports")  # noqa: PTH118, PTH120  (pathlib is 4 ms)


def _without() -> None:
    return None


@record(frozen=True, slots=True, kw_only=True)
class Known:
    """What one name is: `what` says in plain words what it does (dangerous) or is for (conditional).

    `stated` gives the condition: of the many names of a file few are asked for, so few are looked at closely.
    """

    standing: Standing
    what: str = ""
    stated: Callable[[], Condition | None] = _without

    @property
    def condition(self) -> Condition | None:
        return self.stated()


class _Stated:
    """The condition of one table of a data file, which is checked when it is first asked for."""

    __slots__ = ("_condition", "_table")

    def __init__(self, *table: Any) -> None:
        self._table = table

    def __call__(self) -> Condition | None:
        """Raises `ValueError`."""
        given = self._table
        if given:
            *table, file = given
            self._condition, self._table = entry(*table, file=file).condition, ()
        return self._condition


# By module: the names in it, as the data file writes them, and what is known of each of them.
Lists = Mapping[str, tuple[tuple[str, Known], ...]]


@record(frozen=True, slots=True, kw_only=True)
class Table:
    """Data files by module. `whole` are dangerous modules; `reached` those that other modules hand on.

    `written` was written by people; `classes` are the long derived lists.
    """

    written: Lists
    classes: Lists
    whole: Mapping[str, str]
    reached: frozenset[str]
    gone: frozenset[str]

    def get(self, module: str, name: str) -> Known | None:
        """The strictest entry that names exactly this; of two conditional entries the written one counts."""
        lists = (*self.written.get(module, ()), *self.classes.get(module, ()))
        answers = [known for names, known in lists if name in names.split()]
        return max(answers, key=lambda known: ORDER.index(known.standing), default=None)

    def pairs(self) -> Iterator[tuple[Pair, Known]]:
        """Everything that was written by people; of two entries for a name, the one that counts comes last."""
        for module, lists in self.written.items():
            for names, known in reversed(lists):
                yield from (((module, name), known) for name in names.split())


def core() -> Table:
    """What is read before the first answer: Python's own names, and what is dangerous in packages without a file."""
    return _load(_named(_CORE))


def written_for(module: str) -> Table | None:
    """What is known of the package that `module` lies in; None for a package without a file of its own."""
    files = _files_of(module.partition(".")[0])
    return _load(files) if files else None


def with_free() -> Table:
    """The files in which a name is free: derived lists never hold one, and are not read."""
    return _load(tuple(file for file in _files() if "[[free]]" in _text(file)))


def everything() -> Table:
    """All files: for tests, and for tools that list what is known."""
    return assemble((file, _read(file)) for file in _files())


def shared(file: str) -> bool:
    """Is this file read for every name?"""
    return file in _named(_CORE)


@lru_cache(maxsize=_PACKAGES)
def _files_of(package: str) -> tuple[str, ...]:
    return _named((package,)) if package and package not in _CORE else ()


def _named(prefixes: tuple[str, ...]) -> tuple[str, ...]:
    """`torch` is in `torch.toml` and `torch_nn.toml`."""
    return tuple(
        file for file in _files() for prefix in prefixes if file == f"{prefix}.toml" or file.startswith(f"{prefix}_")
    )


@cache
def _files() -> tuple[str, ...]:
    return tuple(sorted(name for name in os.listdir(_FOLDER) if name.endswith(".toml")))  # noqa: PTH208


def _text(file: str) -> str:
    with open(os.path.join(_FOLDER, file), encoding="utf-8") as text:  # noqa: PTH118, PTH123
        return text.read()


def _read(file: str) -> Document:
    """As it was compiled for a wheel (hatch_build.py), where it was: TOML takes ten times as long."""
    try:
        document: Document = attribute(f"safeload.scanners.imports.{file.removesuffix('.toml')}", "DOCUMENT")
    except ImportError:
        return parsed(_text(file), file=file)
    return document


@cache
def _load(files: tuple[str, ...]) -> Table:
    return assemble((file, _read(file)) for file in files)


def assemble(library: Iterable[tuple[str, Document]]) -> Table:
    """One table from all files; the strictest entry counts where two files name the same thing."""
    written: dict[str, list[tuple[str, Known]]] = {}
    classes: dict[str, list[tuple[str, Known]]] = {}
    whole: dict[str, str] = {}
    reached: set[str] = set()
    gone: set[str] = set()
    for file, document in library:
        gone.update(document.get("gone", "").split())
        for standing, number, table in tables(document):
            stated = _Stated(standing, number, table, file)
            known = Known(standing=standing, what=table.get("what", ""), stated=stated)
            for line in table.get("classes", "").splitlines():
                module, _, names = line.partition(":")
                classes.setdefault(module, []).append((names, known))
            for module in table.get("modules", "").split():
                if "names" in table:
                    written.setdefault(module, []).insert(0, (table["names"], known))
                else:
                    whole[module] = known.what
                    reached.update({module} if table.get("reached") else ())
    frozen = [{module: tuple(together) for module, together in lists.items()} for lists in (written, classes)]
    return Table(written=frozen[0], classes=frozen[1], whole=whole, reached=frozenset(reached), gone=frozenset(gone))
