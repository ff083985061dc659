"""What a person is told of a conversion: plain text, escaped."""

from __future__ import annotations

import shlex

from safeload.lean import TYPE_CHECKING, Final, Sequence
from safeload.scanners.escape import plain

if TYPE_CHECKING:
    from safeload.rescue.interface import Rescued, Taken

_SHOWN: Final = 8  # of a list; the record has all of it
_WIDE: Final = 100  # characters of one


def lines(done: Rescued) -> list[str]:
    """What was taken, what was not, where it is."""
    found = []
    for one in done.taken:
        found += [f"{_shown(one.path)}: {len(one.tensors):,} tensors, {one.bytes:,} bytes, in {_shown(one.file)}"]
        found += _about(one)
    if done.left_out:
        found += _list("Not copied", [f"{_shown(one.path)} ({one.what})" for one in done.left_out], 0)
    folder = shlex.quote(plain(str(done.folder), 1_000))
    return [*found, f"Written to {folder}", f"To look at it as a load would: safeload scan {folder}"]


def _about(one: Taken) -> list[str]:
    found = []
    if one.within:
        found.append(f"  Names without {_shown(one.within)}., under which all of them stood")
    if one.aliases:
        found += _list("  Shared", [f"{_shown(name)} is {_shown(kept)}" for name, kept in one.aliases.items()], 0)
    if one.unshared:
        found += _list("  Shared before, a copy now", [_shown(name) for name in one.unshared], 0)
    if one.modules:
        found += _list("  Only the state of", [_shown(name) for name in one.modules], 0)
    if one.dropped or one.more:
        found += _list(
            "  Not kept", [f"{_shown(d.path) or '(all)'}: {plain(d.what, 200)}" for d in one.dropped], one.more
        )
    if one.names:
        found += _list("  Named, never called", [_shown(name) for name in one.names], 0)
    return found


def _list(title: str, many: Sequence[str], more: int) -> list[str]:
    left = len(many) - _SHOWN + more
    rest = [f"    and {left:,} more: see safeload-provenance.json"] if left > 0 else []
    return [f"{title}:", *(f"    {one}" for one in many[:_SHOWN]), *rest]


def _shown(text: str) -> str:
    return plain(text, _WIDE)
