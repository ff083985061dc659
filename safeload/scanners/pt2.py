"""Judges archives of torch.export and torch.package: programs, compiled libraries, Python sources."""

from __future__ import annotations

import re

from safeload import limits
from safeload.lean import TYPE_CHECKING, ClassVar, Final, Iterable, Iterator
from safeload.scanners.escape import plain
from safeload.scanners.grouping import by_rule
from safeload.scanners.interface import Confidence, Finding, Location, Rule, Scanner, Severity
from safeload.scanners.operators import listed

if TYPE_CHECKING:
    from safeload.parsers.facts import Mention, Part
    from safeload.sources.interface import Artifact

NATIVE: Final = Rule(
    id="export-native-code",
    title="The archive brings a compiled library",
    severity=Severity.HIGH,
    why="Loading it loads machine code into your process. Nothing can say what that does.",
    fix="Ask the publisher for the exported program without the compiled part, and compile it yourself.",
    cwe=829,
)
EVALUATED: Final = Rule(
    id="export-evaluated-text",
    title="Loading evaluates text from the file as Python",
    severity=Severity.HIGH,
    why="torch.export hands expressions to sympy, which evaluates them, and resolves names attribute by attribute. "
    "This text is none that torch.export writes.",
    fix="Do not load it.",
    cwe=95,
)
OPERATOR: Final = Rule(
    id="export-unknown-operator",
    title="The exported program calls something that is not known",
    severity=Severity.MEDIUM,
    why="What is on the list of torch's own operators only computes; of others nobody can say what they do.",
    fix="Load it only if you know the library that the operator belongs to.",
    cwe=829,
)
PACKAGE: Final = Rule(
    id="package-code",
    title="The archive brings Python code that loading runs",
    severity=Severity.MEDIUM,
    why="torch.package stores the sources of a model's classes and imports them from the archive.",
    fix="Read the code, or ask the publisher for the weights alone.",
    cwe=94,
)
# What sympy's printer writes for sizes: names, numbers, operators, and these functions.
_WORD: Final = re.compile(r"[A-Za-z_]\w*|'[su]\d{1,6}'|\d{1,20}(?:\.\d{1,20})?|[()+\-*/,=<>&|~! ]", re.ASCII)
_KNOWN: Final = frozenset(
    [
        "Symbol",
        "Integer",
        "Float",
        "Rational",
        "Add",
        "Mul",
        "Pow",
        "Mod",
        "PythonMod",
        "FloorDiv",
        "CleanDiv",
        "CeilDiv",
        "IntTrueDiv",
        "FloatTrueDiv",
        "ModularIndexing",
        "Max",
        "Min",
        "Abs",
        "Eq",
        "Ne",
        "Lt",
        "Le",
        "Gt",
        "Ge",
        "And",
        "Or",
        "Not",
        "Where",
        "TruncToInt",
        "RoundToInt",
        "FloorToInt",
        "CeilToInt",
        "ToFloat",
        "PowByNatural",
        "IsNonOverlappingAndDenseIndicator",
        "Identity",
        "LShift",
        "RShift",
        "true",
        "false",
        "True",
        "False",
        "positive",
        "integer",
        "negative",
        "real",
        "nonnegative",
        "nonpositive",
        "zero",
        "finite",
        "extended_real",
        "int_oo",
        "oo",
    ]
)
_SIZE: Final = re.compile(r"[suz]\d{1,6}", re.ASCII)
_TYPES: Final = frozenset({"null", "builtins.tuple", "builtins.list", "builtins.dict", "collections.OrderedDict"})
_OPERATORS: Final = ("getitem", "add", "sub", "mul", "floordiv", "truediv", "mod", "neg", "pos", "pow")
_COMPARED: Final = ("lt", "le", "gt", "ge", "eq", "ne", "and_", "or_", "not_")
_SYMBOLIC: Final = frozenset(
    {f"_operator.{name}" for name in (*_OPERATORS, *_COMPARED)}
    | {f"math.{name}" for name in ("ceil", "floor", "trunc", "sqrt")}
    | {f"torch.sym_{name}" for name in ("int", "float", "not", "ite", "max", "min", "sqrt", "sum")}
)
_SHOWN: Final = 8


class Pt2Scanner(Scanner):
    """What the archive says as a whole, and what its programs name."""

    name: ClassVar[str] = "pt2"
    formats: ClassVar[frozenset[str]] = frozenset({"pt2", "pt2-program", "torch-package"})
    rules: ClassVar[tuple[Rule, ...]] = (NATIVE, EVALUATED, OPERATOR, PACKAGE)

    def judge(self, part: Part, artifact: Artifact) -> tuple[Finding, ...]:
        place = Location(artifact=artifact.path, member=part.member)
        return tuple(_findings(by_rule((_rule(one), one.text) for one in part.mentions), place))


def _rule(one: Mention) -> Rule | None:
    if one.kind == "native-code":
        return NATIVE
    if one.kind == "package-code":
        return PACKAGE
    if one.kind == "export-target":
        return _target(one.text)
    if one.kind == "export-type":
        return None if one.text in _TYPES else OPERATOR
    if one.kind == "export-expression":
        return None if _is_size(one.text) else EVALUATED
    return EVALUATED if one.kind == "export-guard" else None


def _target(text: str) -> Rule | None:
    if text in _SYMBOLIC:
        return None
    parts = text.split(".")
    if parts[:2] != ["torch", "ops"]:
        return EVALUATED
    return None if len(parts) in (4, 5) and ".".join(parts[2:4]) in listed("torch") else OPERATOR


def _is_size(text: str) -> bool:
    """An expression over sizes: every word known, nothing that reaches an attribute, an item or a string."""
    at = 0
    while at < len(text):
        word = _WORD.match(text, at)
        if word is None or ((word[0][0].isalpha() or word[0][0] == "_") and not _is_word(word[0])):
            return False
        at = word.end()
    return 0 < len(text) < limits.NAME


def _is_word(word: str) -> bool:
    return word in _KNOWN or _SIZE.fullmatch(word) is not None


def _findings(found: Iterable[tuple[Rule, list[str]]], place: Location) -> Iterator[Finding]:
    says = {
        NATIVE.id: "The archive brings a compiled library",
        EVALUATED.id: "Loading evaluates text that torch.export does not write",
        OPERATOR.id: "The program names what is not known",
        PACKAGE.id: "The archive brings Python code that loading runs",
    }
    for rule, names in found:
        shown = tuple(plain(name, limits.EVIDENCE) for name in sorted(set(names))[:_SHOWN])
        rest = f", and {len(names) - 1:,} others" if len(names) > 1 else ""
        yield Finding(
            rule=rule,
            confidence=Confidence.HIGH,
            location=place,
            message=f"{says[rule.id]}: {shown[0]}{rest}.",
            evidence=shown,
        )
