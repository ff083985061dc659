"""diffusers: weights that are added to a pipeline (LoRA, textual inversion, IP adapters), models in one file."""

from __future__ import annotations

import os
import re

from safeload.errors import UsageError
from safeload.guard.interface import Entry, Grant, Loader
from safeload.guard.loaders import transformers_scope
from safeload.guard.loaders.origins import call_about, opened
from safeload.lean import Any, Callable, Iterator, Mapping, replace
from safeload.sources.interface import Call, Listing, OriginKind, Role, Source, Wanted

_LORA = ("pytorch_lora_weights.safetensors", "pytorch_lora_weights.bin")
_WORD = ("learned_embeds.safetensors", "learned_embeds.bin")
_LORAS = ("LoraBaseMixin.lora_state_dict", "PeftAdapterMixin.load_lora_adapter",
          "UNet2DConditionLoadersMixin.load_attn_procs")  # fmt: skip
_TEXTUAL = "TextualInversionLoaderMixin.load_textual_inversion"
_IMAGES = ("IPAdapterMixin.load_ip_adapter", "ModularIPAdapterMixin.load_ip_adapter")
_SINGLE = "load_single_file_checkpoint"
_TARGETS = ("pretrained_model_name_or_path_or_dict", "pretrained_model_name_or_path", "pretrained_model_link_or_path")
# Behind the target, in the order in which `load_ip_adapter` takes them.
_POSITIONAL = ("subfolder", "weight_name", "image_encoder_folder")
# As `from_single_file` takes an address apart.
_ADDRESS = re.compile(r"(?:https?://)(?:huggingface\.co|hf\.co)/([^/]+/[^/]+)/(?:blob/main/)?(.+)")
_NO_LORA = ("scheduler", "optimizer", "checkpoint")  # files that diffusers does not take for a LoRA


class DiffusersWeights(Loader):
    """Where only one file is read: what diffusers goes on to (a pipeline's settings, say) is decided on by itself.

    Several repositories in one call are left to what reads each of their files.
    """

    name = "diffusers.weights"
    entries = (
        # Each kind of pipeline has a copy, made in this module; `load_lora_weights` comes here.
        Entry(module="diffusers.loaders.lora_pipeline", attribute=_LORAS[0], family=True),
        Entry(module="diffusers.loaders.peft", attribute=_LORAS[1]),
        Entry(module="diffusers.loaders.unet", attribute=_LORAS[2]),
        Entry(module="diffusers.loaders.textual_inversion", attribute=_TEXTUAL),
        *(Entry(module="diffusers.loaders.ip_adapter", attribute=attribute) for attribute in _IMAGES),
        # `from_single_file` of pipelines and of models comes here.
        Entry(module="diffusers.loaders.single_file_utils", attribute=_SINGLE, everywhere=True),
    )

    def recognises(self, listing: Listing) -> bool:
        return False

    def scope(self, call: Call, listing: Listing) -> tuple[Wanted, ...]:
        return tuple(dict.fromkeys(_files(call, listing)))

    def call_of(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
        target, file = _target(args, kwargs)
        if not target:
            return None
        call = call_about(
            target, kwargs, *_TARGETS, "cache_dir", loader=self.name, entry=f"{self.name}.{entry.attribute}"
        )
        options = {**call.options, "weight_name": file} if file else dict(call.options)
        if entry.attribute in _IMAGES:
            options |= dict(zip(_POSITIONAL, args[2:], strict=False))
            options["encoder"] = getattr(args[0], "image_encoder", "") is None  # the pipeline has room for one
        return replace(call, options=options)

    def source_of(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Source | None:
        return opened(_target(args, kwargs)[0], kwargs)

    def proceed(
        self, original: Callable[..., Any], entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any], grant: Grant
    ) -> Any:
        # Each download within is held to the grant. Which file of a folder is the LoRA must not be guessed anew.
        weights = [a.path for a in grant.snapshot.artifacts if a.role is Role.WEIGHTS]
        guessed = kwargs.get("weight_name") is None and not os.path.isfile(grant.call.target)  # noqa: PTH113
        if guessed and entry.attribute in _LORAS and len(weights) == 1:
            return original(*args, **{**kwargs, "weight_name": weights[0], "subfolder": None})
        return original(*args, **kwargs)

    def load(self, grant: Grant) -> Mapping[str, Any]:
        raise UsageError("These weights are for a model.", next="Call diffusers itself, guarded.")


def _target(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[str, str]:
    """The repository, folder or file, behind the class or object if there is one; and the file of an address."""
    named = [*args[:2], *(kwargs[key] for key in _TARGETS if key in kwargs)]
    given = next((os.fspath(item) for item in named if isinstance(item, (str, os.PathLike))), "")
    found = _ADDRESS.fullmatch(given)
    return (found[1], found[2]) if found else (given, "")


def _files(call: Call, listing: Listing) -> Iterator[Wanted]:
    names, folders = _listed(call.options.get("weight_name")), _listed(call.options.get("subfolder")) or [""]
    if listing.origin.kind is OriginKind.LOCAL and not os.path.isdir(listing.origin.name):  # noqa: PTH112
        names = sorted(listing.paths)
    if not names:
        names, folders = [_guessed(call, listing, folders[0])], [""]
    places = list(zip(names, folders * len(names) if len(folders) == 1 else folders, strict=False))
    for name, folder in places:
        local = listing.origin.kind is OriginKind.LOCAL and name in listing.paths
        yield Wanted(path=name if local else _joined(folder, name), role=Role.WEIGHTS)
    encoder = call.options.get("image_encoder_folder", "image_encoder")
    if call.options.get("encoder") and isinstance(encoder, str) and places:
        at = encoder if "/" in encoder else _joined(places[0][1], encoder)
        yield from transformers_scope.scope_of(
            replace(call, entry="PreTrainedModel.from_pretrained", options={"subfolder": at}), listing
        )


def _guessed(call: Call, listing: Listing, folder: str) -> str:
    """The file that is taken where none is named."""
    textual = call.entry.endswith(_TEXTUAL)
    known = _WORD if textual else _LORA
    safe = call.options.get("use_safetensors")
    for usual in known[1:] if safe is False else known[:1] if safe else known:
        inside = [path for path in sorted(listing.paths) if path.startswith(_joined(folder, ""))]
        found = [path for path in inside if path == _joined(folder, usual) or (not textual and _may_be(path, usual))]
        if found:
            return next((path for path in found if path.endswith(usual)), found[0])
    return _joined(folder, known[safe is False])


def _may_be(path: str, usual: str) -> bool:
    return path.endswith(usual[usual.rindex(".") :]) and not any(word in path for word in _NO_LORA)


def _listed(value: Any) -> list[str]:
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str) and item]


def _joined(folder: str, name: str) -> str:
    return f"{folder.strip('/')}/{name}" if folder.strip("/") else name
