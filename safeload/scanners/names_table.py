"""The data files as dictionaries, of which only those are read that a name's package asks for."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path

from safeload.lean import Final, Iterable, Mapping, attribute, record
from safeload.scanners.names_file import Condition, NameFile, Standing, checked, read

__all__ = ["ORDER", "Known", "Pair", "Table", "assemble", "core", "everything", "shared", "with_free", "written_for"]

Pair = tuple[str, str]

ORDER: Final = (Standing.FREE, Standing.CONDITIONAL, Standing.UNKNOWN, Standing.DANGEROUS)
# What matters for every name: Python's own modules reach into any other, and are reached through any other.
_CORE: Final = ("python", "others")
_PACKAGES: Final = 1024  # packages whose files are remembered; a stream with thousands of made-up packages
_FOLDER: Final = Path(__file__).with_name("imports")


@record(frozen=True, slots=True, kw_only=True)
class Known:
    """What one name is: `what` says in plain words what it does (dangerous) or is for (conditional)."""

    standing: Standing
    what: str = ""
    condition: Condition | None = None


@record(frozen=True, slots=True, kw_only=True)
class Table:
    """Data files as dictionaries. `whole` are dangerous modules; `reached` those that other modules hand on.

    `classes` are the long derived lists, by module, with the names of each still in one text: most are never asked for.
    """

    exact: Mapping[Pair, Known]
    classes: Mapping[str, tuple[tuple[str, Known], ...]]
    whole: Mapping[str, str]
    reached: frozenset[str]
    gone: frozenset[str]

    def get(self, module: str, name: str) -> Known | None:
        """The strictest entry that names exactly this."""
        exact = self.exact.get((module, name))
        answers = [] if exact is None else [exact]  # first: of two conditional entries the written one counts
        answers += [known for names, known in self.classes.get(module, ()) if name in names.split()]
        return max(answers, key=lambda known: ORDER.index(known.standing), default=None)


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
    return assemble(_read(file) for file in _files())


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
    return tuple(sorted(path.name for path in _FOLDER.iterdir() if path.name.endswith(".toml")))


def _text(file: str) -> str:
    return (_FOLDER / file).read_text(encoding="utf-8")


def _read(file: str) -> NameFile:
    """As it was compiled for a wheel (hatch_build.py), where it was: TOML takes ten times as long."""
    try:
        document = attribute(f"safeload.scanners.imports.{file.removesuffix('.toml')}", "DOCUMENT")
    except ImportError:
        return read(_text(file), file=file)
    return checked(document, file=file)


@cache
def _load(files: tuple[str, ...]) -> Table:
    return assemble(_read(file) for file in files)


def assemble(library: Iterable[NameFile]) -> Table:
    """One table from all files; the strictest entry counts where two files name the same thing."""
    exact: dict[Pair, Known] = {}
    classes: dict[str, list[tuple[str, Known]]] = {}
    whole: dict[str, str] = {}
    reached: set[str] = set()
    gone: set[str] = set()
    for file in library:
        gone.update(file.gone)
        for entry in file.entries:
            item = Known(standing=entry.standing, what=entry.what, condition=entry.condition)
            for module, names in entry.classes:
                classes.setdefault(module, []).append((names, item))
            for module in entry.modules:
                if not entry.names:
                    whole[module] = entry.what
                    reached.update({module} if entry.reached else ())
                for name in entry.names:
                    before = exact.get((module, name))
                    if before is None or ORDER.index(before.standing) <= ORDER.index(item.standing):
                        exact[module, name] = item
    lists = {module: tuple(together) for module, together in classes.items()}
    return Table(exact=exact, classes=lists, whole=whole, reached=frozenset(reached), gone=frozenset(gone))
