"""Judges the operators of a TensorFlow graph."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, ClassVar, Final
from safeload.scanners.interface import Finding, Rule, Scanner, Severity
from safeload.scanners.mentioned import findings, shown
from safeload.scanners.onnx import stays_inside
from safeload.scanners.operators import listed

if TYPE_CHECKING:
    from safeload.parsers.facts import Mention, Part
    from safeload.sources.interface import Artifact

DANGEROUS: Final = Rule(
    id="tensorflow-dangerous-operator",
    title="The graph does more than compute",
    severity=Severity.HIGH,
    # https://github.com/tensorflow/tensorflow/blob/master/SECURITY.md: models are programs.
    why="A TensorFlow graph is a program. This operator reads or writes files, speaks to other machines or calls "
    "Python, with your rights, when the model is loaded or used.",
    fix="Do not load it, unless you know why the model needs this.",
    cwe=829,
)
UNKNOWN: Final = Rule(
    id="tensorflow-unknown-operator",
    title="The graph uses an operator nobody has vouched for",
    severity=Severity.MEDIUM,
    why="It is not among those that are known to compute only. It may be one that reads files, or come from a library "
    "of compiled code that has to be loaded beside the model.",
    fix="Approve it if you know what the operator does.",
    cwe=829,
)
ASSET: Final = Rule(
    id="tensorflow-asset-path",
    title="The model names a file outside its folder",
    severity=Severity.HIGH,
    why="Assets are files that lie beside a SavedModel. This name leads elsewhere on your machine.",
    fix="Do not load it.",
    cwe=22,
)

# Chooses the words only: what is not on the list of operators that compute is asked about in any case.
_WHAT: Final = {
    **dict.fromkeys(("PyFunc", "PyFuncStateless", "EagerPyFunc"), "calls Python"),
    **dict.fromkeys(
        ("WriteFile", "Save", "SaveSlices", "SaveDataset", "SaveDatasetV2", "WriteSummary"), "writes files"
    ),
    **dict.fromkeys(
        ("DatasetToTFRecord", "SnapshotDatasetV2", "DumpTensor", "PrintV2", "CacheDatasetV2"), "writes files"
    ),
    **dict.fromkeys(("DebugIdentity", "DebugIdentityV2", "DebugIdentityV3"), "sends or writes what it computes"),
    **dict.fromkeys(("ReadFile", "WholeFileReaderV2", "ImmutableConst", "RecordInput", "LMDBReader"), "reads files"),
    **dict.fromkeys(("MatchingFiles", "MatchingFilesDataset"), "lists files"),
    **dict.fromkeys(("TextLineDataset", "TFRecordDataset", "TFRecordDatasetV2", "CSVDatasetV2"), "reads files"),
    **dict.fromkeys(("FixedLengthRecordDatasetV2", "LMDBDataset", "LoadDataset"), "reads files"),
    **dict.fromkeys(("SqlDataset", "ExperimentalSqlDataset"), "opens a database"),
    **dict.fromkeys(("RemoteCall", "RpcCall", "RpcServer", "RpcClient", "RpcServerStart"), "speaks to other machines"),
    **dict.fromkeys(("DataServiceDataset", "DataServiceDatasetV4", "RegisterDatasetV2"), "speaks to other machines"),
    **dict.fromkeys(("Send", "Recv", "_Send", "_Recv"), "speaks to other machines"),
    **dict.fromkeys(("FileSystemSetConfiguration",), "changes how files are reached"),
    **dict.fromkeys(("Abort",), "ends this process"),
}


class TensorFlowScanner(Scanner):
    """Operators by an allowlist that is derived from TensorFlow's own modules."""

    name: ClassVar[str] = "tensorflow"
    formats: ClassVar[frozenset[str]] = frozenset(
        {"tf-saved-model", "tf-graph", "keras-metadata", "tf-fingerprint", "tf-bundle"}
    )
    rules: ClassVar[tuple[Rule, ...]] = (DANGEROUS, UNKNOWN, ASSET)

    def judge(self, part: Part, artifact: Artifact) -> tuple[Finding, ...]:
        own = {mention.text for mention in part.mentions if mention.kind == "tf-function"}
        return findings(part, artifact, lambda mention: _judge(mention, own))


def _judge(mention: Mention, own: set[str]) -> tuple[Rule, str] | None:
    name = mention.text
    if mention.kind == "tf-asset":
        return None if stays_inside(name) else (ASSET, f"The model names the file {shown(name)}.")
    if mention.kind == "tf-registered":
        return UNKNOWN, f"The model needs the class {shown(name)}, which a program has registered."
    if mention.kind != "tf-op":
        return None
    if name in _WHAT:
        return DANGEROUS, f"The operator {name} {_WHAT[name]}."
    if name in own or name in listed("tensorflow"):
        return None
    return UNKNOWN, f"The graph uses the operator {shown(name)}, which nobody has vouched for."


def what(name: str) -> str | None:
    """What an operator does beside computing, in words, "" where that is not known; None for what only computes."""
    return _WHAT.get(name) or (None if name in listed("tensorflow") else "")
