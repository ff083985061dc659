"""Libraries of models that are read where they lie: large, or with files beside them, and nothing in them is run."""

from __future__ import annotations

from contextlib import contextmanager

from safeload.guard.interface import Entry, Grant
from safeload.guard.loaders.singlefile import SingleFile
from safeload.lean import Any, Iterator


class InPlace(SingleFile):
    """That the file is still the one that was looked at is checked after the load."""

    @contextmanager
    def handed_over(self, target: Any, grant: Grant) -> Iterator[Any]:
        yield target


class OnnxRuntime(InPlace):
    """Weights may lie in files beside it, which onnxruntime finds by the model's path."""

    name = "onnxruntime"
    argument = "path_or_bytes"
    position = 1
    suffixes = (".onnx",)
    entries = (
        Entry(module="onnxruntime.capi.onnxruntime_inference_collection", attribute="InferenceSession.__init__"),
    )


class GGUF(InPlace):
    name = "gguf"
    argument = "path"
    position = 1
    suffixes = (".gguf",)
    entries = (Entry(module="gguf.gguf_reader", attribute="GGUFReader.__init__"),)
