"""The entry points of transformers, as they are called."""

from __future__ import annotations

from enum import Enum

from safeload.guard.interface import Entry

SUFFIX = ".from_pretrained"


class Kind(Enum):
    """What a call loads."""

    WHOLE = "whole"  # a model, and its tokenizer where there is one
    MODEL = "model"
    TOKENIZER = "tokenizer"
    PROCESSOR = "processor"
    CONFIG = "config"
    GENERATION = "generation"  # a function that takes the place of `generate`
    ADAPTER = "adapter"  # for a model that is there


PIPELINE = "pipeline"
GENERATE = "GenerationMixin.load_custom_generate"
ADAPTER = "PeftAdapterMixin.load_adapter"
_AUTO = "transformers.models.auto"
ENTRIES = (
    # Its subclasses (`AutoModel` …) are made in this module, each with a copy of the method.
    Entry(module=f"{_AUTO}.modeling_auto", attribute="_BaseAutoModelClass.from_pretrained", family=True),
    Entry(module=f"{_AUTO}.configuration_auto", attribute="AutoConfig.from_pretrained"),
    Entry(module=f"{_AUTO}.tokenization_auto", attribute="AutoTokenizer.from_pretrained"),
    Entry(module=f"{_AUTO}.processing_auto", attribute="AutoProcessor.from_pretrained"),
    Entry(module=f"{_AUTO}.image_processing_auto", attribute="AutoImageProcessor.from_pretrained"),
    Entry(module=f"{_AUTO}.feature_extraction_auto", attribute="AutoFeatureExtractor.from_pretrained"),
    Entry(module=f"{_AUTO}.video_processing_auto", attribute="AutoVideoProcessor.from_pretrained"),
    Entry(module="transformers.modeling_utils", attribute="PreTrainedModel.from_pretrained"),
    Entry(module="transformers.tokenization_utils_base", attribute="PreTrainedTokenizerBase.from_pretrained"),
    Entry(module="transformers.processing_utils", attribute="ProcessorMixin.from_pretrained"),
    # Its caller `generate(custom_generate=…)` runs what this loads.
    Entry(module="transformers.generation.utils", attribute=GENERATE),
    Entry(module="transformers.integrations.peft", attribute=ADAPTER),
    Entry(module="transformers.pipelines", attribute=PIPELINE, everywhere=True),
)


def class_name(entry: str) -> str:
    """`AutoModel` of `AutoModel` and of `AutoModel.from_pretrained`; "" for no entry."""
    return entry.removesuffix(SUFFIX)


def is_auto(entry: str) -> bool:
    """Does it choose the class by the repository's settings, and so take code from the repository?"""
    return class_name(entry).startswith("Auto")


def kind_of(entry: str) -> Kind:
    """`AutoModel.from_pretrained` is that call; a model's bare class name is the whole, with that class."""
    name = class_name(entry)
    if not name or name == PIPELINE:
        return Kind.WHOLE
    if entry in (GENERATE, ADAPTER):
        return Kind.GENERATION if entry == GENERATE else Kind.ADAPTER
    if "Tokenizer" in name:
        return Kind.TOKENIZER
    if name.endswith(("Processor", "FeatureExtractor", "ProcessorMixin")):
        return Kind.PROCESSOR
    if name.endswith("Config"):
        return Kind.CONFIG
    return Kind.MODEL if entry.endswith(SUFFIX) else Kind.WHOLE


def entry_name(entry: Entry, cls: type) -> str:
    """What a call through `entry` with this class is, so that `kind_of` tells the same of it."""
    base = entry.attribute.split(".")[0].lstrip("_")
    name = cls.__name__
    # A class of the user's own may be called anything; the method that was called says what it is.
    if base.startswith("PreTrained") or base == "ProcessorMixin":
        known = kind_of(base + SUFFIX)
        return name + SUFFIX if kind_of(name + SUFFIX) is known and not is_auto(name) else base + SUFFIX
    return name + SUFFIX if name.startswith("Auto") else base + SUFFIX
