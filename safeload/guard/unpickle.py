"""Unpickling of exactly the bytes that were scanned, with exactly the names that were seen in them."""

from __future__ import annotations

import hashlib
import io
import types

from safeload.errors import Changed
from safeload.guard import hook
from safeload.lean import TYPE_CHECKING, Any, BinaryIO, Iterable, Sequence

if TYPE_CHECKING:
    from safeload.parsers.facts import Stream

# The libraries that subclass the unpickler they are given, by the modules in which they do so.
_RUNNERS = frozenset(
    {
        "torch.serialization",
        "torch._utils_internal",
        "dill._dill",
        # Lightning puts an unpickler of its own in place of pickle's while it reads a checkpoint.
        "pytorch_lightning.utilities.migration.utils",
        "lightning.pytorch.utilities.migration.utils",
    }
)


def take(file: BinaryIO, streams: Sequence[Stream]) -> tuple[bytes, Stream]:
    """The scanned stream that begins at the file's position; leaves the file just behind it.

    The bytes are a private copy: what is written to the file afterwards changes nothing. Raises `Changed`.
    """
    start = file.tell()
    lengths = sorted({stream.length for stream in streams}, reverse=True)
    data = file.read(lengths[0]) if lengths else b""
    for length in lengths:
        if length > len(data):
            continue
        digest = hashlib.sha256(memoryview(data)[:length]).hexdigest()
        for stream in streams:
            if stream.length == length and stream.sha256 == digest:
                file.seek(start + length)
                return data[:length], stream
    raise Changed(
        "The pickle that was about to be loaded is not one that was looked at.",
        next="Load it again: it will be looked at as it is now. If this repeats, something rewrites the file.",
    )


def bound(pickle_module: Any, streams: Iterable[Stream]) -> types.ModuleType:
    """A stand-in for `pickle_module` whose `load` and `Unpickler` accept only these streams.

    This is what `torch.load(pickle_module=…)` is given: torch subclasses its `Unpickler`.
    """
    known = tuple(streams)

    class Unpickler(pickle_module.Unpickler):  # type: ignore[misc]
        def __init__(self, file: BinaryIO, **kwargs: Any) -> None:
            data, self._stream = take(file, known)
            super().__init__(io.BytesIO(data), **kwargs)

        def load(self) -> Any:
            with hook.admitting(self._stream.names, through=_RUNNERS):
                return super().load()

    def load(file: BinaryIO, **kwargs: Any) -> Any:
        return Unpickler(file, **kwargs).load()

    module = types.ModuleType(pickle_module.__name__, pickle_module.__doc__)
    module.__dict__.update({k: v for k, v in vars(pickle_module).items() if not k.startswith("__")})
    module.Unpickler = Unpickler  # type: ignore[attr-defined]
    module.load = load  # type: ignore[attr-defined]
    return module
