"""HDF5 by pyfive: what the file has other files read for, and the Keras model that it may hold.

Only headers of objects are read. pyfive is pure Python, so hostile bytes end in an exception, at worst in the limits of
the worker. https://docs.hdfgroup.org/documentation/hdf5/latest/_f_m_t4.html
"""

from __future__ import annotations

import struct

from pyfive.core import InvalidHDF5File
from pyfive.dataobjects import DataObjects
from pyfive.high_level import File
from pyfive.misc_low_level import Heap, SuperBlock
from pyfive.utilities import HDF5OffsetWrapper

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import Any, Final, Iterator
from safeload.parsers.facts import Gap, GapReason, Part
from safeload.parsers.mentions import Mentions
from safeload.parsers.models import keras
from safeload.parsers.pickles import pickle
from safeload.parsers.pickles.ledger import Refused
from safeload.parsers.reader import Reader
from safeload.parsers.visit import Parts, Visit, gap_of

# What pyfive raises on bytes that are not what they should be: it checks little, and indexes what it read.
_ERRORS: Final = (
    InvalidHDF5File, NotImplementedError, ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError,
    ArithmeticError, EOFError, OSError, UnboundLocalError, struct.error,
)  # fmt: skip
_LINK: Final = 0x0006
_EXTERNAL_FILES: Final = 0x0007
_LAYOUT: Final = 0x0008
_VIRTUAL: Final = 3
_SOFT: Final = 1
_EXTERNAL_LINK: Final = 64
# Attributes in which Keras keeps a model as JSON: keras/src/legacy/saving/legacy_h5_format.py.
_CONFIGS: Final = ("model_config", "training_config")
_ROWS: Final = "PSEUDOATOM"


def read(reader: Reader, visit: Visit) -> Parts:
    """The file, and the pickles in attributes of its objects."""
    said = Mentions()
    gap: Gap | None = None
    pickles: list[Part] = []
    try:
        for name, found in _walk(reader, said):
            visit.budget.enter()
            pickles.append(Part(member=(*visit.member, name), format="pickle", pickle=found.facts, gap=found.gap))
    except Malformed as error:
        gap = gap_of(error)
    except RecursionError:
        gap = Gap(reason=GapReason.LIMIT, detail="groups in groups without end")
    except _ERRORS as error:
        gap = Gap(reason=GapReason.MALFORMED, detail=f"not as HDF5 should be ({type(error).__name__})")
    return (Part(member=visit.member, format="hdf5", mentions=said.all(), gap=gap), *pickles)


class _Objects(DataObjects):  # type: ignore[misc]
    """The header of one object; links that lead out of the file are mentions."""

    said: Mentions

    def __init__(self, file: Any, offset: int, said: Mentions) -> None:
        super().__init__(file, offset)
        self.said = said

    def _decode_link_msg(self, data: bytes, offset: int) -> Any:
        kind = _kind_of_link(data, offset)
        if kind in (0, _SOFT):
            return DataObjects._decode_link_msg(data, offset)
        name, value = _name_and_value(data, offset)
        words = [part.decode("utf-8", "backslashreplace") for part in value[1:].split(b"\0") if part]
        self.said.add("hdf5-link", " ".join(words) if kind == _EXTERNAL_LINK else f"link of kind {kind}", name)
        return offset, (name, "")


def _walk(reader: Reader, said: Mentions) -> Iterator[tuple[str, pickle.Outcome]]:
    """Every object that links lead to. Raises `Malformed`, or one of `_ERRORS`."""
    file: Any = reader.file()
    start = File._find_superblock_offset(file)
    if any(reader.read_at(0, min(start, limits.SMALL_FILE))) or start > limits.SMALL_FILE:
        raise Refused("something else stands in front of it", reason=GapReason.UNKNOWN_FORMAT)
    base = SuperBlock(file, start)._contents["base_address"]
    if base:
        file = HDF5OffsetWrapper(file, base)
    root = SuperBlock(file, start - base).offset_to_dataobjects
    waiting: list[tuple[str, int]] = [("", root)]
    seen = {root}
    while waiting:
        where, offset = waiting.pop()
        found = _Objects(file, offset, said)
        _stored_elsewhere(found, where, said)
        if offset == root:
            _attributes(found, said)
        yield from _pickles(found, where)
        for name, address in found.iter_links():
            if isinstance(address, int) and address not in seen:
                seen.add(address)
                waiting.append((f"{where}/{name}"[-limits.EVIDENCE :], address))
        if len(seen) > limits.HDF5_OBJECTS:
            raise Refused(f"more than {limits.HDF5_OBJECTS:,} objects", reason=GapReason.LIMIT)


def _stored_elsewhere(found: _Objects, where: str, said: Mentions) -> None:
    """Datasets whose bytes lie in other files, or are put together from other datasets."""
    for message in found.msgs:
        at = message["offset_to_message"]
        if message["type"] == _EXTERNAL_FILES:
            for name in _external_files(found, at):
                said.add("hdf5-external-file", name, where)
        elif message["type"] == _LAYOUT and found.msg_data[at] >= 3 and found.msg_data[at + 1] == _VIRTUAL:
            said.add("hdf5-virtual", "a dataset made of others", where)


def _external_files(found: _Objects, at: int) -> list[str]:
    used, address = struct.unpack_from("<HQ", found.msg_data, at + 6)
    heap = Heap(found.fh, address)
    offsets = [struct.unpack_from("<Q", found.msg_data, at + 16 + 24 * slot)[0] for slot in range(used)]
    return [heap.get_object_name(offset).decode("utf-8", "backslashreplace") for offset in offsets]


def _attributes(root: _Objects, said: Mentions) -> None:
    """A Keras model is kept as JSON in the root's attributes; PyTables keeps pickles in attributes anywhere."""
    held = root.get_attributes()
    if any(name.startswith("PYTABLES") for name in held):
        raise Refused("PyTables wrote it, which keeps pickles in attributes", reason=GapReason.UNKNOWN_FORMAT)
    for name in _CONFIGS:
        value = held.get(name)
        value = value.item() if getattr(value, "size", 0) == 1 and hasattr(value, "item") else value
        text = value.decode("utf-8") if isinstance(value, bytes) else value
        if text is None:
            continue
        if not isinstance(text, str):
            raise Malformed(f"the attribute {name} is no text")
        keras.say_text(text, said)


def _pickles(found: _Objects, where: str) -> Iterator[tuple[str, pickle.Outcome]]:
    """PyTables, by which pandas reads HDF5, unpickles any attribute that ends in a point, whoever wrote the file.

    https://github.com/PyTables/PyTables, tables/attributeset.py; and rows of what says that they are objects.
    """
    for name, value in found.get_attributes().items():
        for data in _bytes(value):
            if name == _ROWS and data.lower().startswith(b"object"):
                raise Refused(f"{ascii(where)[:80]} holds pickles for PyTables", reason=GapReason.UNKNOWN_FORMAT)
            outcome = pickle.attempt(Reader.of_bytes(data)) if len(data) > 2 and data.endswith(b".") else None
            if outcome is not None:
                yield f"{where or '/'} {name}"[: limits.NAME], outcome


def _bytes(value: Any) -> Iterator[bytes]:
    """Strings, of which there may be several."""
    every = value.ravel().tolist() if hasattr(value, "ravel") else [value]
    for one in every if type(every) is list else [every]:
        data = one.encode("utf-8", "surrogateescape") if isinstance(one, str) else one
        if isinstance(data, bytes):
            yield data.rstrip(b"\0")


def _kind_of_link(data: bytes, offset: int) -> int:
    """Hard links may leave their kind out."""
    return data[offset + 2] if data[offset + 1] & 8 else 0


def _name_and_value(data: bytes, offset: int) -> tuple[str, bytes]:
    """Of a link whose kind is stated, and whose value has a length."""
    flags = data[offset + 1]
    at = offset + 3 + (8 if flags & 4 else 0) + (1 if flags & 16 else 0)
    width = 1 << (flags & 3)
    size = int.from_bytes(data[at : at + width], "little")
    at += width
    name = data[at : at + size].decode("utf-8", "backslashreplace")
    at += size
    length = int.from_bytes(data[at : at + 2], "little")
    return name, data[at + 2 : at + 2 + length]
