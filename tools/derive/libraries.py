# ruff: noqa: E501 -- lists are read more easily without line ends
"""Which families of classes are derived from each library, and in which roles a pickle may use them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Family:
    """Classes below one of `roots`, with what a pickle does to make them.

    `kept`: what comes of it when another class keeps one that may be called, and calls it with arguments of its own.
    """

    roots: frozenset[str]
    what: str
    called: tuple[str, ...] = ()
    kept: str = ""
    constructed: tuple[str, ...] = ("",)
    state: tuple[str, ...] = ("dict",)
    referenced: bool = True  # whether a pickle may name one, and only name it
    fields: tuple[tuple[str, str], ...] = ()  # what these fields of a state may be: words of a pattern


@dataclass(frozen=True, kw_only=True)
class Library:
    """One package. `left_out` are classes whose state was seen to reach an effect that the tool does not see."""

    package: str
    distribution: str
    families: tuple[Family, ...]
    left_out: frozenset[str] = frozenset()
    skipped: tuple[str, ...] = ()  # parts of module names in which nothing is pickled: tests, converters, scripts
    # Fields that name a file which saving writes, and what the library itself calls it: with no other value.
    files: tuple[tuple[str, str], ...] = ()


def _family(what: str, *roots: str, kept: str = "", **roles: Any) -> Family:
    return Family(roots=frozenset(roots), what=what, kept=kept, **roles)


LAYERS = _family("a layer or model, with its settings", "torch.nn.modules.module.Module")
ENUMS = _family(
    "a value of an enumeration",
    "enum.Enum",
    "enum.IntEnum",
    "enum.StrEnum",
    called=("str|int",),
    kept="a value of it, whatever it is asked for: it has members, so no arguments make a new enumeration",
    constructed=(),
    state=(),
)
# They give `__new__` the letters of their own name, which it ignores.
METRICS = _family("a metric, with what it saw", "torchmetrics.metric.Metric", constructed=("", "str*"))
ESTIMATORS = _family("an estimator, with what it learned", "sklearn.base.BaseEstimator")
ITEMS: dict[str, tuple[str, ...]] = {"called": ("data*",), "constructed": (), "state": ("dict",)}
_FILLS = "fills its own items"
_OUTPUTS = "what a model gave: named tensors"
_NO_TESTS = ("test", "tests", "testing", "conftest", "scripts", "cli", "commands", "examples")


def _of(
    package: str,
    *families: Family,
    distribution: str = "",
    left_out: str = "",
    skipped: str = "",
    files: dict[str, str] | None = None,
) -> Library:
    return Library(
        package=package,
        distribution=distribution or package,
        families=families,
        left_out=frozenset(left_out.split()),
        skipped=(*_NO_TESTS, *skipped.split()),
        files=tuple((files or {}).items()),
    )


def _plain(what: str, *roots: str) -> Family:
    return _family(what, *roots)


# The VM asks an instance for these to add items: a state that holds them would be called with each item.
METHODS = (("append", "none"), ("extend", "none"))
# What computes attention can be a kernel on the Hub, `owner/name`: native code that is loaded when somebody chooses a way
# of attention for the model. A model of the library's own never lists kernels in its state.
KERNELS = (
    (
        "_attn_implementation_internal",
        "none|str:'eager'|str:'sdpa'|str:'flex_attention'|str:'flash_attention_2'|str:'flash_attention_3'|str:'flash_attention_4'",
    ),
    ("_compatible_flash_implementations", "none"),
)

# Training evaluates the text of the activation, and calls what each layer of the description names: those of the
# library's own descriptions. Validation downloads data from where the settings say, and runs what is in them. The names
# of classes become names of folders. Quantization is restored by another library.
_BUILT = """
A2C2f AConv ADown AIFI Bottleneck C2 C2PSA C2f C2fAttn C2fCIB C3 C3Ghost C3k2 CBFuse CBLinear Classify Concat Conv DWConv
Depth Detect ELAN1 GhostConv HGBlock HGStem ImagePoolingAttn OBB OBB26 PSA Pose Pose26 RTDETRDecoder RepC3 RepNCSPELAN4
ResNetLayer SCDown SPP SPPELAN SPPF Segment Segment26 SemanticSegment nn.ConvTranspose2d nn.Conv2d nn.BatchNorm2d
nn.Identity nn.MaxPool2d nn.Upsample nn.ZeroPad2d v10Detect nn.SiLU() nn.ReLU() torch.nn.SiLU() torch.nn.ReLU()
""".split()  # noqa: SIM905
YOLO = (
    ("yaml", "none|" + "|".join(f"str:'{name}'" for name in _BUILT)),
    ("names", "none|str:'here'"),
    ("args", "none|result|str:'here'"),
    ("train_args", "none|str:'here'"),
    ("modelopt", "none"),
)


LIBRARIES = {
    library.package: library
    for library in (
        _of("torchvision", LAYERS, ENUMS),
        _of("timm", LAYERS, ENUMS),
        _of("peft", LAYERS, ENUMS, _plain("settings of an adapter", "peft.config.PeftConfigMixin")),
        _of("accelerate", ENUMS),
        # Their state names the checkpoint that training or predicting then loads, or the text model that is downloaded.
        _of(
            "ultralytics",
            _family("a YOLO model, with a description that training builds again", "ultralytics.nn.tasks.BaseModel", referenced=False, fields=YOLO),
            LAYERS, ENUMS, left_out="AutoBackend WorldModel YOLOEModel YOLOESegModel",
        ),
        _of("flair", LAYERS, _plain("a text with its labels", "flair.data.DataPoint", "flair.data.Label", "flair.data.Dictionary")),
        _of(
            "transformers",
            replace(LAYERS, fields=KERNELS),
            ENUMS,
            replace(_plain("a model's configuration", "transformers.configuration_utils.PreTrainedConfig"), fields=KERNELS),
            _plain("settings for generation", "transformers.generation.configuration_utils.GenerationConfig"),
            _family(_OUTPUTS, "transformers.utils.generic.ModelOutput", kept=_FILLS, **ITEMS),
            _plain("what a tokenizer or feature extractor gave", "transformers.tokenization_utils_base.BatchEncoding",
                   "transformers.feature_extraction_utils.BatchFeature"),
            _plain("a tokenizer", "transformers.tokenization_utils_base.PreTrainedTokenizerBase"),
            _plain("prepares images, audio or text for a model", "transformers.feature_extraction_utils.FeatureExtractionMixin",
                   "transformers.image_processing_base.ImageProcessingMixin", "transformers.processing_utils.ProcessorMixin"),
            _plain("keys and values that a model keeps", "transformers.cache_utils.Cache", "transformers.cache_utils.CacheLayerMixin"),
            _plain("how far a training run came", "transformers.trainer_callback.TrainerState", "transformers.trainer_callback.TrainerControl"),
            skipped="modular convert",
        ),
        # The names of its routes become names of folders when it is saved.
        _of("sentence_transformers", LAYERS, ENUMS, left_out="Router", files={"config_file_name": "config.json"}),
        _of(
            "diffusers", LAYERS, ENUMS,
            _family(_OUTPUTS, "diffusers.utils.outputs.BaseOutput", kept=_FILLS, **ITEMS),
            _plain("a noise schedule", "diffusers.schedulers.scheduling_utils.SchedulerMixin"),
            _plain("computes attention for a layer", *(f"diffusers.models.attention_processor.{name}" for name in (
                "AttnProcessor", "AttnProcessor2_0", "AttnAddedKVProcessor", "AttnAddedKVProcessor2_0", "SlicedAttnProcessor",
                "SlicedAttnAddedKVProcessor", "FusedAttnProcessor2_0", "JointAttnProcessor2_0", "XFormersAttnProcessor"))),
            files={"config_name": "config.json scheduler_config.json"},
        ),
        _of("lightning", LAYERS, ENUMS, skipped="demos"),
        _of("pytorch_lightning", LAYERS, ENUMS, skipped="demos"),
        _of("torchmetrics", METRICS, LAYERS, ENUMS),
        _of("fastai", LAYERS),
        _of("stanza", LAYERS, _plain("a vocabulary", "stanza.models.common.vocab.BaseVocab")),
        _of("lightgbm", ESTIMATORS, _plain("a booster, whose text the library's own parser reads in native code", "lightgbm.basic.Booster")),
        _of("xgboost", ESTIMATORS, _plain("a booster, whose bytes the library's own parser reads in native code", "xgboost.core.Booster"), distribution="xgboost_cpu"),
        _of("gensim", _plain("a model of words or topics", "gensim.utils.SaveLoad"), _plain("a document with its tags", "gensim.models.doc2vec.TaggedDocument")),
        _of(
            "nltk",
            _plain("a classifier", "nltk.classify.api.ClassifierI", "nltk.classify.api.MultiClassifierI",
                   "nltk.classify.maxent.MaxentFeatureEncodingI", "nltk.tag.perceptron.AveragedPerceptron"),
            _plain("a tagger", "nltk.tag.api.TaggerI"),
            _plain("a stemmer", "nltk.stem.api.StemmerI"),
            _plain("splits text", "nltk.tokenize.api.TokenizerI", "nltk.tokenize.punkt.PunktBaseClass", "nltk.tokenize.punkt.PunktParameters"),
            # What they hold lies in slots: none of them is a property or a descriptor, and nothing intercepts setting.
            _family("splits text", "nltk.tokenize.punkt.PunktLanguageVars", "nltk.tokenize.punkt.PunktToken", state=("int", "none dict", "dict")),
            _family("counts", "nltk.probability.FreqDist", kept="counts what it is handed into its own items", called=("dict|result?",), constructed=("",), state=("dict",)),
            _plain("a distribution", "nltk.probability.ProbDistI"),
            _plain("a grammar", "nltk.grammar.CFG", "nltk.grammar.Nonterminal", "nltk.grammar.Production"),
            _plain("a language model", "nltk.lm.api.LanguageModel", "nltk.lm.vocabulary.Vocabulary", "nltk.lm.counter.NgramCounter", "nltk.lm.api.Smoothing"),
            _family("a tree", "nltk.tree.tree.Tree", state=("dict", "appended"), fields=METHODS),
            _plain("a text", "nltk.text.Text", "nltk.text.ConcordanceIndex"),
            _plain("collocations", "nltk.collocations.AbstractCollocationFinder"),
        ),
    )
}  # fmt: skip
