"""The pickles of one member, from its first byte to its last, as facts."""

from __future__ import annotations

from safeload import limits
from safeload.lean import TYPE_CHECKING, Final, Iterable, Mapping, field, record
from safeload.parsers.facts import Gap, GapReason, PickleFacts, PickleRole, Stream
from safeload.parsers.pickles import nested, plain
from safeload.parsers.pickles.ledger import Ledger, Refused
from safeload.parsers.pickles.readings import run, together
from safeload.parsers.reader import Reader, sha256

if TYPE_CHECKING:
    from safeload.parsers.pickles.machine import Run

_PROTO: Final = b"\x80"
_TORCH_MAGIC: Final = 0x1950A86A20F9469CFC6C


@record(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What reading gave. `legacy`: the first pickle is torch's magic number, so other rules hold for what follows.

    `storages`: by key, the class and the number of elements that torch's persistent ids name.
    """

    facts: PickleFacts
    gap: Gap | None = None
    legacy: bool = False
    storages: Mapping[str, tuple[str, int]] = field(default_factory=dict)


def attempt(reader: Reader) -> Outcome | None:
    """`read`, for bytes that only may be a pickle (protocol 0 and 1 have no signature, and text can look like one).

    None unless unpickling would come to an end, or would call, build or change something on the way. A list of words
    can look like a name and then fail; the import of that name, which a real unpickler would try, is not counted.
    """
    ledger = Ledger()
    done = run(reader, ledger, 0)
    acted = any(use.role is not PickleRole.REFERENCED for use in ledger.uses())
    ran = done.gap is None or done.pure or done.gap.reason is not GapReason.MALFORMED
    return read(reader) if acted or ran else None


def read(reader: Reader, *, reading: str = "pickle") -> Outcome:
    """Every pickle from the start to the last byte; what follows the last good one is `leftover`."""
    ledger = Ledger()
    streams: list[Stream] = []
    gap: Gap | None = None
    legacy = False
    values: list[object] = []
    numbers: list[tuple[int, int]] = []
    at = 0
    while at < reader.size and gap is None:
        if len(streams) >= limits.STREAMS:
            gap = Gap(reason=GapReason.LIMIT, detail=f"more than {limits.STREAMS} pickles")
            break
        done = run(reader, ledger, at)
        gap = done.gap
        numbers += done.numbers
        if gap is None:
            streams.append(stream(reader, done))
            values += [done.value] if reader.upto(at, 1) != _PROTO else []
            at = done.end
            legacy = len(streams) == 1 and type(done.value) is int and done.value == _TORCH_MAGIC
            if legacy:
                break
        elif not streams or done.names:
            # The loader ran this one as far as it goes, so its names are what it resolves.
            streams.append(stream(reader, done))
    if len(streams) > 1:
        together(reader, ledger, 0, len(streams))
    if not reader.size:
        gap = Gap(reason=GapReason.EMPTY, detail="no bytes")
    reader.held = done.value if streams else None
    bare = gap is None and _only_numbers(streams, done.value)
    spans = [] if bare else [(s.offset, s.offset + s.length) for s in streams]
    left = reader.size - at
    facts, gap = conclude(
        reader, ledger, streams, gap, reading=reading, leftover=left, spans=spans, values=values, numbers=numbers
    )
    return Outcome(facts=facts, gap=gap, legacy=legacy, storages=ledger.storages)


def _only_numbers(streams: list[Stream], value: object) -> bool:
    """Then no literal came out of it, and nothing that could have been given one."""
    return len(streams) == 1 and not streams[0].names and plain.only_numbers(value)


def stream(reader: Reader, done: Run) -> Stream:
    """A run as a fact. Over a network a long stream is not read twice for its digest: no grant comes from there."""
    end = min(max(done.end, done.start), reader.size)
    if reader.artifact and done.start == 0 and end == reader.size:
        return Stream(length=end, names=tuple(sorted(done.names)), whole=True)
    digest = ""
    if reader.local or end - done.start < limits.SMALL_FILE:
        digest = sha256(reader, done.start, end)
    return Stream(offset=done.start, length=end - done.start, sha256=digest, names=tuple(sorted(done.names)))


def _embedded(ledger: Ledger) -> list[tuple[PickleFacts, Gap | None]]:
    """Files of torch in literals, as torch reads them: in the form of five pickles, and no other."""
    from safeload.parsers.pickles import legacy  # which needs this module; it is imported long before

    found: list[tuple[PickleFacts, Gap | None]] = []
    for content in ledger.embedded:
        reader = Reader.of_bytes(content)
        first = run(reader, Ledger(), 0)
        if first.gap is None and type(first.value) is int and first.value == _TORCH_MAGIC:
            part = legacy.read(reader)
            found += [(part.pickle, part.gap)] if part.pickle is not None else []
        else:
            gap = Gap(reason=GapReason.MALFORMED, detail="bytes for torch to load that are not in the form it writes")
            found.append((PickleFacts(reading="torch-legacy"), gap))
    return found


def conclude(
    reader: Reader,
    ledger: Ledger,
    streams: list[Stream],
    gap: Gap | None,
    *,
    reading: str,
    leftover: int,
    spans: list[tuple[int, int]],
    starts: Iterable[int] = (),
    values: Iterable[object] = (),
    numbers: Iterable[tuple[int, int]] = (),
) -> tuple[PickleFacts, Gap | None]:
    """The facts, after the pickles in literals were run as well."""
    count = 0
    try:
        begun = frozenset([*starts, *(s.offset for s in streams)])
        count = nested.explore(reader, ledger, spans, starts=begun, values=values, numbers=numbers)
    except Refused as refused:
        gap = gap or refused.gap
    uses, inside = ledger.uses(), _embedded(ledger)
    seen = {(use.module, use.name, use.role, use.shape) for use in uses}
    for one, its_gap in inside:
        uses += tuple(use for use in one.uses if (use.module, use.name, use.role, use.shape) not in seen)
        seen.update((use.module, use.name, use.role, use.shape) for use in one.uses)
        gap = gap or its_gap
    odd = (*ledger.odd_persistent, *(text for one, _ in inside for text in one.odd_persistent))
    facts = PickleFacts(
        reading=reading,
        streams=tuple(streams),
        uses=uses,
        persistent=ledger.persistent + sum(one.persistent for one, _ in inside),
        odd_persistent=odd,
        leftover=leftover,
        nested=count,
    )
    return facts, gap
