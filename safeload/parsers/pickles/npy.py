"""numpy's own files: a header that is a literal, then numbers, or a pickle where the elements are objects.

https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

import re

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Any, Final, record
from safeload.parsers.facts import Gap, GapReason, Part, PickleFacts, Stream, TensorFacts
from safeload.parsers.pickles import literals, pickle
from safeload.parsers.pickles.ledger import Ledger, Refused
from safeload.parsers.pickles.rawbytes import product
from safeload.parsers.pickles.readings import run

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader
    from safeload.parsers.visit import Parts, Visit

MAGIC: Final = b"\x93NUMPY"
_LENGTHS: Final = {(1, 0): 2, (2, 0): 4, (3, 0): 4}
_CODE: Final = re.compile(
    r"[<>|]?(?:(?P<number>[biu]1|[iu][248]|f(?:2|4|8|12|16)|c(?:8|16|24|32))"
    r"|(?P<text>[SUV])(?P<length>\d{1,9})|(?P<time>[mM]8)(?:\[[^\[\]]{1,16}\])?|(?P<object>O)8?)"
)
# As other headers name them, so that parameters can be counted by one vocabulary.
_NAMES: Final = {
    "b1": "BOOL", "i1": "I8", "u1": "U8", "i2": "I16", "u2": "U16", "f2": "F16", "i4": "I32", "u4": "U32",
    "f4": "F32", "i8": "I64", "u8": "U64", "f8": "F64", "c8": "C64",
}  # fmt: skip
_DIMENSIONS: Final = 64
_FIELDS: Final = 10_000


@record(frozen=True, slots=True, kw_only=True)
class Element:
    """What one element takes; `objects`: the array is a pickle."""

    size: int
    objects: bool
    name: str


@record(frozen=True, slots=True, kw_only=True)
class Header:
    """One array's header. `data` is where what follows it starts."""

    element: Element
    count: int
    data: int


def read(reader: Reader, visit: Visit) -> Parts:
    """Every array of the file, one after another, as repeated `numpy.load` reads them; to the last byte."""
    parameters: dict[str, int] = {}
    pickles = _Pickles(reader)
    at = arrays = 0
    gap: Gap | None = None
    while gap is None and (at == 0 or reader.upto(at, len(MAGIC)) == MAGIC):
        if arrays >= limits.MEMBERS:
            raise Refused(f"more than {limits.MEMBERS:,} arrays", reason=GapReason.LIMIT)
        try:
            header = header_at(reader, at)
            at, gap = pickles.array(header) if header.element.objects else (_after(reader, header), None)
        except Malformed as error:
            if not arrays:
                raise
            gap = Gap(reason=GapReason.MALFORMED, detail=f"array {arrays + 1} in the file: {error}")
            break
        arrays += 1
        parameters[header.element.name] = parameters.get(header.element.name, 0) + header.count
    left = 0 if gap is not None else reader.size - at
    anomalies = (f"{left} bytes follow the last array",) if left else ()
    facts, gap = pickles.facts(gap)
    tensors = TensorFacts(tensors=arrays, parameters=parameters, anomalies=anomalies)
    return (Part(member=visit.member, format="npy", pickle=facts, tensors=tensors, gap=gap),)


def header_at(reader: Reader, at: int) -> Header:
    """Raises `Malformed` for what numpy would not read, and for what it never writes."""
    start = reader.read_at(at, 8)
    wide = _LENGTHS.get((start[6], start[7]))
    if start[:6] != MAGIC or wide is None:
        raise Malformed(f"a numpy header of version {start[6]}.{start[7]}")
    length = int.from_bytes(reader.read_at(at + 8, wide), "little")
    if length > limits.NPY_HEADER:
        raise Refused(f"a header of {length} bytes", reason=GapReason.LIMIT)
    raw = reader.read_at(at + 8 + wide, length)
    try:
        text = raw.decode("utf-8" if start[6] == 3 else "latin-1")
    except UnicodeDecodeError as error:
        raise Malformed("a header that is not text") from error
    value = literals.parse(text)
    if type(value) is not dict or value.keys() != {"descr", "fortran_order", "shape"}:
        raise Malformed("a header with other fields than numpy writes")
    shape = value["shape"]
    if type(shape) is not tuple or type(value["fortran_order"]) is not bool:
        raise Malformed("a header whose fields have odd types")
    count = product(shape)
    if count is None:
        raise Malformed("an array with an odd shape")
    return Header(element=_element(value["descr"], [0]), count=count, data=at + 8 + wide + length)


def _after(reader: Reader, header: Header) -> int:
    end = header.data + header.count * header.element.size
    if end > reader.size:
        raise Malformed(f"the array needs {end - header.data} bytes, {reader.size - header.data} are there")
    return end


def _element(descr: Any, seen: list[int]) -> Element:
    """The element type of `descr`: a code, or a list of fields."""
    if type(descr) is str:
        return _coded(descr)
    if type(descr) is not list or not descr:
        raise Malformed("an element type that is neither a code nor a list of fields")
    size = 0
    objects = False
    for field in descr:
        seen[0] += 1
        if type(field) is not tuple or len(field) not in (2, 3) or not _is_name(field[0]) or seen[0] > _FIELDS:
            raise Malformed("an odd field")
        inner = _element(field[1], seen)
        shape = field[2] if len(field) == 3 else ()
        times = product((shape,) if type(shape) is int else shape)
        if times is None:
            raise Malformed("a field with an odd shape")
        size += inner.size * times
        objects = objects or inner.objects
    return Element(size=size, objects=objects, name=f"V{size}")


def _coded(code: str) -> Element:
    found = _CODE.fullmatch(code)
    if found is None:
        raise Malformed(f"an element type that numpy does not write: {ascii(code)[:40]}")
    if found["object"]:
        return Element(size=8, objects=True, name="object")
    if found["text"]:
        size = int(found["length"]) * (4 if found["text"] == "U" else 1)
        return Element(size=size, objects=False, name=f"{found['text']}{found['length']}")
    bare = found["number"] or found["time"]
    return Element(size=int(bare[1:]), objects=False, name=_NAMES.get(bare, bare))


def _is_name(value: Any) -> bool:
    """A field's name, or title and name."""
    return type(value) is str or (type(value) is tuple and len(value) == 2 and all(type(v) is str for v in value))


class _Pickles:
    """The object arrays of one file, as pickles that share a ledger."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._ledger = Ledger()
        self._streams: list[Stream] = []

    def array(self, header: Header) -> tuple[int, Gap | None]:
        """Runs what `numpy.load(allow_pickle=True)` unpickles: its end, and why it did not come to one."""
        done = run(self._reader, self._ledger, header.data)
        if done.gap is None or not self._streams or done.names:
            self._streams.append(pickle.stream(self._reader, done))
        return done.end, done.gap

    def facts(self, gap: Gap | None) -> tuple[PickleFacts | None, Gap | None]:
        if not self._streams:
            return None, gap
        spans = [(s.offset, s.offset + s.length) for s in self._streams]
        return pickle.conclude(self._reader, self._ledger, self._streams, gap, reading="numpy", leftover=0, spans=spans)
