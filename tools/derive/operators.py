# ruff: noqa: SIM905 -- a list of words is read more easily without quotes
"""The lists of operators that models of a graph format use, from what the runtimes publish.

`onnx` asks the installed onnx package, and reads onnxruntime's docs/ContribOperators.md. `tensorflow` reads the modules
that TensorFlow's build generates for its operators, `keras` and `keras_hub` the sources of those two, without importing
them. What a person has to look at is left out by name here, and the scanners say why.
"""

from __future__ import annotations

import ast
import re
import sysconfig
import textwrap
from collections.abc import Iterable
from pathlib import Path

# Operators of onnxruntime that hold a compiled program: the scanner has words for them.
ONNX_OUT = frozenset({"EPContext", "Snpe"})

# TensorFlow's modules of operators that compute on tensors, or keep them in this process.
MODULES = (
    "array audio batch bitwise boosted_trees candidate_sampling clustering composite_tensor control_flow count ctc "
    "cudnn_rnn data_flow dataset functional image io linalg list logging lookup manip map math nn optional parsing "
    "ragged_array ragged_conversion ragged_math random random_index_shuffle resource_variable rnn set sparse "
    "special_math spectral state stateful_random stateless_random string training uniform_quant"
).split()
# What in them reads or writes files, speaks to other machines, ends the process, or holds a graph as bytes.
OUT = re.compile(
    r"Abort|Restore|RestoreSlice|ImmutableConst|RecordInput|Save|SaveSlices|RemoteCall|DatasetFromGraph|Print|PrintV2"
    r"|InitializeTableFromTextFile|InitializeTableFromTextFileV2|FixedUnigramCandidateSampler|DeserializeIterator"
    r"|DecodeProtoV2|GeneratorDataset|RewriteDataset|WriteFile|ReadFile|MatchingFiles|\w*TFRecord\w*|\w*LMDB\w*"
    r"|\w*Snapshot\w*|\w*DataService\w*|\w*Reader(V2)?|Reader\w+|FixedLengthRecord\w+|TextLine\w+|CacheDataset\w*"
    r"|Distributed\w+|\w*Sql\w+|\w*CSV\w*Dataset\w*"
)

# Keras: where its objects and the functions that configurations name are, and what all its objects descend from.
KERAS_CLASSES = (
    "activations constraints dtype_policies initializers layers losses metrics models ops optimizers quantizers random "
    "regularizers"
).split()
KERAS_HUB_CLASSES = ("layers", "metrics", "models", "samplers")
KERAS_FUNCTIONS = ("activations", "losses", "metrics", "ops")
KERAS_ROOTS = frozenset(
    "KerasSaveable DTypePolicy Initializer Regularizer Constraint LearningRateSchedule Quantizer SeedGenerator".split()
)
# Lambda holds bytecode; the others load another model, unpickle a module, or call functions that the file holds.
KERAS_OUT = frozenset("Lambda TFSMLayer TorchModuleWrapper JaxLayer FlaxLayer Function CloudPickle SavedModel".split())
# These call what they are given, or make objects of any configuration.
KERAS_FUNCTIONS_OUT = frozenset(
    "associative_scan cond convert_to_numpy custom_gradient deserialize fori_loop get map scan serialize switch "
    "vectorize vectorized_map while_loop".split()
)
# What Keras 2 and tf.keras wrote, and what stands for plain values.
KERAS_OLD = (
    "BatchNormalizationV1 BatchNormalizationV2 CuDNNGRU CuDNNLSTM GRUV1 GRUV2 LSTMV1 LSTMV2 LocallyConnected1D "
    "LocallyConnected2D Policy ThresholdedReLU SlicingOpLambda SyncBatchNormalization TensorShape __tuple__ "
    "__keras_tensor__ __tensor__ __numpy__ __bytes__ __ellipsis__ __slice__ GlorotUniformV2"
).split()


def onnx(markdown: Path) -> dict[str, str]:
    from onnx import __version__, defs

    found = {f"{schema.domain}:{schema.name}" for schema in defs.get_all_schemas_with_history()}
    contrib = set(re.findall(r'^\s*\* .*<a href="#com\.microsoft\.(\w+)">', markdown.read_text(), re.MULTILINE))
    found |= {f"com.microsoft:{name}" for name in contrib - ONNX_OUT}
    return _text("onnx", f"Operators of onnx {__version__}, and of onnxruntime (docs/ContribOperators.md).", found)


def tensorflow(packages: Path) -> dict[str, str]:
    folder = packages / "tensorflow" / "python" / "ops"
    found: set[str] = set()
    for module in MODULES:
        found |= _executed(folder / f"gen_{module}_ops.py")
    kept = {name for name in found if not OUT.fullmatch(name)}
    version = next(packages.glob("tensorflow*.dist-info"), Path("tensorflow-2.21.0.dist-info")).name
    number = version.split("-")[1].removesuffix(".dist")
    return _text("tensorflow", f"Operators of TensorFlow {number} that neither leave the process nor run Python.", kept)


def keras(packages: Path) -> dict[str, str]:
    root = packages / "keras" / "src"
    saveable = _descendants(KERAS_ROOTS, root)
    there = _defined(root / folder for folder in KERAS_CLASSES)
    version = next(packages.glob("keras-*.dist-info")).name.split("-")[1].removesuffix(".dist")
    kept = {name for name in there & saveable - KERAS_OUT if not name.startswith("_")} | set(KERAS_OLD)
    functions = {
        node.name
        for folder in KERAS_FUNCTIONS
        for tree in _trees(root / folder)
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and any("keras_export" in ast.unparse(d) for d in node.decorator_list)
    }
    functions -= KERAS_FUNCTIONS_OUT
    return {
        **_text("keras_classes", f"Classes of Keras {version} that compute, and nothing else; those of Keras 2.", kept),
        **_text("keras_functions", f"Functions of Keras {version} that configurations name.", functions),
    }


def keras_hub(packages: Path) -> dict[str, str]:
    root = packages / "keras_hub" / "src"
    with_keras = Path(sysconfig.get_path("purelib")) / "keras" / "src"
    saveable = _descendants(KERAS_ROOTS, with_keras, root)
    # A tokenizer reads its vocabulary from the file that its settings name.
    saveable -= _descendants(frozenset({"Tokenizer"}), root)
    kept = {name for name in _defined(root / folder for folder in KERAS_HUB_CLASSES) & saveable if name[0] != "_"}
    version = next(packages.glob("keras_hub-*.dist-info")).name.split("-")[1].removesuffix(".dist")
    return _text("keras_hub_classes", f"Classes of KerasHub {version} that compute, and nothing else.", kept)


def _descendants(roots: frozenset[str], *folders: Path) -> set[str]:
    """The classes in these folders that come from these, and these."""
    bases: dict[str, set[str]] = {}
    for tree in (tree for folder in folders for tree in _trees(folder)):
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                bases.setdefault(node.name, set()).update(ast.unparse(base).split(".")[-1] for base in node.bases)
    found = set(roots)
    while more := {name for name, over in bases.items() if over & found} - found:
        found |= more
    return found


def _defined(folders: Iterable[Path]) -> set[str]:
    """The classes of the modules in these folders."""
    trees = (tree for folder in folders for tree in _trees(folder))
    return {node.name for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)}


def _trees(folder: Path) -> list[ast.Module]:
    return [ast.parse(path.read_text()) for path in sorted(folder.rglob("*.py")) if not path.stem.endswith("_test")]


def _executed(path: Path) -> set[str]:
    """The names that the module hands to `_execute.execute(b"Name", ...)` or `_apply_op_helper("Name", ...)`."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            value = node.args[0].value
            if called == "execute" and isinstance(value, bytes):
                names.add(value.decode())
            elif called == "_apply_op_helper" and isinstance(value, str):
                names.add(value)
    return names


def _text(name: str, title: str, words: set[str]) -> dict[str, str]:
    body = "\n".join(textwrap.wrap(" ".join(sorted(words)), 118, break_on_hyphens=False, break_long_words=False))
    return {
        f"{name}.txt": f"# {title}\n# Derived by tools/derive; reviewed: what is not here is asked about.\n{body}\n"
    }
