"""One checkpoint's tensors, from the pickle into a safetensors file."""

from __future__ import annotations

from safeload.errors import NotConverted
from safeload.lean import TYPE_CHECKING
from safeload.parsers.facts import GapReason
from safeload.parsers.plan import RESCUE, Plan
from safeload.parsers.sandbox.process import Worker
from safeload.rescue import names
from safeload.rescue.check import pieces
from safeload.rescue.interface import Taken
from safeload.rescue.write import shared, write

if TYPE_CHECKING:
    from pathlib import Path

    from safeload.rescue.source import Source


def take(source: Source, target: Path, *, file: str, apart: bool) -> Taken:
    """Write what `source` holds to `target`. Raises `NotConverted`, `SourceError`."""
    with source:
        plan = _plan(source)
        found = pieces(plan, size=source.size, file=source.path)
        written, aliases, unshared = shared(found, apart=apart)
        if not written:
            raise NotConverted(f"{source.path} holds no tensor that could be kept.", next=names.OTHER)
        try:
            sha256 = write(target, written, aliases, source.fileno())
        except EOFError:
            source.check()
            raise
        return Taken(
            path=source.path, sha256=source.sha256, file=file, file_sha256=sha256,
            tensors=tuple(piece.name for piece in written), bytes=sum(piece.size for piece in written),
            aliases=aliases, unshared=unshared, dropped=plan.dropped, more=plan.more, names=plan.names,
            modules=plan.modules, within=plan.within,
        )  # fmt: skip


def _plan(source: Source) -> Plan:
    worker = Worker.start(kinds=frozenset({RESCUE}))
    try:
        part = worker.examine(source, name=source.path, purpose=RESCUE)[0]
    finally:
        worker.close()
    if part.gap is None and part.plan is not None:
        return part.plan
    gap = part.gap
    detail = gap.detail if gap is not None else "the process that reads it answered with nothing"
    if gap is not None and gap.reason is GapReason.LIMIT:
        raise NotConverted(f"{source.path} was not converted: it is beyond a limit ({detail}).", next=names.OTHER)
    raise NotConverted(f"{source.path} was not converted: {detail}.", next=names.OTHER)
