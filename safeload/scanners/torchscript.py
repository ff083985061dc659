"""Judges the programs of TorchScript archives by the operators that they name."""

from __future__ import annotations

from safeload import limits
from safeload.lean import TYPE_CHECKING, ClassVar, Final
from safeload.scanners.escape import plain
from safeload.scanners.grouping import by_rule
from safeload.scanners.interface import Confidence, Finding, Location, Rule, Scanner, Severity
from safeload.scanners.operators import listed

if TYPE_CHECKING:
    from safeload.parsers.facts import Mention, Part
    from safeload.sources.interface import Artifact

EFFECT: Final = Rule(
    id="torchscript-effect",
    title="The program in the file does more than compute",
    severity=Severity.HIGH,
    why="TorchScript is a program. Parts of it run while it is loaded, all of it when the model is used. This one "
    "names an operator that reads or writes files, reaches other processes, or works on raw memory.",
    fix="Do not load it. Ask the publisher for the weights alone.",
    cwe=829,
)
UNKNOWN: Final = Rule(
    id="torchscript-unknown-operator",
    title="The program in the file names an operator that is not known",
    severity=Severity.MEDIUM,
    why="TorchScript is a program. What is on the list of torch's own operators only computes; of others, such as "
    "those of an extension, nobody can say what they do.",
    fix="Load it only if you know the library that the operator belongs to.",
    cwe=829,
)
# Known to be more than arithmetic, beside those of torch's own that are not on the list.
_SPACES: Final = frozenset({"image", "video_decoder", "fb", "c10d", "symm_mem", "inductor", "rpc", "profiler"})
_EFFECTS: Final = frozenset({"save", "from_file", "rpc_async", "rpc_sync", "rpc_remote", "set_data", "PythonOp"})
# https://pytorch.org/docs/stable/jit_builtin_functions.html, and what torch's printer of source writes.
_CALLS: Final = frozenset(
    [
        "abs",
        "all",
        "annotate",
        "any",
        "awaitable",
        "bin",
        "bool",
        "chr",
        "complex",
        "dict",
        "divmod",
        "enumerate",
        "filter",
        "float",
        "fork",
        "getattr",
        "hasattr",
        "hex",
        "int",
        "is_scripting",
        "isinstance",
        "len",
        "list",
        "max",
        "min",
        "oct",
        "ord",
        "pow",
        "print",
        "range",
        "rangelist",
        "reversed",
        "round",
        "sorted",
        "str",
        "sum",
        "super",
        "tuple",
        "type",
        "unchecked_cast",
        "uninitialized",
        "zip",
        "_isinstance",
        "device",
        "Tensor",
        "List",
        "Dict",
        "Optional",
        "Tuple",
        "Future",
        "inf",
        "nan",
        "NoneType",
        "Final",
        "Exception",
    ]
)
_CLASSES: Final = ("__torch__.torch.classes.quantized.", "__torch__.torch.classes.rnn.")
_SHOWN: Final = 8


class TorchScriptScanner(Scanner):
    """An allowlist of operators; the lists of effects only choose the words."""

    name: ClassVar[str] = "torchscript"
    formats: ClassVar[frozenset[str]] = frozenset({"torchscript"})
    rules: ClassVar[tuple[Rule, ...]] = (EFFECT, UNKNOWN)

    def judge(self, part: Part, artifact: Artifact) -> tuple[Finding, ...]:
        place = Location(artifact=artifact.path, member=part.member)
        found = by_rule((_rule(one), one.text) for one in part.mentions)
        return tuple(_finding(rule, sorted(set(names)), place) for rule, names in found)


def _rule(one: Mention) -> Rule | None:
    if one.kind == "script-operator":
        return _operator(one.text)
    if one.kind == "script-class":
        return None if one.text.startswith(_CLASSES) else EFFECT
    if one.kind == "script-call":
        if one.text in _EFFECTS:
            return EFFECT
        return None if one.text in _CALLS or one.where == "defined" else UNKNOWN
    if one.kind not in ("script-method", "script-attribute"):
        return None
    if one.text in _EFFECTS:
        return EFFECT
    if f"aten.{one.text}" in listed("torch") or f"prim.{one.text}" in listed("torch"):
        return None
    # A name of the archive's own may be that of an operator too, so definitions do not excuse those.
    if one.text in listed("torch_others"):
        return UNKNOWN
    return None if one.kind == "script-attribute" or one.where == "defined" else UNKNOWN


def _operator(text: str) -> Rule | None:
    space, _, name = text.removeprefix("ops.").rpartition(".") if text.startswith("ops.") else _torch(text)
    if f"{space}.{name}" in listed("torch"):
        return None
    return EFFECT if name in _EFFECTS or space.partition(".")[0] in _SPACES else UNKNOWN


def _torch(text: str) -> tuple[str, str, str]:
    return ("aten", ".", text.removeprefix("torch."))


def _finding(rule: Rule, names: list[str], place: Location) -> Finding:
    shown = tuple(plain(name, limits.EVIDENCE) for name in names[:_SHOWN])
    rest = f" and {len(names) - 1:,} others" if len(names) > 1 else ""
    return Finding(
        rule=rule,
        confidence=Confidence.HIGH,
        location=place,
        message=f"The TorchScript program names {shown[0]}{rest}.",
        evidence=shown,
    )
