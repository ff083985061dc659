"""timm: models of the hub, by `hf-hub:org/name` or by timm's own names."""

from __future__ import annotations

import os
import sys

from safeload.errors import UsageError
from safeload.guard.interface import Entry, Grant, Loader
from safeload.guard.loaders.origins import opened
from safeload.guard.loaders.settings import part, settings, text
from safeload.lean import Any, Callable, Iterator, Mapping
from safeload.sources.interface import Call, Listing, Role, Source, Wanted
from safeload.sources.local import absolute

_HUB = ("hf-hub:", "hf_hub:")
_FOLDER = "local-dir:"
_WEIGHTS = "pytorch_model.bin"
_SAFE = {
    "pytorch_model.bin": "model.safetensors",
    "open_clip_pytorch_model.bin": "open_clip_model.safetensors",
}
# As timm chooses in a folder.
_PREFERRED = ("model.safetensors", "pytorch_model.bin", "pytorch_model.pth", "model.pth", "open_clip_model.safetensors",
              "open_clip_pytorch_model.safetensors", "open_clip_pytorch_model.bin",
              "open_clip_pytorch_model.pth")  # fmt: skip
_ENDS = (".safetensors", ".pth", ".pth.tar", ".bin")


class Timm(Loader):
    """Its files are read by torch, and its downloads made by huggingface_hub: both are held as everywhere."""

    name = "timm"
    entries = (Entry(module="timm.models._factory", attribute="create_model", everywhere=True),)

    def recognises(self, listing: Listing) -> bool:
        return False

    def scope(self, call: Call, listing: Listing) -> tuple[Wanted, ...]:
        return tuple(dict.fromkeys(_files(call, listing)))

    def call_of(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
        named = _target(args, kwargs)
        if named is None:
            return None
        target, _, revision = named.partition("@")
        folder = os.path.isdir(named)  # noqa: PTH112
        options = {"pretrained": _pretrained(args, kwargs), "local": folder}
        return Call(
            target=absolute(named) if folder else target,
            revision=None if folder else revision or None,
            loader=self.name,
            entry="timm.create_model",
            options=options,
        )

    def wants_weights(self, call: Call) -> bool:
        return bool(call.options.get("pretrained"))

    def source_of(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Source | None:
        named = _target(args, kwargs)
        return opened(named, {"cache_dir": kwargs.get("cache_dir")})

    def proceed(
        self, original: Callable[..., Any], entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any], grant: Grant
    ) -> Any:
        return original(*args, **kwargs)  # each download within is held to the grant

    def load(self, grant: Grant) -> Mapping[str, Any]:
        raise UsageError("timm needs its own name for the model.", next='Call `timm.create_model("hf-hub:…")`.')


def _pretrained(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    return bool(args[1] if len(args) > 1 else kwargs.get("pretrained"))


def _target(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str | None:
    """The repository (perhaps with `@revision`) or folder; None for a name of timm's own that fetches nothing."""
    name = args[0] if args else kwargs.get("model_name")
    if not isinstance(name, str):
        return None
    start, _, rest = name.partition(":")
    if f"{start.lower()}:" in (*_HUB, _FOLDER):
        return rest
    if not _pretrained(args, kwargs) or kwargs.get("pretrained_cfg") or kwargs.get("pretrained_cfg_overlay"):
        return None
    registry = sys.modules.get("timm.models._registry")
    find = getattr(registry, "get_pretrained_cfg", None)
    found = find(name, allow_unregistered=True) if callable(find) else None
    hub = getattr(found, "hf_hub_id", None)
    return hub if isinstance(hub, str) and hub else None


def _files(call: Call, listing: Listing) -> Iterator[Wanted]:
    if "config.json" in listing.paths:
        yield Wanted(path="config.json", role=Role.CONFIG)
    if not call.options.get("pretrained"):
        return
    if call.options.get("local"):
        yield from _in_folder(listing)
        return
    config = settings(listing, "config.json")
    own = part(config, "pretrained_cfg") or config
    name = text(own, "hf_hub_filename") or _WEIGHTS
    safe = _SAFE.get(name, f"{name.removesuffix('.bin')}.safetensors" if name.endswith(".bin") else name)
    yield Wanted(path=safe if safe in listing.paths else name, role=Role.WEIGHTS)


def _in_folder(listing: Listing) -> Iterator[Wanted]:
    names = sorted(path for path in listing.paths if "/" not in path)
    ranked = [*(n for n in _PREFERRED if n in names), *(n for end in _ENDS for n in names if n.endswith(end))]
    yield from (Wanted(path=name, role=Role.WEIGHTS) for name in ranked[:1])
