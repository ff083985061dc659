"""What a program can do to the computer it runs on, as rules: what loading does, what it may do later."""

from __future__ import annotations

from safeload.lean import Final, record
from safeload.scanners.interface import Rule, Severity

_FIX: Final = "Read the lines that are named. Approve the file only if you understand why a model needs this."


@record(frozen=True, slots=True, kw_only=True)
class Effect:
    """One kind of effect. `does` completes "loading this file …"; `later` is None where it means nothing."""

    does: str
    now: Rule
    later: Rule | None


def _effect(
    key: str, does: str, why: str, now: Severity, later: Severity | None, *, cwe: int, fix: str = _FIX
) -> Effect:
    first = Rule(id=f"code-{key}", title=f"Loading {does}", severity=now, why=why, fix=fix, cwe=cwe)
    if later is None:
        return Effect(does=does, now=first, later=None)
    title = f"A function in the repository's code {does}"
    second = Rule(id=f"code-{key}-later", title=title, severity=later, why=why, fix=fix, cwe=cwe)
    return Effect(does=does, now=first, later=second)


_LOW, _MEDIUM, _HIGH, _CRITICAL = Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL

PROCESS: Final = _effect(
    "runs-programs", "starts a program",
    "A program that is started can do whatever you can, outside of Python and of this guard.",
    _CRITICAL, _MEDIUM, cwe=78,
)  # fmt: skip
EVALUATES: Final = _effect(
    "evaluates-text", "runs text as code",
    "Text that is run as code is not in the file as code: nobody who reads the file sees what runs.",
    _HIGH, _MEDIUM, cwe=95,
)  # fmt: skip
HIDDEN: Final = _effect(
    "hidden", "does what its text hides",
    "Code is written so that whoever reads it sees something else, or cannot see what is called. Model code has no "
    "reason to.",
    _HIGH, _HIGH, cwe=506, fix="Do not load it. Ask the publisher for code that can be read.",
)  # fmt: skip
PACKED: Final = _effect(
    "packed", "carries a long packed text",
    "Data that only a program can unpack can be code that nobody has read.",
    _MEDIUM, _LOW, cwe=506,
)  # fmt: skip
SECRETS: Final = _effect(
    "reads-secrets", "reads secrets such as tokens or keys",
    "A token or key that code can read is one that it can send away.",
    _HIGH, _MEDIUM, cwe=522,
)  # fmt: skip
NETWORK: Final = _effect(
    "network", "opens network connections",
    "What comes over a network was not looked at, and what goes out may be your data.",
    _HIGH, _LOW, cwe=829,
)  # fmt: skip
FOREIGN: Final = _effect(
    "runs-foreign-code", "fetches code from another repository and runs it",
    "That code was not looked at, and its owner can change it at any time.",
    _MEDIUM, _MEDIUM, cwe=829,
)  # fmt: skip
ELSEWHERE: Final = _effect(
    "imports-elsewhere", "adds a folder to import from",
    "What is imported from there is not among the files that were looked at.",
    _MEDIUM, _LOW, cwe=427,
)  # fmt: skip
DOWNLOADS: Final = _effect(
    "downloads", "downloads more files from a hub",
    "Files that code fetches by itself are not among those that were looked at.",
    _MEDIUM, _LOW, cwe=494,
)  # fmt: skip
DELETES: Final = _effect(
    "deletes-files", "deletes, moves or protects files",
    "Model code has no reason to delete what it did not make.",
    _HIGH, _LOW, cwe=73,
)  # fmt: skip
WRITES: Final = _effect(
    "writes-files", "writes files",
    "A file that is written in the right place runs later: a start script, a package, a key.",
    _MEDIUM, None, cwe=73,
)  # fmt: skip
NATIVE: Final = _effect(
    "native-code", "runs machine code",
    "Machine code cannot be read here, and does whatever it likes with this process.",
    _HIGH, _MEDIUM, cwe=829,
)  # fmt: skip
UNPICKLES: Final = _effect(
    "unpickles", "unpickles a file of its own choice",
    "A pickle runs code when it is loaded. One that the code opens by itself was not looked at.",
    _MEDIUM, _LOW, cwe=502,
)  # fmt: skip
REWIRES: Final = _effect(
    "rewires-python", "changes how Python or this guard works",
    "Code that changes the import system, the interpreter's own modules or what watches it can hide what it does next.",
    _HIGH, _MEDIUM, cwe=913,
)  # fmt: skip
PERSISTS: Final = _effect(
    "names-start-files", "names a file that starts programs",
    "What is written into a start script, a list of keys or the packages of Python runs at another time, unasked.",
    _HIGH, _MEDIUM, cwe=506,
)  # fmt: skip
EFFECTS: Final = (
    PROCESS, EVALUATES, HIDDEN, PACKED, SECRETS, NETWORK, FOREIGN, DOWNLOADS, DELETES, WRITES, NATIVE, UNPICKLES,
    REWIRES, PERSISTS, ELSEWHERE,
)  # fmt: skip
RULES: Final[tuple[Rule, ...]] = tuple(rule for e in EFFECTS for rule in (e.now, e.later) if rule is not None)
