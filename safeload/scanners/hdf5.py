"""Judges what an HDF5 file has other files read for."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, ClassVar, Final
from safeload.scanners.interface import Finding, Rule, Scanner, Severity
from safeload.scanners.mentioned import findings, shown

if TYPE_CHECKING:
    from safeload.parsers.facts import Mention, Part
    from safeload.sources.interface import Artifact

ELSEWHERE: Final = Rule(
    id="hdf5-other-file",
    title="Reading the file reads other files",
    severity=Severity.HIGH,
    # CVE-2026-1669: weights that are an external dataset take the content of any file into the model.
    why="HDF5 can keep a dataset in another file, or link to one. The path is the author's choice: a file of your "
    "machine becomes part of the model, from where it can be read out. No library writes models like that.",
    fix="Do not load it.",
    cwe=73,
)


class Hdf5Scanner(Scanner):
    """Datasets and links that lead out of the file; what a Keras model in it names is judged beside this."""

    name: ClassVar[str] = "hdf5"
    formats: ClassVar[frozenset[str]] = frozenset({"hdf5"})
    rules: ClassVar[tuple[Rule, ...]] = (ELSEWHERE,)

    def judge(self, part: Part, artifact: Artifact) -> tuple[Finding, ...]:
        return findings(part, artifact, _judge)


def _judge(mention: Mention) -> tuple[Rule, str] | None:
    if mention.kind in ("hdf5-link", "hdf5-external-file"):
        return ELSEWHERE, f"Reading {shown(mention.where) or 'the file'} reads {shown(mention.text)}."
    if mention.kind == "hdf5-virtual":
        return ELSEWHERE, f"{shown(mention.where) or 'A dataset'} is put together from datasets elsewhere."
    return None
