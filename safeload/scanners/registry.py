"""Every scanner, as one list to read."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, Final, attribute
from safeload.parsers import inert

if TYPE_CHECKING:
    from safeload.parsers.facts import Part
    from safeload.scanners.interface import Rule, Scanner

__all__ = ["SCANNERS", "Listed", "all_rules", "seeing"]


class Listed:
    """A scanner that is imported when it may have something to judge: most files need one or two of them.

    It may where a part has one of these `facts`, is read as one of these `formats`, or has a mention of such a kind;
    whether it does, its own `sees` says.
    """

    def __init__(
        self, module: str, name: str, *, facts: str = "", formats: str = "", mentions: tuple[str, ...] = ()
    ) -> None:
        self._module, self._name = module, name
        self._facts, self._formats, self._mentions = facts, frozenset(formats.split()), mentions
        self._scanner: Scanner | None = None

    @property
    def scanner(self) -> Scanner:
        if self._scanner is None:
            made: Scanner = attribute(f"safeload.scanners.{self._module}", self._name)()
            self._scanner = made
        return self._scanner

    def may_see(self, part: Part) -> bool:
        if self._facts and getattr(part, self._facts) is not None:
            return True
        return part.format in self._formats or any(one.kind.startswith(self._mentions) for one in part.mentions)


def seeing(part: Part) -> tuple[Scanner, ...]:
    """Those that have something to judge in it, in the order of the list."""
    return tuple(one.scanner for one in SCANNERS if one.may_see(part) and one.scanner.sees(part))


_INERT: Final = " ".join((*sorted(inert.FORMATS), "parquet", "arrow", "sentencepiece"))

SCANNERS: Final[tuple[Listed, ...]] = (
    Listed("pickle", "PickleScanner", facts="pickle"),
    Listed("archive", "ArchiveScanner", facts="archive"),
    Listed("safetensors", "SafetensorsScanner", formats="safetensors"),
    Listed("npy", "NpyScanner", formats="npy"),
    Listed("text", "TextScanner", facts="text"),
    Listed("config", "ConfigScanner", facts="text"),
    Listed("remote_code", "CodeScanner", facts="code"),
    Listed("template", "TemplateScanner", facts="template"),
    Listed("gguf", "GgufScanner", formats="gguf"),
    Listed("msgpack", "MsgpackScanner", formats="msgpack"),
    Listed("boosters", "BoosterScanner", formats="xgboost lightgbm catboost", mentions=("tree-anomaly",)),
    Listed("openvino", "OpenvinoScanner", formats="openvino"),
    Listed("joblib", "JoblibScanner", mentions=("sidecar",)),
    Listed("onnx", "OnnxScanner", formats="onnx"),
    Listed("keras", "KerasScanner", mentions=("keras-",)),
    Listed("hdf5", "Hdf5Scanner", formats="hdf5"),
    Listed(
        "tensorflow", "TensorFlowScanner", formats="tf-saved-model tf-graph keras-metadata tf-fingerprint tf-bundle"
    ),
    Listed("tflite", "TfliteScanner", formats="tflite executorch"),
    Listed("coreml", "CoreMlScanner", formats="coreml coreml-weights", mentions=("coreml-item",)),
    Listed("torchscript", "TorchScriptScanner", formats="torchscript"),
    Listed("pt2", "Pt2Scanner", formats="pt2 pt2-program torch-package"),
    Listed("skops", "SkopsScanner", mentions=("skops-",)),
    Listed("mar", "MarScanner", mentions=("mar-",)),
    Listed("native", "NativeScanner", formats="native"),
    Listed("inert", "InertScanner", formats=_INERT),
)


def all_rules() -> tuple[Rule, ...]:
    """Every rule there is, by what a whole file is for and by format; the rule pages are made of it."""
    from safeload.scanners import consistency, identity, remote_code

    return (
        *(rule for one in SCANNERS for rule in one.scanner.rules),
        *remote_code.RULES,
        *identity.RULES,
        *consistency.RULES,
    )
