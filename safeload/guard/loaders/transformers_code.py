"""Which Python files of a repository a load by transformers executes."""

from __future__ import annotations

import re

from safeload.guard.loaders.settings import part, settings, text
from safeload.guard.loaders.transformers_entries import Kind, class_name, is_auto, kind_of
from safeload.lean import Any, Callable, Iterator
from safeload.sources.interface import Call, Listing, Role, Wanted
from safeload.sources.names import contained

_PROCESSORS = ("AutoProcessor", "AutoImageProcessor", "AutoFeatureExtractor", "AutoVideoProcessor")
_PROCESSOR_FILES = ("processor_config.json", "preprocessor_config.json", "video_preprocessor_config.json")
_CUSTOM_GENERATE = "custom_generate/generate.py"
_REQUIREMENTS = "custom_generate/requirements.txt"
_CLASS = re.compile(r"Auto[A-Za-z0-9]+")
_KERNEL_KEYS = (("attn_implementation", "_attn_implementation"), ("experts_implementation",))

# The order in which a model's own classes are preferred when its config names no architecture among them.
_PREFERRED = ("AutoModelForCausalLM", "AutoModelForSeq2SeqLM", "AutoModelForSequenceClassification", "AutoModel")


def code_of(
    call: Call, listing: Listing, *, at: Callable[[str], str], config_name: str, knows: Callable[[str], bool]
) -> Iterator[Wanted]:
    """The code that `call` would run: where it is trusted, or where nothing else can load this model.

    `at` puts a name into the call's subfolder; `knows` tells whether transformers itself has a model type.
    """
    config = settings(listing, at(config_name))
    yield from _kernels(call, config)
    references = list(_references(call, listing, at, config))
    trusted = call.trust_remote_code or (bool(references) and not knows(text(config, "model_type")))
    if trusted:
        for reference in references:
            yield wanted_code(reference, call, listing)
    runs_model = kind_of(call.entry) in (Kind.WHOLE, Kind.MODEL)
    if trusted and runs_model and _CUSTOM_GENERATE in listing.paths:
        yield from generation_of(call, listing)


def generation_of(call: Call, listing: Listing) -> Iterator[Wanted]:
    """`custom_generate/generate.py`, which takes the place of `generate`; the call is for nothing else."""
    yield Wanted(path=_CUSTOM_GENERATE, role=Role.CODE)
    if _REQUIREMENTS in listing.paths:
        yield Wanted(path=_REQUIREMENTS, role=Role.CONFIG)


def auto_class(config: dict[str, Any]) -> str:
    """The Auto class under which a config's own model class is filed; "" where there is none."""
    mapped = part(config, "auto_map")
    named = config.get("architectures")
    wanted = named[0] if isinstance(named, list) and named and isinstance(named[0], str) else ""
    keys = [key for key in sorted(mapped) if key.startswith("AutoModel") and _CLASS.fullmatch(key)]
    own = [key for key in keys if wanted and _ends(mapped[key], wanted)]
    for key in (*own, *_PREFERRED, *keys):
        if key in keys:
            return key
    return ""


def _ends(reference: Any, name: str) -> bool:
    return isinstance(reference, str) and reference.rpartition(".")[2] == name


def _references(call: Call, listing: Listing, at: Callable[[str], str], config: dict[str, Any]) -> Iterator[str]:
    """The `auto_map` entries that this entry point follows, in every file that it reads them from."""
    kind, name = kind_of(call.entry), class_name(call.entry)
    concrete = bool(name) and name != "pipeline" and not is_auto(call.entry)
    mapped = part(config, "auto_map")
    if not concrete or kind is Kind.WHOLE:
        yield from _named(mapped.get("AutoConfig"))
    if kind is Kind.MODEL and not concrete:
        yield from _named(mapped.get(name))
    if kind is Kind.WHOLE and not concrete:
        yield from _named(mapped.get(name if name.startswith("AutoModel") else auto_class(config)))
    if kind is Kind.PROCESSOR or (kind is Kind.WHOLE and name == "pipeline"):
        for path in _PROCESSOR_FILES:
            for key in _PROCESSORS:
                yield from _named(part(settings(listing, at(path)), "auto_map").get(key))
        for key in _PROCESSORS:
            yield from _named(mapped.get(key))
    if kind in (Kind.PROCESSOR, Kind.WHOLE) or (kind is Kind.TOKENIZER and not concrete):
        yield from _tokenizer(mapped, settings(listing, at("tokenizer_config.json")))
    if name == "pipeline":
        yield from _pipelines(config, call.options.get("task"))


def _tokenizer(mapped: dict[str, Any], own: dict[str, Any]) -> Iterator[str]:
    yield from _named(mapped.get("AutoTokenizer"))
    found = own.get("auto_map")
    # The old form is the pair itself.
    yield from _named(found.get("AutoTokenizer") if isinstance(found, dict) else found)
    if isinstance(found, dict):
        yield from _named(found.get("AutoProcessor"))


def _pipelines(config: dict[str, Any], task: Any) -> Iterator[str]:
    custom = part(config, "custom_pipelines")
    for name in sorted(custom):
        if task in (None, "", name):
            yield from _named(text(part(custom, name), "impl"))


def _named(value: Any) -> Iterator[str]:
    """The references in a string, or in the pair of a slow and a fast class."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str) and item:
            yield item


def wanted_code(reference: str, call: Call, listing: Listing) -> Wanted:
    """`module.Class` or `other/repo--module.Class`. What transformers could not follow becomes a missing file."""
    repo, separator, own = reference.rpartition("--")
    module, _, _ = own.partition(".")
    path = f"{module}.py"
    if not contained(path) or "--" in repo or own.count(".") != 1:
        return Wanted(path=reference, role=Role.CODE)
    revision = call.options.get("code_revision")
    revision = revision if isinstance(revision, str) and revision else None
    if not separator or repo == listing.origin.name:
        if revision is None:
            return Wanted(path=path, role=Role.CODE)
        repo = listing.origin.name
    return Wanted(path=path, role=Role.CODE, repo=repo, revision=revision)


def _kernels(call: Call, config: dict[str, Any]) -> Iterator[Wanted]:
    """Attention named `org/name` is code from a kernel repository, run without `trust_remote_code`."""
    for keys in _KERNEL_KEYS:
        # What the caller says takes the place of what the repository says.
        given = next((call.options[key] for key in keys if isinstance(call.options.get(key), str)), None)
        for value in [given] if given is not None else [config.get(key) for key in keys]:
            if isinstance(value, str) and "/" in value:
                # Not a file of any model repository: reported as missing, and asked about.
                yield Wanted(path=f"kernel:{value}", role=Role.CODE)
