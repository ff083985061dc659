"""Judges the operators of TFLite models and ExecuTorch programs."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, ClassVar, Final
from safeload.scanners import tensorflow
from safeload.scanners.interface import Finding, Rule, Scanner, Severity
from safeload.scanners.mentioned import findings, shown
from safeload.scanners.onnx import stays_inside

if TYPE_CHECKING:
    from safeload.parsers.facts import Mention, Part
    from safeload.sources.interface import Artifact

CUSTOM: Final = Rule(
    id="tflite-custom-operator",
    title="The model needs an operator that its runtime does not have",
    severity=Severity.MEDIUM,
    why="Such an operator, or backend, is compiled code that has to be linked or loaded beside the model. What it does "
    "cannot be told from the model.",
    fix="Approve it if you know the library that brings it, and trust it.",
    cwe=829,
)
FLEX: Final = Rule(
    id="tflite-dangerous-operator",
    title="The model does more than compute",
    severity=Severity.HIGH,
    why="TFLite hands operators whose names begin with Flex to TensorFlow. This one reads or writes files, speaks to "
    "other machines or calls Python, with your rights.",
    fix="Do not load it, unless you know why the model needs this.",
    cwe=829,
)
OTHER_FILE: Final = Rule(
    id="tflite-external-path",
    title="The model reads a file outside its folder",
    severity=Severity.HIGH,
    why="The model keeps its weights in another file, which it names by a way that leads elsewhere on your machine.",
    fix="Do not load it.",
    cwe=22,
)
PLACE: Final = Rule(
    id="tflite-odd-place",
    title="Weights of the model lie outside of it",
    severity=Severity.HIGH,
    why="Offset and size of what lies behind the tables are added without looking for an overflow. Numbers that do not "
    "fit the file have the runtime read memory that is none of the model's.",
    fix="Do not load it. No tool writes such numbers.",
    cwe=125,
)

# Custom operators that TFLite itself brings: tensorflow/lite/kernels/custom_ops_register.h, lite/kernels/register.cc.
_OWN: Final = frozenset(
    {"TFLite_Detection_PostProcess", "Mfcc", "AudioSpectrogram", "NumericVerify", "Convolution2DTransposeBias"}
)
# Sets of operators that ExecuTorch itself brings, and backends of its own build: pytorch/executorch, backends/.
_SETS: Final = frozenset({"aten", "dim_order_ops", "executorch_prim", "quantized_decomposed", "et_copy"})
_BACKENDS: Final = frozenset({"XnnpackBackend", "CoreMLBackend", "VulkanBackend", "MPSBackend"})


class TfliteScanner(Scanner):
    """Built-in operators have numbers and compute; all others have names."""

    name: ClassVar[str] = "tflite"
    formats: ClassVar[frozenset[str]] = frozenset({"tflite", "executorch"})
    rules: ClassVar[tuple[Rule, ...]] = (CUSTOM, FLEX, OTHER_FILE, PLACE)

    def judge(self, part: Part, artifact: Artifact) -> tuple[Finding, ...]:
        return findings(part, artifact, _judge)


def _judge(mention: Mention) -> tuple[Rule, str] | None:
    name = mention.text
    if mention.kind == "external-data":
        return None if stays_inside(name) else (OTHER_FILE, f"The model reads its weights from {shown(name)}.")
    if mention.kind == "odd-place":
        return PLACE, f"A buffer of the model has the {shown(mention.text)}."
    if mention.kind == "tflite-custom":
        if name.startswith("Flex"):
            what = tensorflow.what(name.removeprefix("Flex"))
            if what is None:
                return None
            return (FLEX if what else CUSTOM), f"The model uses {shown(name)}{', which ' + what if what else ''}."
        return None if name in _OWN else (CUSTOM, f"The model uses the custom operator {shown(name)}.")
    if mention.kind == "executorch-op" and name.partition("::")[0] not in _SETS:
        return CUSTOM, f"The program uses the operator {shown(name)}, which nobody has vouched for."
    if mention.kind == "executorch-backend" and name not in _BACKENDS:
        return CUSTOM, f"The program runs on the backend {shown(name)}, which nobody has vouched for."
    return None
