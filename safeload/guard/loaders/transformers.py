"""transformers: `from_pretrained`, and loading a model with its tokenizer."""

from __future__ import annotations

from safeload.errors import Misbehaved, UsageError
from safeload.guard.interface import Entry, Grant, Loader
from safeload.guard.loaders.settings import settings
from safeload.guard.loaders.transformers_calls import call_of, source_of, target_of
from safeload.guard.loaders.transformers_entries import ADAPTER, ENTRIES, GENERATE, PIPELINE, Kind, entry_name, kind_of
from safeload.guard.loaders.transformers_load import bound, load
from safeload.guard.loaders.transformers_pins import adapter_of, pipeline_of
from safeload.guard.loaders.transformers_scope import scope_of
from safeload.lean import Any, Callable, Mapping
from safeload.sources.interface import Call, Listing, Source, Wanted


class Transformers(Loader):
    name = "transformers"
    entries = ENTRIES

    def recognises(self, listing: Listing) -> bool:
        if "adapter_config.json" in listing.paths:
            return True
        try:
            config = settings(listing, "config.json")
        except Misbehaved:
            return False  # then every file is looked at, as for a folder of which nothing is known
        return isinstance(config.get("model_type"), str) or isinstance(config.get("architectures"), list)

    def scope(self, call: Call, listing: Listing) -> tuple[Wanted, ...]:
        return scope_of(call, listing)

    def wants_weights(self, call: Call) -> bool:
        return kind_of(call.entry) in (Kind.WHOLE, Kind.MODEL)

    def call_of(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
        return call_of(entry, args, kwargs)

    def source_of(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Source | None:
        return source_of(args, kwargs)

    def load(self, grant: Grant) -> Mapping[str, Any]:
        return load(grant)

    def proceed(
        self, original: Callable[..., Any], entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any], grant: Grant
    ) -> Any:
        target = target_of(entry, args, kwargs)
        if target is None:
            raise UsageError("The name of the model is missing.", next="Give it as the first argument.")
        if entry.attribute == PIPELINE:
            return original(*args, **pipeline_of(grant, target, kwargs))
        if entry.attribute == ADAPTER:
            return original(*args, **adapter_of(grant, target, kwargs))
        name = entry.attribute if entry.attribute == GENERATE else entry_name(entry, args[0])
        with bound(grant, target, name, kwargs) as pinned:
            return original(*args, **pinned)
