"""Compares what a file is with what its name says it is."""

from __future__ import annotations

from safeload import limits
from safeload.lean import TYPE_CHECKING, Final
from safeload.scanners.escape import plain
from safeload.scanners.interface import Confidence, Finding, Location, Rule, Severity

if TYPE_CHECKING:
    from safeload.parsers.facts import Part
    from safeload.sources.interface import Artifact

EXTENSION: Final = Rule(
    id="extension-mismatch",
    title="The file is not what its name says",
    severity=Severity.LOW,
    why="The content decides how a file is read here, not its name. A wrong name is a mistake, or a way past programs "
    "that go by names.",
    fix="Ask the publisher to rename the file.",
    cwe=646,
)
DISGUISE: Final = Rule(
    id="extension-disguise",
    title="A file that can run code has the name of one that cannot",
    severity=Severity.HIGH,
    why="People and programs trust such a name. A pickle under it is loaded by whoever does not look.",
    fix="Do not load it. Ask the publisher why a pickle bears this name.",
    cwe=646,
)
POLYGLOT: Final = Rule(
    id="polyglot",
    title="The file can be read in two ways",
    severity=Severity.HIGH,
    why="The same bytes are valid in two formats. One program checks one reading, another loads the other.",
    fix="Do not load it. No library writes such files.",
    cwe=436,
)
RULES: Final = (EXTENSION, DISGUISE, POLYGLOT)

# Formats in which a file can carry code, whoever wrote it.
RISKY: Final = frozenset(
    {
        "7z",
        "hdf5",
        "joblib",
        "npz",
        "pickle",
        "pt2",
        "rar",
        "tar",
        "torch-legacy",
        "torch-package",
        "torch-tar",
        "torch-zip",
        "torchscript",
        "zip",
        "keras",
        "skops",
        "mar",
        "native",
    }
)
# Formats whose own tools put a plain ZIP of further files behind them: labels behind a TFLite model
# (https://ai.google.dev/edge/litert/conversion/tensorflow/metadata), weights behind a llamafile's program.
CARRIERS: Final = frozenset({"tflite", "native"})
_INERT_NAMES: Final = frozenset({".safetensors", ".json", ".txt", ".md", ".npy", ".png", ".jpg", ".jpeg", ".csv"})
_EXPECTED: Final = {
    ".safetensors": frozenset({"safetensors"}),
    ".json": frozenset({"json", "text", "catboost"}),
    ".txt": frozenset({"json", "text", "lightgbm"}),
    ".md": frozenset({"json", "text"}),
    ".py": frozenset({"text", "json"}),
    ".jinja": frozenset({"text", "json"}),
    ".npy": frozenset({"npy", "numpy"}),
    ".gguf": frozenset({"gguf"}),
    ".onnx": frozenset({"onnx"}),
    ".npz": frozenset({"npz", "zip"}),
    ".pt2": frozenset({"pt2"}),
    ".tar": frozenset({"tar", "torch-tar"}),
    ".tgz": frozenset({"gzip"}),
    ".gz": frozenset({"gzip", "joblib"}),
    ".bz2": frozenset({"bz2", "joblib"}),
    ".xz": frozenset({"xz", "lzma", "joblib"}),
    ".zst": frozenset({"zstd", "joblib"}),
    ".lz4": frozenset({"lz4", "joblib"}),
    ".7z": frozenset({"7z"}),
    ".zip": frozenset({"zip", "torch-zip", "npz", "torchscript", "pt2", "torch-package", "keras", "skops", "mar"}),
    ".pkl": frozenset({"pickle", "joblib"}),
    ".pickle": frozenset({"pickle", "joblib"}),
    ".joblib": frozenset({"joblib", "pickle", "zlib", "gzip", "bz2", "xz", "lzma", "lz4"}),
}


def judge(part: Part, artifact: Artifact) -> tuple[Finding, ...]:
    """Findings for the artifact as a whole; `part` is its first."""
    return tuple(one for one in (_name(part, artifact), _polyglot(part, artifact)) if one is not None)


def _name(part: Part, artifact: Artifact) -> Finding | None:
    suffix = _suffix(artifact.path)
    expected = _EXPECTED.get(suffix)
    if part.format in (expected or {part.format}) or part.format in ("unknown", "empty"):
        return None
    rule = DISGUISE if part.format in RISKY and suffix in _INERT_NAMES else EXTENSION
    message = f"The name ends in {suffix}, but the content is {plain(part.format, limits.EVIDENCE)}."
    return _finding(rule, artifact, message, (part.format,))


def _suffix(path: str) -> str:
    """As `pathlib` tells it."""
    name = path.rpartition("/")[2]
    dot = name.rfind(".")
    return name[dot:].lower() if 0 < dot < len(name) - 1 else ""


def _polyglot(part: Part, artifact: Artifact) -> Finding | None:
    risky = sorted(set(part.also) & RISKY)
    if not risky or (part.format in CARRIERS and risky == ["zip"]):
        return None
    both = (part.format, *risky)
    return _finding(POLYGLOT, artifact, f"The file is {' and '.join(plain(f, 40) for f in both)} at once.", both)


def _finding(rule: Rule, artifact: Artifact, message: str, formats: tuple[str, ...]) -> Finding:
    return Finding(
        rule=rule,
        confidence=Confidence.HIGH,
        location=Location(artifact=artifact.path),
        message=message,
        evidence=tuple(plain(name, limits.EVIDENCE) for name in formats),
    )
