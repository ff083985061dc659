"""TorchScript source: which operators, classes and methods it names, by its words.

torch compiles it with a parser of its own; nothing here is evaluated. Only names matter, so that no difference of two
grammars can hide one: everything outside string literals counts.
https://pytorch.org/docs/stable/jit_language_reference.html
"""

from __future__ import annotations

import re

from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Final, Iterable, Iterator, replace
from safeload.parsers import text
from safeload.parsers.facts import Mention, Part, PickleFacts

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader
    from safeload.parsers.visit import Parts, Visit

CODE: Final = "torchscript-code"

# Names of `Mention.kind`.
OPERATOR: Final = "script-operator"
CLASS: Final = "script-class"
METHOD: Final = "script-method"
ATTRIBUTE: Final = "script-attribute"
CALL: Final = "script-call"
DEFINED: Final = "script-defined"

_WORDS: Final = re.compile(
    r"(?P<text>\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')|(?P<comment>#[^\n]*)"
    r"|(?P<chain>(?:\.\s*)?[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*)(?P<call>\s*\()?|(?P<other>[^\w\"'#])|(?P<number>\d\w*)",
    re.ASCII,
)
_KEYWORDS: Final = frozenset({"if", "elif", "while", "return", "and", "or", "not", "in", "assert", "def", "class"})
_BEFORE: Final = re.compile(r"\b(?:def|class)\s+$", re.ASCII)
_SET: Final = re.compile(r"^\s*([A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)*)\s*,?\s*=", re.ASCII | re.MULTILINE)
_GETATTR: Final = re.compile(r"getattr\(\s*[\w.]+\s*,\s*\"([\w.]*)\"\s*\)", re.ASCII)
_TAKEN: Final = "()"  # stands before a name that is taken by `getattr`
_MOST: Final = 4_000  # different names of one kind


def read(reader: Reader, visit: Visit) -> Parts | None:
    """One file of source. Raises `Malformed` where it is not as torch prints it."""
    found = text.read_part(reader, visit)
    if found is None or found[0].text is None:
        return None
    source = reader.read_at(0, reader.size).decode("utf-8")
    if '"""' in source.replace('\\"', "") or "'''" in source or any(ord(c) < 32 and c not in "\n\t" for c in source):
        raise Malformed("source that torch does not print so")
    mentions = tuple(Mention(kind=kind, text=name, count=n) for (kind, name), n in _named(source).items())
    return (Part(member=visit.member, format=CODE, text=found[0].text, mentions=mentions),)


def _named(source: str) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    local = {name.strip() for names in _SET.findall(source) for name in names.split(",")}
    at = 0
    while at < len(source):
        word = _WORDS.match(source, at)
        if word is None:
            raise Malformed("source with a string that does not end on its line")
        at = word.end()
        if word["chain"] is None:
            continue
        names = [name.strip() for name in word["chain"].split(".")]
        if names == ["getattr"] and word["call"] is not None:
            taken = _GETATTR.match(source, word.start())
            names = [_TAKEN, taken[1]] if taken is not None else ["getattr", "computed"]
        defined = _BEFORE.search(source, max(0, word.start() - 40), word.start()) is not None
        called = word["call"] is not None and names[0] != _TAKEN
        for kind, name in _kinds(names, called=called, defined=defined, local=local):
            found[kind, name] = found.get((kind, name), 0) + 1
            if len(found) > _MOST:
                raise Malformed("more names than any module has")
    return found


def _kinds(names: list[str], *, called: bool, defined: bool, local: set[str]) -> Iterator[tuple[str, str]]:
    """What one chain of names says. One that starts with a dot continues an expression."""
    first, whole = names[0], ".".join(names)
    if defined:
        yield DEFINED, whole
    elif first in ("torch", "ops"):
        yield OPERATOR, whole
    elif first == "getattr" and len(names) > 1:
        yield OPERATOR, "getattr"
    elif first == "__torch__":
        if names[1:3] == ["torch", "classes"]:
            yield CLASS, whole
    elif len(names) > 1:
        # Any name behind a dot can be taken and called later.
        for name in names[1:-1]:
            yield ATTRIBUTE, name
        yield METHOD if called else ATTRIBUTE, names[-1]
    elif called and first not in _KEYWORDS:
        yield (DEFINED, f"={first}") if first in local else (CALL, first)


def outside(facts: PickleFacts) -> tuple[PickleFacts, tuple[Mention, ...]]:
    """A pickle that torch's own unpickler reads: classes of the archive's code are no imports, but facts of their own.

    Python's unpickler cannot import them: there is no module of that name.
    """
    scripted = [use for use in facts.uses if use.module == "__torch__" or use.module.startswith("__torch__.")]
    kept = tuple(use for use in facts.uses if use not in scripted)
    classes = dict.fromkeys(f"{use.module}.{use.name}" for use in scripted)
    mentions = tuple(Mention(kind=CLASS, text=name) for name in classes if name.startswith("__torch__.torch.classes."))
    return replace(facts, uses=kept, reading="torchscript"), mentions


def together(parts: Iterable[Part]) -> tuple[Mention, ...]:
    """What all files of one archive say: a method may be defined in another file than the one that calls it."""
    found: dict[tuple[str, str], int] = {}
    for part in parts:
        for one in part.mentions:
            if one.kind.startswith("script-"):
                found[one.kind, one.text] = found.get((one.kind, one.text), 0) + one.count
    defined = {name for kind, name in found if kind == DEFINED}
    return tuple(
        Mention(kind=kind, text=name, where="defined" if name in defined else "", count=n)
        for (kind, name), n in found.items()
        if kind != DEFINED
    )
