"""One artifact's bytes as parts: the artifact itself, then its members. Bad bytes give gaps, never exceptions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from safeload.errors import Malformed
from safeload.parsers import formats, joblib, legacy, pickle, safetensors, text, torchzip
from safeload.parsers.facts import Gap, GapReason, Part
from safeload.parsers.reader import Reader
from safeload.parsers.torchzip import gap_of


def examine(reader: Reader) -> tuple[Part, ...]:
    """Every reading that a loader could make. The first part is the artifact, read as its likeliest format."""
    try:
        kinds = formats.identify(reader)
    except Malformed as error:
        return (Part(format="unknown", gap=gap_of(error)),)
    if kinds == ("empty",):
        return (Part(format="empty", gap=Gap(reason=GapReason.EMPTY, detail="no bytes")),)
    readings = [found for kind in kinds for found in [_read(reader, kind)] if found is not None]
    named = tuple(parts[0].format for parts in readings)
    if "pickle" in named:
        readings = [parts for parts in readings if parts[0].text is None]  # a pickle of protocol 0 is text as well
    if not readings:
        return (Part(format="unknown", gap=_unknown(kinds[0])),)
    return _joined(readings, named)


def _joined(readings: list[tuple[Part, ...]], named: tuple[str, ...]) -> tuple[Part, ...]:
    """A polyglot has one part of its own for each reading; the first names the others."""
    joined: list[Part] = []
    for parts in readings:
        format = parts[0].format
        also = tuple(dict.fromkeys(name for name in (*parts[0].also, *named) if name != format))
        joined += [_with_also(parts[0], also), *parts[1:]]
    return tuple(joined)


def _with_also(part: Part, also: tuple[str, ...]) -> Part:
    return Part(
        member=part.member,
        format=part.format,
        also=also,
        pickle=part.pickle,
        archive=part.archive,
        tensors=part.tensors,
        text=part.text,
        gap=part.gap,
    )


def _read(reader: Reader, kind: str) -> tuple[Part, ...] | None:
    """One reading. None when the bytes turn out not to be of that kind, which only trying could tell."""
    read = _READERS.get(kind)
    try:
        return read(reader, kind) if read is not None else (Part(format=kind, gap=_unknown(kind)),)
    except Malformed as error:
        return (Part(format=kind, gap=gap_of(error)),)


def _unknown(kind: str) -> Gap:
    what = "no format that is known" if kind in ("unknown", "pickle-like") else f"{kind} is not read in this version"
    return Gap(reason=GapReason.UNKNOWN_FORMAT, detail=what)


def _archive(reader: Reader, kind: str) -> tuple[Part, ...] | None:
    return torchzip.read(reader, ())


def _pickle(reader: Reader, kind: str) -> tuple[Part, ...] | None:
    return _read_pickle(reader, pickle.read(reader))


def _pickle_like(reader: Reader, kind: str) -> tuple[Part, ...] | None:
    ran = pickle.attempt(reader)
    return None if ran is None else _read_pickle(reader, ran)


def _read_pickle(reader: Reader, plain: pickle.Outcome) -> tuple[Part, ...]:
    return (legacy.read(reader) if plain.legacy else joblib.read(reader, plain),)


def _compressed(reader: Reader, kind: str) -> tuple[Part, ...] | None:
    return (joblib.read_compressed(reader, kind),)


def _lz4(reader: Reader, kind: str) -> tuple[Part, ...] | None:
    gap = Gap(reason=GapReason.MISSING_DEPENDENCY, detail="lz4 is not in Python's standard library, so it is not read")
    return (Part(format=kind, gap=gap),)


def _safetensors(reader: Reader, kind: str) -> tuple[Part, ...] | None:
    return (Part(format="safetensors", tensors=safetensors.read(reader)),)


def _text(reader: Reader, kind: str) -> tuple[Part, ...] | None:
    try:
        seen = text.read(reader)
    except text.NotText:
        return None
    return (Part(format="json" if seen.json else "text", text=seen),)


_READERS: Final[dict[str, Callable[[Reader, str], tuple[Part, ...] | None]]] = {
    "zip": _archive,
    "pickle": _pickle,
    "pickle-like": _pickle_like,
    "safetensors": _safetensors,
    "text": _text,
    "lz4": _lz4,
    **dict.fromkeys(formats.COMPRESSED, _compressed),
}
