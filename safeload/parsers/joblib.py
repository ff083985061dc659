"""joblib's files: a pickle with raw array bytes between its opcodes, often compressed."""

from __future__ import annotations

from safeload.errors import Malformed
from safeload.parsers import pickle
from safeload.parsers.facts import Gap, GapReason, Part
from safeload.parsers.inflate import undone
from safeload.parsers.reader import Reader
from safeload.parsers.torchzip import gap_of


def read(reader: Reader) -> tuple[Part, ...]:
    facts, gap = pickle.read(reader)
    return (Part(format="pickle", pickle=facts, gap=gap),)


def read_compressed(reader: Reader, kind: str) -> tuple[Part, ...]:
    try:
        whole = Reader.of_bytes(undone(reader, kind))
    except Malformed as error:
        return (Part(format=kind, gap=gap_of(error)),)
    return (Part(format=kind, gap=Gap(reason=GapReason.UNKNOWN_FORMAT, detail="not yet")),)
