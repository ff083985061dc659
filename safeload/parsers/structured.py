"""Formats without a signature, recognised by the structure of their first fields."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, Callable, Final
from safeload.parsers import inert
from safeload.parsers.models import (
    bundle,
    catboost,
    coreml,
    lightgbm,
    milblob,
    msgpack,
    native,
    onnx,
    openvino,
    sentencepiece,
    tables,
    tensorflow,
    tflite,
    ubjson,
)

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader
    from safeload.parsers.visit import Read


def kinds(head: bytes, reader: Reader) -> list[str]:
    """Those that the bytes could be. `head` is the start of them."""
    found = [name for name, looks_right in _LOOKS if looks_right(head, reader)]
    return [*found, *inert.kinds(head, reader), *tables.kinds(head, reader)]


def _hdf5_behind(head: bytes, reader: Reader) -> bool:
    """Readers of HDF5 look for its signature behind anything, at 512 bytes and every doubling of that.

    Over a network each look is a request, for what almost no file has: the local scan that every grant needs does it.
    """
    at = 512
    if reader.whole is not None and _HDF5 not in reader.whole:
        return False
    while reader.local and at + len(_HDF5) <= reader.size:
        if reader.read_at(at, len(_HDF5)) == _HDF5:
            return True
        at *= 2
    return False


_LOOKS: Final[tuple[tuple[str, Callable[[bytes, Reader], bool]], ...]] = (
    ("native", native.looks_right),
    ("onnx", onnx.looks_right),
    ("msgpack", msgpack.looks_right),
    ("ubjson", ubjson.looks_right),
    ("lightgbm", lightgbm.looks_right),
    ("catboost", catboost.looks_right),
    ("openvino", openvino.looks_right),
    ("coreml", coreml.looks_right),
    ("coreml-weights", milblob.looks_right),
    (bundle.FORMAT, bundle.looks_right),
    ("tflite", tflite.tflite),
    ("executorch", tflite.executorch),
    ("tf-saved-model", tensorflow.saved_model),
    ("tf-graph", tensorflow.graph),
    ("keras-metadata", tensorflow.keras_metadata),
    (tensorflow.FINGERPRINT, tensorflow.fingerprint),
    ("sentencepiece", sentencepiece.looks_right),
    ("hdf5", _hdf5_behind),
)
_HDF5: Final = b"\x89HDF\r\n\x1a\n"

# What reads them, for `parsers.registry`.
READERS: Final[dict[str, Read]] = {
    "native": native.read,
    "onnx": onnx.read,
    "coreml": coreml.read,
    "coreml-weights": milblob.read,
    bundle.FORMAT: bundle.read,
    "sentencepiece": sentencepiece.read,
    **dict.fromkeys(inert.FORMATS, inert.read),
    **dict.fromkeys(("parquet", "arrow"), tables.read),
    **dict.fromkeys(("tflite", "executorch"), tflite.read),
    **dict.fromkeys(("tf-saved-model", "tf-graph", "keras-metadata", tensorflow.FINGERPRINT), tensorflow.read),
}
