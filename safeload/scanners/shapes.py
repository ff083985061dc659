"""Argument patterns: which arguments an allowed name may be given."""

from __future__ import annotations

from itertools import pairwise

from safeload.lean import Callable, Final, Sequence, pattern, record

__all__ = ["Pattern", "Slot", "pairs", "parse", "word"]

# Tags of `facts.Use.shape`; a pattern may use no other word.
PLAIN: Final = frozenset(
    {"str", "int", "float", "bytes", "bool", "none", "tuple", "list", "dict", "set", "result", "persistent", "other"}
)
# Of a state only: items that are appended, which what the state holds could intercept.
APPENDED: Final = "appended"
# `data` is every tag but a global; `@word` asks the names what kind of global it is.
_WORD: Final = pattern(r"(?:[^\s'|]|'[^']*')+(?:\|(?:[^\s'|]|'[^']*')+)*")
_LITERAL: Final = pattern(r"str:'[^']*'")
_GLOBAL: Final = pattern(r"global:[A-Za-z_][\w.]*\.\w+")

# (word, module, name): is this global what the pattern's word asks for?
Ask = Callable[[str, str, str], bool]


@record(frozen=True, slots=True, kw_only=True)
class Slot:
    """What may stand in one place: any of `tags`. `optional` may be absent, `repeated` stands for the rest."""

    tags: tuple[str, ...]
    optional: bool = False
    repeated: bool = False

    def accepts(self, tag: str, ask: Ask) -> bool:
        return any(_fits(wanted, tag, ask) for wanted in self.tags)


@record(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One allowed list of arguments."""

    text: str
    slots: tuple[Slot, ...]

    def accepts(self, shape: Sequence[str], ask: Ask) -> bool:
        for index, slot in enumerate(self.slots):
            if slot.repeated:
                return all(slot.accepts(tag, ask) for tag in shape[index:])
            if index >= len(shape):
                return all(rest.optional or rest.repeated for rest in self.slots[index:])
            if not slot.accepts(shape[index], ask):
                return False
        return len(shape) <= len(self.slots)


def parse(text: str) -> Pattern:
    """A pattern as the data files write it: `persistent|result int tuple data? data*`. Raises `ValueError`."""
    words = _WORD.findall(text) if "'" in text else text.split()
    if " ".join(words) != " ".join(text.split()):
        raise ValueError(f"{text!r} is not a list of words")
    slots = tuple(_slot(word) for word in words)
    for before, after in pairwise(slots):
        if before.repeated or (before.optional and not (after.optional or after.repeated)):
            raise ValueError(f"{text!r} has a fixed argument behind an optional or repeated one")
    return Pattern(text=text, slots=slots)


def word(text: str) -> Slot:
    """One place of a pattern, which has to be there. Raises `ValueError`."""
    slot = _slot(text)
    if slot.optional or slot.repeated or not _WORD.fullmatch(text):
        raise ValueError(f"{text!r} is not one word")
    return slot


def _slot(word: str) -> Slot:
    mark = word[-1] if word[-1] in "?*" else ""
    tags = tuple(word[: len(word) - len(mark)].split("|"))
    for tag in tags:
        if (
            tag not in PLAIN
            and tag not in ("data", APPENDED)
            and not (tag[:1] == "@" and tag[1:].isascii() and tag[1:].isalpha() and tag.islower())
            and not any(kind.fullmatch(tag) for kind in (_LITERAL, _GLOBAL))
        ):
            raise ValueError(f"{tag!r} is not an argument tag")
    return Slot(tags=tags, optional=mark == "?", repeated=mark == "*")


def pairs(tag: str) -> tuple[str, str] | None:
    """Module and name of a `global:` tag; None for any other."""
    if not tag.startswith("global:"):
        return None
    module, _, name = tag.removeprefix("global:").rpartition(".")
    return module, name


def _fits(wanted: str, tag: str, ask: Ask) -> bool:
    named = pairs(tag)
    if named is not None:
        return wanted == tag or ask(wanted, *named)
    if wanted == "data":
        return tag in PLAIN or tag.startswith("str:")
    # `str` takes any string, `str:'latin1'` only that one.
    return wanted == tag or (wanted == "str" and tag.startswith("str:"))
