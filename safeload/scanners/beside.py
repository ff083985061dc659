"""Weights in a file of their own, which a model beside them names: raw numbers, that have no format to be told by."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, Final, Iterable, Mapping
from safeload.parsers.covered import COVERS
from safeload.parsers.facts import GapReason, Part
from safeload.scanners.interface import Result, Scanned, Unscanned

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from safeload.sources.interface import Artifact

# A path, what it is then, and how many bytes of it are accounted for; -1 where the model names only where each begins.
Named = tuple[str, str, int]

FORMAT: Final = "onnx-data"
_COVERED: Final = {"openvino": "openvino-data", "tf-bundle": "tensorflow-data"}


def named(parts: Iterable[Part], artifact: Artifact) -> frozenset[Named]:
    """Files that a model, itself no member of anything, has its weights read from."""
    naming = [part for part in parts if (part.format == "onnx" or part.format in _COVERED) and not part.member]
    if not any(part.mentions and not part.gap for part in naming):
        return frozenset()
    from pathlib import PurePosixPath

    path = PurePosixPath(artifact.path)
    return frozenset(one for part in naming if not part.gap for one in _named(part, path))


def _named(part: Part, path: PurePosixPath) -> Iterable[Named]:
    from safeload.scanners.onnx import stays_inside

    for mention in part.mentions:
        if part.format == "onnx" and mention.kind == "external-data" and stays_inside(mention.text):
            yield str(path.parent / mention.text.removeprefix("./")), FORMAT, -1
        elif part.format in _COVERED and mention.kind == COVERS:
            yield str(path.parent / mention.text.replace("*", path.stem, 1)), _COVERED[part.format], int(mention.where)


def noted(results: Iterable[Result], named: frozenset[Named], sizes: Mapping[str, int | None]) -> tuple[Result, ...]:
    """The results; a named file of which no format was recognised, and nothing was found, is what it is named as.

    One that an index accounts for is exactly as long as the index says, or else it stays unknown.
    """
    fitting = {path: format for path, format, size in sorted(named) if size in (-1, sizes.get(path))}
    return tuple(_numbers(one, fitting) for one in results)


def _numbers(result: Result, fitting: Mapping[str, str]) -> Result:
    format = fitting.get(result.location.artifact)
    unknown = isinstance(result, Unscanned) and result.reason is GapReason.UNKNOWN_FORMAT and result.format == "unknown"
    if format is None or not unknown or result.findings or result.location.member:
        return result
    return Scanned(location=result.location, format=format, scanner=format.partition("-")[0])
