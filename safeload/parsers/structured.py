"""Formats without a signature, recognised by the structure of their first fields."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, Callable, Final
from safeload.parsers import inert
from safeload.parsers.models import native, tables
from safeload.parsers.signs import heads, messages

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader


def kinds(head: bytes, reader: Reader) -> list[str]:
    """Those that the bytes could be. `head` is the start of them."""
    found = [name for name, looks_right in _LOOKS if looks_right(head, reader)]
    return [*found, *inert.kinds(head, reader), *tables.kinds(head, reader)]


_LOOKS: Final[tuple[tuple[str, Callable[[bytes, Reader], bool]], ...]] = (
    ("native", native.looks_right),
    ("onnx", messages.onnx),
    ("msgpack", heads.msgpack),
    ("ubjson", heads.ubjson),
    ("lightgbm", heads.lightgbm),
    ("catboost", heads.catboost),
    ("openvino", heads.openvino),
    ("coreml", messages.coreml),
    ("coreml-weights", heads.coreml_weights),
    ("tf-bundle", heads.tf_bundle),
    ("tflite", heads.tflite),
    ("executorch", heads.executorch),
    ("tf-saved-model", messages.saved_model),
    ("tf-graph", messages.graph),
    ("keras-metadata", messages.keras_metadata),
    ("tf-fingerprint", messages.fingerprint),
    ("sentencepiece", messages.sentencepiece),
    ("hdf5", heads.hdf5_behind),
)
