"""The loads that are under way, by thread: which grant an inner call of a library belongs to."""

from __future__ import annotations

import hashlib
import threading
from contextlib import contextmanager
from pathlib import Path

from safeload.errors import Blocked, Changed
from safeload.guard import hook
from safeload.lean import TYPE_CHECKING, Iterator

if TYPE_CHECKING:
    from types import CodeType

    from safeload.guard.interface import Grant


class _Thread(threading.local):
    def __init__(self) -> None:
        self.grants: list[Grant] = []


_thread = _Thread()


@contextmanager
def opened(grant: Grant) -> Iterator[None]:
    """The one load that the grant is for; its code may run from now on, unless the load fails."""
    with hook.executing(_compiled(grant)):
        _thread.grants.append(grant)
        try:
            yield
        finally:
            _thread.grants.pop()


def depth() -> int:
    """How many granted loads this thread is inside of."""
    return len(_thread.grants)


def innermost() -> Grant | None:
    """The grant of the innermost load of this thread, if it is inside of one."""
    return _thread.grants[-1] if _thread.grants else None


def covering(target: str) -> Grant | None:
    """The innermost open grant that reaches this repository, folder or file."""
    if target.startswith("<"):  # in memory: a name for people, which says nothing about the bytes
        return None
    for grant in reversed(_thread.grants):
        if grant.sealed is not None:
            target = str(grant.sealed.of(target))
        names = {grant.snapshot.origin.name} | {a.origin.name for a in grant.snapshot.artifacts if a.origin}
        if target in names or _same_file(target, grant):
            return grant
    return None


def _same_file(target: str, grant: Grant) -> bool:
    path = Path(target)
    if not path.exists():
        return False
    real = path.resolve()
    return any(real == held.resolve() or real == held.parent.resolve() for held in grant.files.values())


def _compiled(grant: Grant) -> list[CodeType]:
    codes = []
    digests = {artifact.path: artifact.digest for artifact in grant.snapshot.artifacts}
    for name in sorted(grant.code):
        path = grant.files[name]
        source = path.read_bytes()
        expected = digests.get(name)
        # Between the look and this line somebody was asked, which takes time.
        if expected is None or hashlib.sha256(source).hexdigest() != expected.hex:
            raise Changed(f"{name} changed after it was looked at.", next="Load it again: it will be looked at anew.")
        try:
            # Equal code is equal behaviour: this is what the hook compares, so a stale `.pyc` gains nothing.
            codes.append(compile(source, str(path), "exec", dont_inherit=True))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise Blocked(
                f"The code {name} was approved, and Python cannot compile it ({type(error).__name__}).",
                next="Tell the repository's authors; there is nothing to run.",
            ) from error
    return codes
