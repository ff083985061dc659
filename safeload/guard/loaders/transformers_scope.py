"""Which files a load by transformers opens."""

from __future__ import annotations

import fnmatch
import json
import re
from functools import cache
from pathlib import Path

from safeload.guard.loaders.settings import part, settings, shards, text
from safeload.guard.loaders.transformers_calls import PARTS
from safeload.guard.loaders.transformers_code import code_of, generation_of
from safeload.guard.loaders.transformers_entries import PIPELINE, Kind, kind_of
from safeload.lean import Any, Iterator
from safeload.sources.interface import Call, Listing, OriginKind, Role, Wanted
from safeload.sources.names import COMMIT, contained

_KNOWN = "transformers_known.json"
_TOKENIZER = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "tokenizer.json")
_TEMPLATES = ("chat_template.jinja", "chat_template.json", "additional_chat_templates/*.jinja")
_PROCESSOR = ("preprocessor_config.json", "video_preprocessor_config.json", "processor_config.json",
              "audio_tokenizer_config.json")  # fmt: skip
# What sentence-transformers imports for the same repository. transformers does not open them; a look at the whole does.
_MODULES = ("modules.json", "router_config.json")
# What the tokenizer of a repository's own code may be kept in: its names are in that code.
_OWN_VOCABULARY = ("*.tiktoken", "*.model", "*.vocab", "vocab*", "merges*")
_VERSIONED = ("tokenizer.*.json", "tokenizer.model.*")
_DISTRIBUTED = re.compile(r"shard-[0-9]{5}-model-[0-9]{5}-of-[0-9]{5}\.safetensors")
# Files that the classes of these model types open beside their weights.
_EXTRA = {"qwen2_5_omni": ("spk_dict.pt",), "jev": ("head.safetensors", "readout.safetensors")}


@cache
def _known() -> dict[str, frozenset[str]]:
    """The model types and vocabulary files of the release that the data file names; transformers is not imported."""
    data = json.loads(Path(__file__).with_name(_KNOWN).read_text("utf-8"))
    return {key: frozenset(data[key]) for key in ("model_types", "vocabulary")}


def knows(model_type: str) -> bool:
    return model_type in _known()["model_types"]


def scope_of(call: Call, listing: Listing) -> tuple[Wanted, ...]:
    """The files that `call` would open in `listing`, and the repositories that it goes on to."""
    found = _Scope(call, listing)
    if len(listing.artifacts) == 1 and listing.origin.kind is OriginKind.LOCAL and _is_file(listing):
        return (Wanted(path=listing.artifacts[0].path, role=Role.WEIGHTS),)
    return tuple(dict.fromkeys(found.all()))


def _is_file(listing: Listing) -> bool:
    return Path(listing.origin.name).name == listing.artifacts[0].path


class _Scope:
    """One call in one listing."""

    def __init__(self, call: Call, listing: Listing) -> None:
        self.call, self.listing = call, listing
        self.kind = kind_of(call.entry)
        folder = call.options.get("subfolder")
        self.folder = folder.strip("/") if isinstance(folder, str) else ""

    def all(self) -> Iterator[Wanted]:
        if self.kind is Kind.GENERATION:
            yield from generation_of(self.call, self.listing)
            return
        if self.kind is Kind.ADAPTER:
            yield from self.adapter("")
            return
        yield from self.parts()
        base = self.base() if self.kind in (Kind.WHOLE, Kind.MODEL) else None
        if base is not None:
            yield from self.adapter(base)
            if not self.embedded():
                if self.kind is Kind.WHOLE:
                    yield from self.tokenizer()
                return
        names = self.configs()
        yield from self.there(*names, role=Role.CONFIG)
        if self.kind is Kind.WHOLE:
            yield from self.there(*_MODULES, role=Role.CONFIG)
        if self.kind in (Kind.WHOLE, Kind.MODEL):
            yield from self.there("generation_config.json", role=Role.CONFIG)
            for name in names:
                yield from self.weights(settings(self.listing, self.at(name)))
        if self.kind in (Kind.WHOLE, Kind.TOKENIZER, Kind.PROCESSOR):
            yield from self.tokenizer()
        if self.kind in (Kind.WHOLE, Kind.PROCESSOR):
            yield from self.there(*_PROCESSOR, role=Role.CONFIG)
        for name in names:
            yield from code_of(self.call, self.listing, at=self.at, config_name=name, knows=knows)

    def parts(self) -> Iterator[Wanted]:
        """The other repositories that a pipeline's parts were said to come from."""
        for name, entry in PARTS.items() if self.call.entry == PIPELINE else ():
            other = self.call.options.get(name)
            if isinstance(other, str) and other and other != self.listing.origin.name:
                yield Wanted(path="", role=Role.CONFIG, repo=other, entry=entry)

    def configs(self) -> list[str]:
        """`config.json`, and the files that replace it for some releases of transformers: any of them may be read."""
        listed = settings(self.listing, self.at("config.json")).get("configuration_files")
        others = [n for n in listed if isinstance(n, str) and contained(n)] if isinstance(listed, list) else []
        return ["config.json", *(name for name in others if self.at(name) in self.listing.paths)]

    def at(self, name: str) -> str:
        return f"{self.folder}/{name}" if self.folder else name

    def there(self, *names: str, role: Role) -> Iterator[Wanted]:
        """Those of `names` (or patterns) that exist: transformers can do without the others."""
        for name in names:
            pattern = self.at(name)
            if "*" not in pattern:
                if pattern in self.listing.paths:
                    yield Wanted(path=pattern, role=role)
                continue
            for path in sorted(self.listing.paths):
                # A pattern's star does not cross folders here.
                if path.count("/") == pattern.count("/") and fnmatch.fnmatchcase(path, pattern):
                    yield Wanted(path=path, role=role)

    # Adapters.

    def base(self) -> str | None:
        """The base model's name, where this is an adapter."""
        if "adapter_config.json" not in self.listing.paths:
            return None
        return text(settings(self.listing, "adapter_config.json"), "base_model_name_or_path") or None

    def embedded(self) -> bool:
        """A local folder with a model of its own loads that one, and the adapter into it."""
        return self.listing.origin.kind is OriginKind.LOCAL and "config.json" in self.listing.paths

    def adapter(self, base: str) -> Iterator[Wanted]:
        yield Wanted(path="adapter_config.json", role=Role.CONFIG)
        names = ["adapter_model.safetensors", "adapter_model.bin"]
        if self.call.options.get("use_safetensors") is False:
            names.reverse()
        there = [name for name in names if name in self.listing.paths]
        yield Wanted(path=(there or names)[0], role=Role.WEIGHTS)
        if base and not self.embedded():
            asked = self.call.revision
            # transformers looks for the same branch or tag in the base; a commit means nothing there.
            yield Wanted(
                path="",
                role=Role.CONFIG,
                repo=base,
                revision=None if asked is None or COMMIT.fullmatch(asked) else asked,
            )

    # Weights.

    def weights(self, config: dict[str, Any]) -> Iterator[Wanted]:
        """safetensors first, then `.bin`; whole, then by index, as `PreTrainedModel.from_pretrained` looks."""
        gguf = self.call.options.get("gguf_file")
        if isinstance(gguf, str) and gguf:
            yield Wanted(path=self.at(gguf), role=Role.WEIGHTS)
            return
        distributed = self.distributed()
        if distributed:
            yield from (Wanted(path=path, role=Role.WEIGHTS) for path in distributed)
            return
        yield from self.there(*_EXTRA.get(text(config, "model_type"), ()), role=Role.WEIGHTS)
        explicit = self.explicit(config)
        if explicit:
            for name in explicit:
                yield from self.checkpoint(name)
            return
        for name in self.candidates():
            if self.at(name) in self.listing.paths:
                yield from self.checkpoint(name)
                return

    def distributed(self) -> list[str]:
        """A local folder of a distributed checkpoint: its metadata is a pickle, read before the shards."""
        if self.listing.origin.kind is not OriginKind.LOCAL:
            return []
        head = self.at("")
        inside = [p for p in sorted(self.listing.paths) if p.startswith(head) and "/" not in p[len(head) :]]
        if not any(_DISTRIBUTED.match(path[len(head) :]) for path in inside):
            return []
        return [path for path in inside if path.endswith((".safetensors", ".metadata", ".distcp"))]

    def explicit(self, config: dict[str, Any]) -> list[str]:
        chosen = self.call.options.get("transformers_weights")
        if isinstance(chosen, str) and chosen:
            return [chosen]
        named = [text(config, "transformers_weights"), text(part(config, "text_config"), "transformers_weights")]
        return [name for name in dict.fromkeys(named) if name]

    def candidates(self) -> Iterator[str]:
        safetensors = self.call.options.get("use_safetensors")
        variant = self.call.options.get("variant")
        names = []
        if safetensors is not False:
            names += ["model.safetensors", "model.safetensors.index.json"]
        if not safetensors:
            names += ["pytorch_model.bin", "pytorch_model.bin.index.json"]
        for name in names:
            if not isinstance(variant, str) or not variant:
                yield name
                continue
            stem, _, end = name.rpartition(".")
            yield f"{stem}.{variant}.{end}"
            if name.endswith(".index.json"):  # transformers 4 put it before `index`
                yield f"{name.removesuffix('.index.json')}.index.{variant}.json"

    def checkpoint(self, name: str) -> Iterator[Wanted]:
        path = self.at(name)
        if not name.endswith(".json"):
            yield Wanted(path=path, role=Role.WEIGHTS)
            return
        yield Wanted(path=path, role=Role.CONFIG)
        for shard in shards(self.listing, path):
            # One that leads out of the repository is in no listing: it will be reported as missing.
            yield Wanted(path=self.at(shard) if contained(shard) else shard, role=Role.WEIGHTS)

    # Tokenizers.

    def tokenizer(self) -> Iterator[Wanted]:
        yield from self.there(*_TOKENIZER, *sorted(_known()["vocabulary"]), *_VERSIONED, role=Role.TOKENIZER)
        yield from self.there(*_TEMPLATES, role=Role.TEMPLATE)
        if settings(self.listing, self.at("tokenizer_config.json")).get("auto_map"):
            yield from self.there(*_OWN_VOCABULARY, role=Role.TOKENIZER)
