"""Judges MessagePack: arrays that a reader would unpickle, and extensions that nobody knows."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, ClassVar, Final
from safeload.scanners import mentioned
from safeload.scanners.interface import Finding, Rule, Scanner, Severity

if TYPE_CHECKING:
    from safeload.parsers.facts import Mention, Part
    from safeload.sources.interface import Artifact

OBJECTS: Final = Rule(
    id="msgpack-object-array",
    title="The file holds an array of pickled objects",
    severity=Severity.HIGH,
    why="msgpack-numpy unpickles arrays of kind O when it reads them, which runs whatever is in them.",
    fix="Do not load it. Ask for arrays of numbers.",
    cwe=502,
)
UNUSUAL: Final = Rule(
    id="msgpack-unusual",
    title="The file was not written by Flax",
    severity=Severity.MEDIUM,
    why="What an extension means is for the program that reads it to say. Bytes behind the end, or keys that stand "
    "twice, are read differently by different programs.",
    fix="Load it only if you know how it was made.",
    cwe=436,
)
_WORDS: Final = {
    "data-behind-the-end": "there is something behind the end",
    "duplicate-key": "a key stands twice",
    "odd-key": "a key is no text",
    "size-differs": "an array has more or fewer bytes than its shape needs",
}


class MsgpackScanner(Scanner):
    """Parameters of Flax are maps, numbers and arrays of numbers."""

    name: ClassVar[str] = "msgpack"
    formats: ClassVar[frozenset[str]] = frozenset({"msgpack"})
    rules: ClassVar[tuple[Rule, ...]] = (OBJECTS, UNUSUAL)

    def judge(self, part: Part, artifact: Artifact) -> tuple[Finding, ...]:
        return mentioned.findings(part, artifact, _judge)


def _judge(mention: Mention) -> tuple[Rule, str] | None:
    if mention.kind == "object-array":
        return OBJECTS, "The file holds an array that msgpack-numpy would unpickle."
    if mention.kind == "extension":
        return UNUSUAL, f"The file has an extension of type {mentioned.shown(mention.text)}, which Flax does not write."
    if mention.kind == "array-type":
        return UNUSUAL, f"The file has an array of type {mentioned.shown(mention.text)}, which Flax does not write."
    return UNUSUAL, f"In this file {_WORDS.get(mention.text, mentioned.shown(mention.text))}."
