"""What is looked for in pickles: the rules, each with its reason."""

from __future__ import annotations

from safeload.lean import Final
from safeload.scanners.interface import Rule, Severity

__all__ = ["RULES"]

DANGEROUS_CALL: Final = Rule(
    id="pickle-dangerous-call",
    title="Loading calls something dangerous",
    severity=Severity.CRITICAL,
    why="A pickle is a small program. This one calls a function that reaches out of the model: while the file is "
    "loading, before any weight is used.",
    fix="Do not load it. Ask the publisher for safetensors weights, or take its tensors alone: safeload convert.",
    cwe=502,
)
DANGEROUS_IMPORT: Final = Rule(
    id="pickle-dangerous-import",
    title="The file names something dangerous",
    severity=Severity.HIGH,
    why="The pickle fetches a function that reaches out of the model, and keeps it without calling it. What is kept "
    "can be called later, by the model itself.",
    fix="Do not load it, unless you know why a model should hold this function.",
    cwe=502,
)
UNKNOWN_NAME: Final = Rule(
    id="pickle-unknown-name",
    title="The file uses something nobody has vouched for",
    severity=Severity.MEDIUM,
    why="Loading imports this class or function, and runs its code. It is on no list: neither as harmless nor as "
    "dangerous.",
    fix="If it is your own class, or one of a library that you trust, approve it. If not, ask for safetensors weights, "
    "or take the tensors alone: safeload convert.",
    cwe=502,
)
CONDITIONS_NOT_MET: Final = Rule(
    id="pickle-conditions-not-met",
    title="A known name is used in an odd way",
    severity=Severity.MEDIUM,
    why="The name is known to be harmless in the way that the library's own files use it. This file uses it in "
    "another role, or with other arguments.",
    fix="Load it only if you know how it was made.",
    cwe=502,
)
HANDS_OVER: Final = Rule(
    id="pickle-hands-over-function",
    title="A known name is handed a function or class that it may call",
    severity=Severity.HIGH,
    why="Some harmless functions call what they are given. Files that a library wrote do not do this.",
    fix="Do not load it, unless you know how it was made.",
    cwe=502,
)
TAMPERING: Final = Rule(
    id="pickle-tampering",
    title="Loading changes a function, class or module",
    severity=Severity.CRITICAL,
    why="The pickle writes into something that it imported, not into an object of its own. That changes code that is "
    "already running; no library writes such files.",
    fix="Do not load it.",
    cwe=915,
)
UNEXPECTED_STATE: Final = Rule(
    id="pickle-unexpected-state",
    title="Loading changes what a known name returned",
    severity=Severity.HIGH,
    why="The pickle overwrites the attributes of something that is not its own, or in a way that no library does. What "
    "a call returns can be shared: changing it then changes every other use of it in this process.",
    fix="Do not load it, unless you know how it was made.",
    cwe=915,
)
FORGED_ARRAY: Final = Rule(
    id="pickle-forged-array",
    title="An array that is not what it claims to be",
    severity=Severity.CRITICAL,
    why="numpy believes what a pickle says about an array. Where it lies, numpy takes bytes of the file for addresses "
    "in memory, or reads beyond the end. That can crash this process, or take it over; numpy writes no such files.",
    fix="Do not load it.",
    cwe=843,
)
CALL_ON_RESULT: Final = Rule(
    id="pickle-call-on-result",
    title="Loading calls what a call returned",
    severity=Severity.HIGH,
    why="The pickle fetches a function in a roundabout way, then calls it. Checkpoints have no need for that; it hides "
    "what is called.",
    fix="Do not load it, unless you know how it was made.",
    cwe=502,
)
ODD_PERSISTENT_ID: Final = Rule(
    id="pickle-odd-persistent-id",
    title="The file asks its loader for something unusual",
    severity=Severity.MEDIUM,
    why="A persistent id leaves it to the loader what to make. torch's ids name the bytes of a tensor; these do not.",
    fix="Load it only with the program that wrote it.",
    cwe=502,
)
LEFTOVER: Final = Rule(
    id="pickle-leftover-bytes",
    title="Bytes behind the end of the pickle",
    severity=Severity.MEDIUM,
    why="The file goes on after its last pickle. A loader that reads on would find something that was not looked at.",
    fix="Ask the publisher what the rest of the file is.",
    cwe=502,
)
EXTENSION_CODE: Final = Rule(
    id="pickle-extension-code",
    title="The file names something by a number",
    severity=Severity.HIGH,
    why="An extension code stands for a function that was registered on the reader's side. What it is cannot be told "
    "from the file.",
    fix="Do not load it, unless you know the registry that it was written with.",
    cwe=502,
)

RULES: Final = (
    DANGEROUS_CALL,
    DANGEROUS_IMPORT,
    UNKNOWN_NAME,
    CONDITIONS_NOT_MET,
    HANDS_OVER,
    TAMPERING,
    UNEXPECTED_STATE,
    FORGED_ARRAY,
    CALL_ON_RESULT,
    ODD_PERSISTENT_ID,
    LEFTOVER,
    EXTENSION_CODE,
)
