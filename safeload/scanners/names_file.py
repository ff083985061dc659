"""The data files of importable names, checked field by field."""

from __future__ import annotations

import sys
from functools import cache

from safeload.lean import Any, Choice, Final, Iterator, Mapping, field, record
from safeload.scanners import shapes

__all__ = ["Condition", "Document", "Entry", "NameFile", "Standing", "checked", "entry", "parsed", "read", "tables"]

Document = Mapping[str, Any]


class Standing(str, Choice):
    """What is known of a name, from the mildest to the strictest."""

    FREE = "free"  # harmless in every role, with any arguments, as a BUILD target and with any state too
    CONDITIONAL = "conditional"  # harmless in the stated roles, with the stated arguments
    UNKNOWN = "unknown"
    DANGEROUS = "dangerous"


@record(frozen=True, slots=True, kw_only=True)
class Condition:
    """How a conditional name may be used. None for a role: not at all. An empty pattern: without arguments.

    `state` is what BUILD may give to what was constructed or called; `fields` says for some fields of such a state what
    they, or the items of a list or tuple in them, may be. `group` is what patterns of other names call it (`@dtype`).
    Of a dangerous name, `called` are the calls that are harmless, `asked` those that a person decides about.
    """

    called: tuple[shapes.Pattern, ...] | None = None
    constructed: tuple[shapes.Pattern, ...] | None = None
    state: tuple[shapes.Pattern, ...] | None = None
    fields: Mapping[str, shapes.Slot] = field(default_factory=dict)
    asked: tuple[shapes.Pattern, ...] | None = None
    referenced: bool = False
    group: str = ""


@record(frozen=True, slots=True, kw_only=True)
class Entry:
    """One table of a data file. `names` is empty for dangerous modules as a whole, with all modules below them.

    `classes` are derived lists: a module with the names in it, which stay one text until somebody asks for the module.
    `kept` says what comes of it when another class keeps what may be called, and calls it with arguments of its own.
    `reached`: also dangerous as an attribute of any other module, since libraries import it under its own name.
    """

    standing: Standing
    modules: tuple[str, ...]
    names: tuple[str, ...]
    classes: tuple[tuple[str, str], ...] = ()
    what: str = ""
    kept: str = ""
    condition: Condition | None = None
    reached: bool = False


@record(frozen=True, slots=True, kw_only=True)
class NameFile:
    """One library. `derived` tells from which release the lists were made; `gone` are modules Python 3 has not."""

    library: str
    entries: tuple[Entry, ...]
    derived: str = ""
    gone: tuple[str, ...] = ()


_TOP: Final = frozenset({"library", "derived", "gone", "free", "conditional", "dangerous"})
_KEYS: Final[Mapping[Standing, frozenset[str]]] = {
    Standing.FREE: frozenset({"modules", "names"}),
    Standing.CONDITIONAL: frozenset(
        (
            *("modules", "names", "classes", "what", "called", "kept"),
            *("constructed", "state", "fields", "referenced", "group"),
        )
    ),
    Standing.DANGEROUS: frozenset({"modules", "names", "what", "reached", "called", "asked"}),
}


def read(text: str, *, file: str) -> NameFile:
    """Parse one data file. Raises `ValueError` that names the file, the table and the field."""
    return checked(_loaded(text, file), file=file)


def parsed(text: str, *, file: str) -> Document:
    """The same, as it is written there."""
    document = _loaded(text, file)
    checked(document, file=file)
    return document


def tables(document: Document) -> Iterator[tuple[Standing, int, Any]]:
    """Each table of a document, with its number among those of its standing."""
    for standing in _KEYS:
        for number, table in enumerate(document.get(standing.value, ()), 1):
            yield standing, number, table


def _loaded(text: str, file: str) -> Document:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        document: Document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{file}: {error}") from error
    return document


def checked(document: Document, *, file: str) -> NameFile:
    """What a data file says, each field checked. Raises `ValueError`."""
    _known(document, _TOP, file)
    for key in (standing.value for standing in _KEYS):
        if not isinstance(document.get(key, []), list):
            raise ValueError(f"{file}: {key} is written [[{key}]]")
    return NameFile(
        library=_text(document, "library", file),
        derived=_text(document, "derived", file, optional=True),
        gone=_words(document, "gone", file, optional=True),
        entries=tuple(entry(*each, file=file) for each in tables(document)),
    )


def entry(standing: Standing, number: int, table: Any, *, file: str) -> Entry:
    """One of `tables`. Raises `ValueError`."""
    where = f"{file}: [[{standing.value}]] number {number}"
    if not isinstance(table, dict):
        raise ValueError(f"{where}: expected a table")
    _known(table, _KEYS[standing], where)
    whole = standing is Standing.DANGEROUS and "names" not in table
    derived = "classes" in table
    if derived and ("modules" in table or "names" in table):
        raise ValueError(f"{where}: classes stand instead of modules and names")
    made = Entry(
        standing=standing,
        modules=() if derived else _words(table, "modules", where),
        names=() if whole or derived else _words(table, "names", where),
        classes=_classes(table, where) if derived else (),
        what=_text(table, "what", where, optional=standing is not Standing.DANGEROUS),
        kept=_text(table, "kept", where, optional=True),
        condition=_exceptions(table, where) if standing is Standing.DANGEROUS else _condition(table, standing, where),
        reached=_flag(table, "reached", where),
    )
    if made.reached and not whole:
        raise ValueError(f"{where}: reached is for whole modules, without names")
    return made


def _classes(table: Mapping[str, Any], where: str) -> tuple[tuple[str, str], ...]:
    """Lines of `module: Name Name`."""
    lines = [line.partition(":") for line in _text(table, "classes", where).splitlines() if line]
    for module, colon, names in lines:
        if not colon or not names or not module.replace(".", "").isidentifier():
            raise ValueError(f"{where}: classes: {module!r} is not a line of a module, a colon and names")
    return tuple((module, names) for module, _, names in lines)


def _exceptions(table: Mapping[str, Any], where: str) -> Condition | None:
    called, asked = _patterns(table, "called", where), _patterns(table, "asked", where)
    if (called or asked) and "names" not in table:
        raise ValueError(f"{where}: called and asked are for names, not for whole modules")
    return Condition(called=called, asked=asked) if called or asked else None


def _condition(table: Mapping[str, Any], standing: Standing, where: str) -> Condition | None:
    if standing is not Standing.CONDITIONAL:
        return None
    condition = Condition(
        called=_patterns(table, "called", where),
        constructed=_patterns(table, "constructed", where),
        state=_patterns(table, "state", where),
        fields=_fields(table, where),
        referenced=_flag(table, "referenced", where),
        group=_text(table, "group", where, optional=True),
    )
    if condition.called is None and condition.constructed is None and not condition.referenced:
        raise ValueError(f"{where}: allows no role; give called, constructed or referenced")
    if condition.state is not None and condition.called is None and condition.constructed is None:
        raise ValueError(f"{where}: state is for what is called or constructed")
    return condition


def _fields(table: Mapping[str, Any], where: str) -> dict[str, shapes.Slot]:
    fields = table.get("fields", {})
    if not isinstance(fields, dict) or not all(isinstance(text, str) for text in fields.values()):
        raise ValueError(f"{where}: fields is a table of field and word")
    if fields and table.get("state") is None:
        raise ValueError(f"{where}: fields are those of a state")
    try:
        return {name: shapes.word(text) for name, text in fields.items()}
    except ValueError as error:
        raise ValueError(f"{where}: fields: {error}") from error


def _patterns(table: Mapping[str, Any], key: str, where: str) -> tuple[shapes.Pattern, ...] | None:
    if key not in table:
        return None
    texts = table[key]
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{where}: {key} is a list of argument patterns, and not an empty one")
    try:
        return tuple(_pattern(text) for text in texts)
    except ValueError as error:
        raise ValueError(f"{where}: {key}: {error}") from error


_pattern = cache(shapes.parse)


def _known(table: Mapping[str, Any], keys: frozenset[str], where: str) -> None:
    for key in table:
        if key not in keys:
            raise ValueError(f"{where}: unknown key {key!r}; known are {', '.join(sorted(keys))}")


def _text(table: Mapping[str, Any], key: str, where: str, *, optional: bool = False) -> str:
    value = table.get(key, "" if optional else None)
    if not isinstance(value, str) or not (value or optional):
        raise ValueError(f"{where}: {key} is a text, and has to be there")
    return value


def _words(table: Mapping[str, Any], key: str, where: str, *, optional: bool = False) -> tuple[str, ...]:
    words = tuple(_text(table, key, where, optional=optional).split())
    for word in words:
        if not all(part.isidentifier() for part in word.split(".")):
            raise ValueError(f"{where}: {key}: {word!r} is not a dotted name")
    return words


def _flag(table: Mapping[str, Any], key: str, where: str) -> bool:
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise ValueError(f"{where}: {key} is true or false")
    return value
