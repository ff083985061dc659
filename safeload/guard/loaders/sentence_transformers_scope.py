"""Which files a load by sentence-transformers opens."""

from __future__ import annotations

import json

from safeload import limits
from safeload.errors import Misbehaved
from safeload.guard.loaders import transformers_scope
from safeload.guard.loaders.settings import part, settings
from safeload.guard.loaders.transformers_code import wanted_code
from safeload.lean import Any, Iterator, replace
from safeload.sources.interface import Call, Listing, Role, Wanted
from safeload.sources.names import contained

_OWN = "sentence_transformers."
_WHOLE = "AutoModel"  # a model with its tokenizer, as transformers loads it
_LISTED = "modules.json"
_ROOT = ("config_sentence_transformers.json", "config.json")
_SETTINGS = (".json", ".txt", ".model", ".jinja", ".vocab")
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")


def scope_of(call: Call, listing: Listing) -> tuple[Wanted, ...]:
    """The files that `call` would open in `listing`, and the repositories that it goes on to."""
    return tuple(dict.fromkeys(_all(call, listing)))


def _all(call: Call, listing: Listing) -> Iterator[Wanted]:
    own = not call.entry or call.entry.startswith(_OWN)
    if not own or _LISTED not in listing.paths:
        yield from _transformer(call, listing, "")
        return
    yield Wanted(path=_LISTED, role=Role.CONFIG)
    yield from (Wanted(path=name, role=Role.CONFIG) for name in _ROOT if name in listing.paths)
    if "README.md" in listing.paths:
        yield Wanted(path="README.md", role=Role.BESIDE)  # shown as the model's card
    for module in _modules(listing):
        path, kind = module.get("path"), module.get("type")
        if isinstance(path, str) and isinstance(kind, str):
            yield from _module(call, listing, path.strip("/"), kind, depth=0)


def _modules(listing: Listing) -> list[dict[str, Any]]:
    try:
        found = json.loads((listing.read(_LISTED) or b"[]").decode("utf-8"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list):
        raise Misbehaved(
            f"{_LISTED} of {listing.origin} is not a list of modules, so nobody can tell what would be loaded.",
            next="Ask its authors.",
        )
    return [module for module in found if isinstance(module, dict)]


def _module(call: Call, listing: Listing, folder: str, kind: str, *, depth: int) -> Iterator[Wanted]:
    """One module: the settings and weights of its folder, what transformers loads of it, its code."""
    head = f"{folder}/" if folder else ""
    if folder:
        inside = [p for p in sorted(listing.paths) if p.startswith(head) and "/" not in p[len(head) :]]
        yield from (Wanted(path=p, role=Role.CONFIG) for p in inside if p.endswith(_SETTINGS))
    else:
        names = [p for p in sorted(listing.paths) if p.startswith(("sentence_", "router_")) and p.endswith(".json")]
        yield from (Wanted(path=name, role=Role.CONFIG) for name in names)
    if f"{head}config.json" in listing.paths and "model_type" in settings(listing, f"{head}config.json"):
        yield from _transformer(call, listing, folder)
    else:
        there = [head + name for name in _WEIGHTS if head + name in listing.paths]
        yield from (Wanted(path=path, role=Role.WEIGHTS) for path in there[:1])
        if f"{head}adapter_config.json" in listing.paths:
            yield from _transformer(call, listing, folder)
    if not kind.startswith(_OWN):
        code = wanted_code(kind, call, listing)
        # Without such a file the name is that of an installed library's class, which the settings' finding is about.
        if code.repo is not None or code.path in listing.paths:
            yield code
    types = part(settings(listing, f"{head}router_config.json"), "types")
    for name, other in types.items() if depth < limits.REPOSITORIES else ():
        if contained(name) and isinstance(other, str):
            yield from _module(call, listing, head + name, other, depth=depth + 1)


def _transformer(call: Call, listing: Listing, folder: str) -> Iterator[Wanted]:
    """What transformers opens for it: model, tokenizer, processor; an adapter's base is no list of modules."""
    more = call.options.get("model_kwargs")
    options = {**(more if isinstance(more, dict) else {}), **({"subfolder": folder} if folder else {})}
    for want in transformers_scope.scope_of(replace(call, entry=_WHOLE, options=options), listing):
        yield want if want.path else replace(want, entry=_WHOLE)
    processor = replace(call, entry="AutoProcessor.from_pretrained", options=options)
    yield from transformers_scope.scope_of(processor, listing)
