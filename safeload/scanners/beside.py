"""Weights in a file of their own, which a model beside them names: raw numbers, that have no format to be told by."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, Final, Iterable
from safeload.parsers.facts import GapReason, Part
from safeload.scanners.interface import Result, Scanned, Unscanned

if TYPE_CHECKING:
    from safeload.sources.interface import Artifact

FORMAT: Final = "onnx-data"


def named(parts: Iterable[Part], artifact: Artifact) -> frozenset[str]:
    """The paths of files that an ONNX model, itself no member of anything, has its weights read from."""
    onnx = [part for part in parts if part.format == "onnx" and not part.member and not part.gap]
    if not onnx:
        return frozenset()
    from pathlib import PurePosixPath

    from safeload.scanners.onnx import stays_inside

    folder = PurePosixPath(artifact.path).parent
    return frozenset(
        str(folder / mention.text.removeprefix("./"))
        for part in onnx
        for mention in part.mentions
        if mention.kind == "external-data" and stays_inside(mention.text)
    )


def noted(results: Iterable[Result], paths: frozenset[str]) -> tuple[Result, ...]:
    """The results; a named file of which no format was recognised, and nothing was found, is what it is named as."""
    return tuple(_numbers(one) if one.location.artifact in paths else one for one in results)


def _numbers(result: Result) -> Result:
    unknown = isinstance(result, Unscanned) and result.reason is GapReason.UNKNOWN_FORMAT and result.format == "unknown"
    if not unknown or result.findings or result.location.member:
        return result
    return Scanned(location=result.location, format=FORMAT, scanner="onnx")
