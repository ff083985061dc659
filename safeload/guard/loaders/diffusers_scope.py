"""Which files a load by diffusers opens."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from safeload.guard.loaders.settings import part, settings, shards, text
from safeload.lean import Any, Iterator
from safeload.sources.interface import Call, Listing, Role, Wanted
from safeload.sources.names import contained

FROM_PIPE = "DiffusionPipeline.from_pipe"
MODEL = "ModelMixin.from_pretrained"
BLOCKS = "ModularPipelineBlocks.from_pretrained"
AUTO = "AutoModel.from_pretrained"
COMMUNITY = "datasets/diffusers/community-pipelines-mirror"
_INDEX = "model_index.json"
_OWN = "pipeline.py"
# In the order in which a component looks for its weights.
_SAFE = ("diffusion_pytorch_model.safetensors", "model.safetensors", "adapter_model.safetensors")
_PICKLED = ("diffusion_pytorch_model.bin", "pytorch_model.bin", "adapter_model.bin")
# No part of a component's settings: weights in whatever form, code (which is named), pictures.
_NO_SETTINGS = (".bin", ".safetensors", ".msgpack", ".onnx", ".pb", ".ckpt", ".pt", ".pth", ".h5", ".py", ".pyc",
                ".png", ".jpg", ".jpeg", ".webp", ".gif", ".xml", ".data", ".md")  # fmt: skip
_ROOT = ("scheduler_config.json", "config.json", "modular_model_index.json")


def scope_of(call: Call, listing: Listing) -> tuple[Wanted, ...]:
    """The files that `call` would open in `listing`, and the repositories that it goes on to."""
    return tuple(dict.fromkeys(_all(call, listing)))


def _all(call: Call, listing: Listing) -> Iterator[Wanted]:
    entry = call.entry.removeprefix("diffusers.")
    if listing.origin.name == COMMUNITY:
        yield from _community(call, listing)
    elif entry == FROM_PIPE:
        yield Wanted(path=_code_file(call), role=Role.CODE)
    elif entry in (MODEL, AUTO, BLOCKS):
        folder = call.options.get("subfolder")
        yield from _single(call, listing, folder.strip("/") if isinstance(folder, str) else "")
    else:
        yield from _pipeline(call, listing)


def _pipeline(call: Call, listing: Listing) -> Iterator[Wanted]:
    index = settings(listing, _INDEX)
    yield Wanted(path=_INDEX, role=Role.CONFIG)
    yield from (Wanted(path=name, role=Role.CONFIG) for name in _ROOT if name in listing.paths)
    passed = call.options.get("passed")
    for name, value in index.items():
        if not isinstance(value, list) or name == "_class_name" or not value or not isinstance(value[0], str):
            continue
        if isinstance(passed, list) and name in passed:
            continue
        inside = any(path.startswith(f"{name}/") for path in listing.paths)
        yield from _component(call, listing, name if inside and contained(name) else "")
        own = f"{name}/{value[0]}.py"
        if own in listing.paths:
            yield Wanted(path=own, role=Role.CODE)
    yield from _custom(call, listing, index)


def _single(call: Call, listing: Listing, folder: str) -> Iterator[Wanted]:
    """One model; for `AutoModel` and blocks also the code that its settings name."""
    if _INDEX in listing.paths and call.entry.endswith(AUTO):
        yield Wanted(path=_INDEX, role=Role.CONFIG)
    yield from _component(call, listing, folder)
    for name in ("config.json", "modular_config.json", _INDEX) if not call.entry.endswith(MODEL) else ():
        at = f"{folder}/{name}" if folder else name
        mapped = part(settings(listing, at), "auto_map")
        for key in ("AutoModel", "ModularPipelineBlocks"):
            module, _, _ = text(mapped, key).partition(".")
            path = f"{folder}/{module}.py" if folder else f"{module}.py"
            if module and (call.trust_remote_code or call.entry.endswith(BLOCKS)):
                yield Wanted(path=path if contained(path) else text(mapped, key), role=Role.CODE)


def _component(call: Call, listing: Listing, folder: str) -> Iterator[Wanted]:
    """The settings of a component, and its weights as it looks for them."""
    head = f"{folder}/" if folder else ""
    inside = [path for path in sorted(listing.paths) if path.startswith(head) and "/" not in path[len(head) :]]
    role = Role.TOKENIZER if "tokenizer" in folder else Role.CONFIG
    for path in inside if folder else [p for p in inside if p.endswith((".json", ".txt", ".model"))]:
        if not path.lower().endswith(_NO_SETTINGS):
            yield Wanted(path=path, role=Role.TEMPLATE if path.endswith(".jinja") else role)
    for name in _weights(call):
        if head + name in listing.paths:
            yield Wanted(path=head + name, role=Role.CONFIG if name.endswith(".json") else Role.WEIGHTS)
            for shard in shards(listing, head + name) if name.endswith(".json") else ():
                yield Wanted(path=head + shard if contained(shard) else shard, role=Role.WEIGHTS)
            return


def _weights(call: Call) -> Iterator[str]:
    variant, safe = call.options.get("variant"), call.options.get("use_safetensors")
    groups = [_PICKLED] if safe is False else [_SAFE] if safe else [_SAFE, _PICKLED]
    for group in groups:
        for middle in [f".{variant}", ""] if isinstance(variant, str) and variant else [""]:
            for name in group:
                stem, _, end = name.rpartition(".")
                yield f"{stem}{middle}.{end}"
                yield f"{name}.index{middle}.json"
                yield f"{stem}{middle}.{end}.index.json"


def _custom(call: Call, listing: Listing, index: dict[str, Any]) -> Iterator[Wanted]:
    """The code of the pipeline itself: beside it, in another repository, on this machine, or of the community."""
    named = call.options.get("custom_pipeline")
    classes = index.get("_class_name")
    if named is None and isinstance(classes, list) and classes:
        named = classes[0]
    if not isinstance(named, str) or not named:
        return
    if f"{named}.py" in listing.paths:
        yield Wanted(path=f"{named}.py", role=Role.CODE)
    elif named.endswith(".py") or os.path.isdir(named):  # noqa: PTH112
        place = Path(named).absolute()
        folder = place.parent if named.endswith(".py") else place
        yield Wanted(path=_code_file(call), role=Role.CODE, repo=str(folder))
    elif "/" in named:
        revision = call.options.get("custom_revision")
        yield Wanted(path=_OWN, role=Role.CODE, repo=named, revision=revision if isinstance(revision, str) else None)
    else:
        yield Wanted(path="", role=Role.CODE, repo=COMMUNITY)


def _code_file(call: Call) -> str:
    named = call.options.get("custom_pipeline")
    return Path(named).name if isinstance(named, str) and named.endswith(".py") else _OWN


def _community(call: Call, listing: Listing) -> Iterator[Wanted]:
    """The file of the release that is installed, and the newest: diffusers asks PyPI which of them it takes."""
    name, revision = call.options.get("custom_pipeline"), call.options.get("custom_revision")
    release = ".".join(str(getattr(sys.modules.get("diffusers"), "__version__", "")).split(".")[:3])
    folders = [f"v{release}", "main"]
    if isinstance(revision, str) and revision:
        folders = [revision if revision == "main" else f"v{revision.removeprefix('v')}"]
    found = [f"{folder}/{name}.py" for folder in folders if f"{folder}/{name}.py" in listing.paths]
    yield from (Wanted(path=path, role=Role.CODE) for path in found or [f"{folders[-1]}/{name}.py"])
