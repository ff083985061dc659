"""Judges what a Keras configuration makes the loader build."""

from __future__ import annotations

import re

from safeload.lean import TYPE_CHECKING, ClassVar, Final
from safeload.scanners import names
from safeload.scanners.interface import Finding, Rule, Scanner, Severity
from safeload.scanners.mentioned import findings, shown
from safeload.scanners.operators import listed

if TYPE_CHECKING:
    from safeload.parsers.facts import Mention, Part
    from safeload.sources.interface import Artifact

BYTECODE: Final = Rule(
    id="keras-lambda",
    title="The model holds compiled Python",
    severity=Severity.HIGH,
    # CVE-2024-3660, and CVE-2025-9905 for .h5 files, for which Keras ignored safe_mode.
    why="A Lambda layer keeps a Python function as bytecode in the file. It runs with all your rights when the model "
    "is loaded without safe_mode, or used.",
    fix="Ask the publisher for a model without Lambda layers, or for weights and the code that builds it.",
    cwe=502,
)
DANGEROUS: Final = Rule(
    id="keras-dangerous-name",
    title="The configuration names something that does more than compute",
    severity=Severity.CRITICAL,
    # CVE-2025-1550, CVE-2025-8747, CVE-2025-9906, CVE-2025-49655.
    why="Keras builds the objects that a configuration names. This name starts programs, fetches files, loads code, or "
    "turns the loader's own protection off; versions of Keras followed it.",
    fix="Do not load it.",
    cwe=502,
)
UNKNOWN: Final = Rule(
    id="keras-unknown-name",
    title="The configuration names a class or function nobody has vouched for",
    severity=Severity.MEDIUM,
    why="It is on no list of what Keras itself brings. If a program has registered such a class, or Keras can import "
    "it, its code runs when the model is loaded.",
    fix="Approve it if it is your own class, or one of a library that you trust.",
    cwe=502,
)
READS_FILE: Final = Rule(
    id="keras-reads-file",
    title="The configuration has a file read from your machine",
    severity=Severity.HIGH,
    # CVE-2025-12058: https://github.com/advisories/GHSA-qg93-c7p6-gg7f
    why="A vocabulary can be a path or an address. The layer reads it while the model is loaded, and its content "
    "becomes part of the model.",
    fix="Do not load it. Saved models bring their vocabulary with them.",
    cwe=73,
)

_KERAS: Final = re.compile(r"(tf_keras|keras)(\.\w+)*")
_KERAS_HUB: Final = re.compile(r"keras_hub(\.\w+)*")
# Where Keras looks for a function by its name alone; elsewhere the same name can be another function.
_FUNCTIONS: Final = re.compile(
    r"|builtins|(tf_keras|keras)(\.src)?\.(activations|losses|metrics|ops)(\.\w+)*|keras|tf_keras"
)
# TensorFlow's functions as layers (tf.keras): those that compute.
_COMPUTES: Final = re.compile(r"(math|nn|linalg|signal|image|strings|bitwise|__operators__)\.[a-z_0-9]+")
# Names of Keras's own that do what no layer does.
_WHAT: Final = {
    "TorchModuleWrapper": "unpickles a torch module that the file holds",
    "TFSMLayer": "loads another SavedModel and runs it",
    "JaxLayer": "calls functions that the file names",
    "FlaxLayer": "calls functions that the file names",
    "get_file": "downloads a file and unpacks it",
    "load_model": "loads another model",
    "load_weights": "reads another file",
    "save_model": "writes a file",
    "model_from_json": "builds another model",
    "enable_unsafe_deserialization": "turns off the protection against code in models",
    "func_load": "makes a function of bytecode",
    "deserialize_keras_object": "builds anything that a configuration names",
    "register_keras_serializable": "changes what names of a model mean",
    "run": "calls what it is given",
}


class KerasScanner(Scanner):
    """Classes and functions by an allowlist that is derived from Keras's source."""

    name: ClassVar[str] = "keras"
    formats: ClassVar[frozenset[str]] = frozenset({"keras"})
    rules: ClassVar[tuple[Rule, ...]] = (BYTECODE, DANGEROUS, UNKNOWN, READS_FILE)

    def sees(self, part: Part) -> bool:
        return any(mention.kind.startswith("keras-") for mention in part.mentions)

    def judge(self, part: Part, artifact: Artifact) -> tuple[Finding, ...]:
        return findings(part, artifact, _judge)


def _judge(mention: Mention) -> tuple[Rule, str] | None:
    if mention.kind == "keras-bytecode":
        return BYTECODE, "A Lambda layer of the model holds a Python function as bytecode."
    if mention.kind == "keras-file":
        return READS_FILE, f"Loading the model reads {shown(mention.text)}."
    if mention.kind in ("keras-class", "keras-function"):
        return _named(mention)
    if mention.kind == "keras-tf-function":
        if mention.text in listed("keras_tensorflow") or _COMPUTES.fullmatch(mention.text):
            return None
        return UNKNOWN, f"A layer calls {shown(mention.text)} of TensorFlow."
    package, _, name = mention.text.partition(">")
    if mention.kind == "keras-registered" and package == "keras_hub" and name in listed("keras_hub_classes"):
        return None
    if mention.kind in ("keras-registered", "keras-odd"):
        return UNKNOWN, f"The model needs {shown(mention.text)}, which is no part of Keras."
    return None


def _named(mention: Mention) -> tuple[Rule, str] | None:
    module, _, name = mention.text.partition(":")
    dotted = shown(f"{module}.{name}" if module else name)
    if _ordinary(mention.kind, module, name):
        return None
    what = _WHAT.get(name) if _KERAS.fullmatch(module) or not module else None
    what = what or (names.dangerous(module, name) if module else None)
    if what is not None:
        return DANGEROUS, f"The model names {dotted}, which {what}."
    return UNKNOWN, f"The model names {dotted}, which nobody has vouched for."


def _ordinary(kind: str, module: str, name: str) -> bool:
    if kind == "keras-function":
        return _FUNCTIONS.fullmatch(module) is not None and name in listed("keras_functions")
    if name == "TFOpLambda":  # the function that it calls is a mention of its own
        return True
    if _KERAS_HUB.fullmatch(module):
        return name in listed("keras_hub_classes")
    return (not module or _KERAS.fullmatch(module) is not None) and name in listed("keras_classes")
