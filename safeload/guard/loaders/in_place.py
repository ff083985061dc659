"""Libraries of models that are read where they lie: large, or with files beside them, and nothing in them is run."""

from __future__ import annotations

from contextlib import contextmanager

from safeload.guard.interface import Entry, Grant
from safeload.guard.loaders.singlefile import SingleFile
from safeload.lean import Any, Iterator
from safeload.sources.interface import Call, Listing, Role, Wanted


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


class SpaCy(InPlace):
    """A folder of tables. Its `config.cfg` names functions that installed packages have registered: these are not judged.
    A pipeline that is an installed package is code of that package, and none of a load's.
    """

    name = "spacy"
    argument = "model_path"
    folders = True
    entries = (Entry(module="spacy.util", attribute="load_model_from_path"),)

    def scope(self, call: Call, listing: Listing) -> tuple[Wanted, ...]:
        return tuple(Wanted(path=path, role=Role.FOUND) for path in sorted(listing.paths))
