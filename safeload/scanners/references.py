"""What a dotted name in settings leads to, for a library that imports and calls it: ordinary, unknown, dangerous."""

from __future__ import annotations

import re

from safeload.lean import TYPE_CHECKING, Final, pattern
from safeload.parsers.programs import settings
from safeload.scanners import names
from safeload.scanners.names import Standing

if TYPE_CHECKING:
    from safeload.parsers.facts import Mention

# Classes that a library's own configurations name; each is made with plain values, or loads its own weights.
_ORDINARY: Final = (
    r"torch\.nn\.(?:modules\.\w+\.)?[A-Z]\w*",
    r"torch\.optim\.(?:lr_scheduler\.|\w+\.)?[A-Z]\w*",
    r"(?:nemo|nemo_text_processing)\.(?:collections|core|lightning)\.(?:[a-z]\w*\.)+[A-Z]\w*",
    r"(?:transformers|diffusers|peft|megatron)(?:\.[a-z]\w*)*\.[A-Z]\w*",
    r"(?:lightning(?:\.pytorch)?|pytorch_lightning|torchmetrics|monai|torchvision|torchaudio|timm)"
    r"(?:\.[a-z]\w*)*\.[A-Z]\w*",
    r"torchtune\.(?:data|datasets|models|modules|rlhf|training)\.(?:[a-z]\w*\.)*\w+",
    r"speechbrain\.(?:[a-z]\w*\.)+[A-Z]\w*",
)
# Parts of these libraries whose classes start programs, import files, or read configurations of their own.
_APART: Final = r"(?!.*\.(?:testing_utils|test_\w+|cli|app|apps|bundle|commands|import_utils|\w*kernels?\w*|serving)\.)"
_NAMES: Final = pattern(_APART + "(?:" + "|".join(f"(?:{one})" for one in _ORDINARY) + ")", re.ASCII)
# Modules that are imported, of which nothing is called that the settings name: `check_import_allowlist` in
# peft/auto.py, `loader_module` of mlflow.
_IMPORTED: Final = {
    "parent_library": pattern(r"(?:transformers|diffusers|lerobot)(?:\.[a-z]\w*)*", re.ASCII),
    "megatron_core": pattern(r"megatron\.core", re.ASCII),
    "loader_module": pattern(r"mlflow(?:\.[a-z]\w*)+", re.ASCII),
}

# Released classes of sentence-transformers 6.2 that a model is made of, under their old and new places.
_MODULE: Final = pattern(
    r"(?:sentence_transformers\.(?:\w+\.)?(?:models|modules)(?:\.\w+)*"
    r"|sentence_transformers\.(?:base|sentence_transformer|sparse_encoder|cross_encoder|multi_vector_encoder)"
    r"\.(?:models|modules)(?:\.\w+)*|pylate\.models\.Dense)\."
    r"(?:Transformer|Pooling|Normalize|Dense|Router|Asym|Dropout|LayerNorm|CNN|LSTM|BoW|CLIPModel|WordEmbeddings"
    r"|WordWeights|WeightedLayerPooling|StaticEmbedding|SparseStaticEmbedding|MLMTransformer|SpladePooling"
    r"|SparseAutoEncoder|CSRSparsity|LogitScore|MultiVectorMask|HierarchicalTokenPooling|WhitespaceTokenizer"
    r"|PhraseTokenizer|TransformersTokenizerWrapper)",
    re.ASCII,
)
# Libraries that diffusers imports components from (LOADABLE_CLASSES), and pipelines of its own with components in them.
_LIBRARIES: Final = frozenset(
    ("diffusers", "transformers", "onnxruntime.training", "stable_diffusion", "deepfloyd_if", "shap_e", "kandinsky",
     "stable_cascade", "stable_audio", "audioldm2", "paint_by_example", "latent_diffusion", "unidiffuser", "ltx",
     "stable_diffusion_safe", "spectrogram_diffusion", "versatile_diffusion", "semantic_stable_diffusion", "wuerstchen",
     "deprecated", "alt_diffusion", "cosmos", "ace_step", "kolors", "marigold", "omnigen", "visualcloze", "ltx2")
)  # fmt: skip
_CLASS: Final = pattern(r"[A-Z][A-Za-z0-9_]*", re.ASCII)
_HARMLESS_TAGS: Final = frozenset(
    ("none", "bool", "str", "unicode", "bytes", "int", "long", "float", "complex", "list", "tuple", "dict")
)
# Tags of HyperPyYAML (speechbrain) that only move values about.
_LOCAL_TAGS: Final = frozenset(("!ref", "!copy", "!tuple", "!PLACEHOLDER", "!timestamp", "!omap", "!set"))
_LOCAL_IMPORTS: Final = ("!new:", "!name:", "!module:", "!apply:")
_PYTHON: Final = "tag:yaml.org,2002:python/"


def standing(mention: Mention) -> tuple[Standing, str]:
    """Free: ordinary where it stands. With a dangerous one, what it does in plain words."""
    if mention.kind == settings.MODULE and _MODULE.fullmatch(mention.text):
        return Standing.FREE, ""
    if mention.kind == settings.PIPELINE:
        library, _, name = mention.text.partition(":")
        plain = library in _LIBRARIES and _CLASS.fullmatch(name) is not None
        return (Standing.FREE, "") if plain else _named(f"{library}.{name}", module=False)
    if mention.kind == settings.TAG:
        return _tagged(mention.text)
    imported = _IMPORTED.get(mention.where.rpartition(".")[2])
    if imported is not None and imported.fullmatch(mention.text):
        return Standing.FREE, ""
    return _named(mention.text, module=mention.kind == settings.MODULE)


def _tagged(tag: str) -> tuple[Standing, str]:
    if tag.startswith(_PYTHON):
        kind, _, name = tag.removeprefix(_PYTHON).partition(":")
        return (Standing.FREE, "") if kind in _HARMLESS_TAGS else _named(name or kind, module=True)
    for start in _LOCAL_IMPORTS:
        if tag.startswith(start):
            return _named(tag.removeprefix(start), module=False)
    return (Standing.FREE if tag in _LOCAL_TAGS else Standing.UNKNOWN), ""


def _named(dotted: str, *, module: bool) -> tuple[Standing, str]:
    """Every way to cut the name into module and attribute counts: libraries try several."""
    parts = dotted.replace("--", ".").split(".")
    cuts = [(".".join(parts[:index]), ".".join(parts[index:])) for index in range(1, len(parts))]
    what = next((what for cut in cuts for what in [names.dangerous(*cut)] if what), "")
    from safeload.scanners.effects import of_name  # few settings name what it would be asked about

    effect = of_name(dotted)
    if what or effect is not None:
        return Standing.DANGEROUS, what or (effect.does if effect is not None else "")
    if any(names.classify(*cut) is Standing.FREE for cut in cuts):
        return Standing.FREE, ""
    if not module and not any(part.startswith("_") for part in parts) and _NAMES.fullmatch(dotted):
        return Standing.FREE, ""
    return Standing.UNKNOWN, ""
