"""A pickle without a container: its numbers lie in its literals, or, as joblib writes them, between its opcodes."""

from __future__ import annotations

import io

from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Any, Final
from safeload.parsers.pickles.frames import Watched
from safeload.parsers.pickles.ledger import Refused
from safeload.parsers.rescue.arrays import OBJECTS, Array, Type, special
from safeload.parsers.rescue.legacy import Legacy
from safeload.parsers.rescue.literals import Literals
from safeload.parsers.rescue.machine import Machine, Names, run
from safeload.parsers.rescue.standins import Function, Held, Numbers

if TYPE_CHECKING:
    from safeload.parsers.plan import Storage
    from safeload.parsers.reader import Reader

_JOBLIB: Final = ("joblib.numpy_pickle", "sklearn.externals.joblib.numpy_pickle")
_WRAPPER: Final = "NumpyArrayWrapper"


class Alone:
    """The first pickle of a file, as `pickle.load` and `joblib.load` read it."""

    def __init__(self, reader: Reader, names: Names) -> None:
        self._names = names
        self._literals = Literals(reader)
        self._file = reader.file()
        self._watched = Watched(self._file)
        wrapped = _wrapper(self)
        names.special = {
            **special(self._literals),
            ("torch.storage", "_load_from_bytes"): Function(self._stored),
            **{(home, _WRAPPER): wrapped for home in _JOBLIB},
        }
        self.value = run(Machine(self._watched, names))
        names.special = {}
        if self._watched.crossed:
            raise Malformed("an opcode crosses the end of its frame")

    def _stored(self, content: Any = None, *rest: Any) -> Numbers:
        """What torch writes for a storage outside of its own files: such a file, as bytes."""
        at, length = self._literals.find(content)
        inner, names = self._literals.reader.window(at, length), Names()
        file = Legacy(inner, names)
        if not isinstance(file.value, Held):
            raise Refused("a literal that holds a file of torch with more than a storage")
        file.announce(names.held)
        found = file.find(file.value)
        return Numbers(at + found.offset, found.length, file.value.kind.dtype)

    def raw(self, made: Array, state: Any) -> None:
        """An array of joblib: its bytes follow, behind as many as make their place even."""
        if type(state) is not dict or not isinstance(state.get("dtype"), Type):
            raise Refused("an array of joblib that is described in another way")
        kind = state["dtype"]
        if kind.name == "O8":
            run(Machine(self._watched, self._names))
            made.odd = OBJECTS
            return
        if state.get("numpy_array_alignment_bytes") is not None:
            self._file.seek(self._file.read(1)[0], io.SEEK_CUR)
        at = self._file.tell()
        made.fill(kind, state.get("shape"), state.get("order") == "F", lambda size: at)
        if made.storage is None:
            raise Refused(f"it has {made.odd}, whose end is not known")
        self._file.seek(made.storage.length, io.SEEK_CUR)

    def find(self, held: Held) -> Storage:
        raise Refused(f"storage {ascii(held.key)[:40]} is not in the file")

    def check(self) -> None:
        return None


def _wrapper(file: Alone) -> type[Array]:
    class Wrapper(Array):
        """What joblib puts in an array's place."""

        __slots__ = ()

        def __setstate__(self, state: Any) -> None:
            if self.storage is not None:
                raise Refused("an array of joblib that is set twice")
            file.raw(self, state)

    return Wrapper
