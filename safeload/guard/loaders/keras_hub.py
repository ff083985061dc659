"""KerasHub: presets of the hub and of folders."""

from __future__ import annotations

import os

from safeload.errors import UsageError
from safeload.guard.interface import Entry, Grant, Loader
from safeload.guard.loaders.origins import call_about
from safeload.guard.loaders.settings import part, settings
from safeload.lean import Any, Iterator, Mapping
from safeload.sources.interface import Call, Listing, Role, Wanted
from safeload.sources.local import absolute

_HUB = "hf://"
_FROM = "from_preset"
_CLASSES = {
    "keras_hub.src.models.backbone": "Backbone",
    "keras_hub.src.models.task": "Task",
    "keras_hub.src.models.preprocessor": "Preprocessor",
    "keras_hub.src.tokenizers.tokenizer": "Tokenizer",
    "keras_hub.src.layers.preprocessing.image_converter": "ImageConverter",
    "keras_hub.src.layers.preprocessing.audio_converter": "AudioConverter",
    "keras_hub.src.layers.preprocessing.video_converter": "VideoConverter",
}
_WEIGHTED = ("Backbone", "Task")
_INDEXES = ("model.weights.json", "model.safetensors.index.json")
_WHOLE = ("model.weights.h5", "model.safetensors", "task.weights.h5")
_VOCABULARY = (".txt", ".model", ".spm", ".proto", ".merges")


class KerasHub(Loader):
    """Its settings are Keras objects, made as they say. Presets of Kaggle (built-in ones, too) are let through."""

    name = "keras_hub"
    entries = tuple(Entry(module=module, attribute=f"{cls}.{_FROM}") for module, cls in _CLASSES.items())

    def recognises(self, listing: Listing) -> bool:
        return False

    def scope(self, call: Call, listing: Listing) -> tuple[Wanted, ...]:
        return tuple(dict.fromkeys(_files(call, listing)))

    def wants_weights(self, call: Call) -> bool:
        return _has_weights(call)

    def call_of(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
        preset = args[1] if len(args) > 1 else kwargs.get("preset")
        if not isinstance(preset, str):
            return None
        here = os.path.isdir(preset)  # noqa: PTH112
        if not here and not preset.startswith(_HUB):
            return None
        target = absolute(preset) if here else preset.removeprefix(_HUB)
        named = {**kwargs, "load_weights": args[2]} if len(args) > 2 else kwargs
        return call_about(target, named, "preset", loader=self.name, entry=f"{self.name}.{entry.attribute}")

    def load(self, grant: Grant) -> Mapping[str, Any]:
        raise UsageError("A preset needs its class.", next='Call `keras_hub.models.….from_preset("hf://…")`, guarded.')


def _has_weights(call: Call) -> bool:
    return f".{call.entry}".split(".")[-2] in _WEIGHTED and call.options.get("load_weights") is not False


def _files(call: Call, listing: Listing) -> Iterator[Wanted]:
    yield Wanted(path="config.json", role=Role.CONFIG)
    for path in sorted(listing.paths):
        if path.endswith(".json") and path.count("/") == 0:
            yield Wanted(path=path, role=Role.CONFIG)
        elif path.startswith("assets/") or path.endswith(_VOCABULARY):
            yield Wanted(path=path, role=Role.TOKENIZER)
    if not _has_weights(call):
        return
    for path in _WHOLE:
        if path in listing.paths:
            yield Wanted(path=path, role=Role.WEIGHTS)
    for index in _INDEXES:
        for named in part(settings(listing, index), "weight_map").values():  # one file, or several of them
            for shard in named if isinstance(named, list) else [named]:
                yield Wanted(path=str(shard), role=Role.WEIGHTS)
