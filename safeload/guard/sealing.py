"""A file that is copied, sealed, hashed in one pass: what is looked at is the copy that will be loaded."""

from __future__ import annotations

import os

from safeload.guard.copy import Copy
from safeload.guard.hold import Hold
from safeload.guard.vault import Held, check_regular, no_room
from safeload.lean import TYPE_CHECKING, replace

if TYPE_CHECKING:
    from pathlib import Path

    from safeload.sources.interface import Digest


class SealedHold(Hold):
    """Nothing is remembered of it: the digest is that of the copy. `place` is a free path in a private folder."""

    def __init__(self, path: str, place: Path, *, expected: Digest | None = None) -> None:
        self.copy: Copy | None = None
        super().__init__(path, expected=expected)
        if self.unheld:
            return
        try:
            self.copy = Copy(place)
            if self.whole is not None:
                self.copy.write(self.whole)
            else:
                self.hash()
                super().close()
                self.unhashed = False
            self.copy.seal()
            super().held()  # nothing is looked at of what is not what was announced
        except BaseException:
            self.release()
            raise

    def check(self, status: os.stat_result) -> None:
        """Whoever may write the file: it is not the file that is used."""
        check_regular(self.path, status)

    def taken(self, piece: memoryview) -> None:
        if self.copy is not None:
            try:
                self.copy.write(piece)
            except OSError as error:
                raise no_room(self.path, error) from error

    def close(self) -> None:
        """The copy stays open for the load."""
        if self.copy is None:
            super().close()

    def release(self) -> None:
        if self.copy is not None:
            self.copy.close()
        self._shut()

    def fileno(self) -> int | None:
        if self.copy is None or self.whole is not None:
            return super().fileno()
        return self.copy.descriptor

    def read_at(self, offset: int, n: int) -> bytes:
        if self.copy is None or self.whole is not None:
            return super().read_at(offset, n)
        return os.pread(self.copy.descriptor, n, offset)

    def held(self) -> Held | None:
        held = super().held()
        return replace(held, copy=self.copy) if held is not None else None
