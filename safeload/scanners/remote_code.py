"""Judges Python that a load runs, or could run, by what its syntax tree says."""

from __future__ import annotations

from safeload import limits
from safeload.lean import TYPE_CHECKING, ClassVar, Final, Iterable, Iterator, record
from safeload.parsers.codefacts import CodeFacts, CodeOddity, CodeTime, CodeUse
from safeload.parsers.facts import Part
from safeload.scanners import code_rules, effect_names, effects
from safeload.scanners.code_rules import EVALUATES, HIDDEN, PACKED, PERSISTS, SECRETS, Effect
from safeload.scanners.escape import plain
from safeload.scanners.grouping import by_rule
from safeload.scanners.interface import Confidence, Finding, Location, Rule, Scanner, Severity

if TYPE_CHECKING:
    from safeload.sources.interface import Artifact, Origin

REMOTE_CODE: Final = Rule(
    id="remote-code",
    title="The repository brings code that loading runs",
    severity=Severity.MEDIUM,
    why="This Python file runs with all your rights when the model is loaded. Whoever can change the repository "
    "decides what it does.",
    fix="Read the file. Approve it only if you trust its author; the approval holds for exactly these bytes.",
    cwe=829,
)
RULES: Final = (REMOTE_CODE,)

_IMPORTS_SHOWN: Final = 40
_SHOWN: Final = 8
_WHEN: Final = {
    CodeTime.IMPORT: "when it is imported",
    CodeTime.LOAD: "when the model is made",
    CodeTime.LATER: "only when that function is called",
}
_ODD: Final = {
    "bidi": (HIDDEN, "characters that change the direction of the text"),
    "folded-name": (HIDDEN, "a name in letters that Python reads as others"),
    "lookalike-name": (HIDDEN, "a name with letters that look like others"),
    "off-screen": (HIDDEN, "code far to the right, where no editor shows it"),
    "many-meanings": (HIDDEN, "a name with more meanings than can be followed"),
    "blob": (PACKED, "a long packed text"),
    "chr": (PACKED, "a text that is put together from numbers"),
}


@record(frozen=True, slots=True, kw_only=True)
class _Seen:
    """One effect at one line."""

    effect: Effect
    time: CodeTime
    line: int
    what: str
    snippet: str = ""

    @property
    def rule(self) -> Rule | None:
        return self.effect.later if self.time is CodeTime.LATER else self.effect.now


class CodeScanner(Scanner):
    """What a program does beside computing: a finding for each kind, with the lines."""

    name: ClassVar[str] = "python"
    formats: ClassVar[frozenset[str]] = frozenset()
    rules: ClassVar[tuple[Rule, ...]] = code_rules.RULES

    def sees(self, part: Part) -> bool:
        return part.code is not None

    def judge(self, part: Part, artifact: Artifact) -> tuple[Finding, ...]:
        if part.code is None:
            return ()
        place = Location(artifact=artifact.path, member=part.member)
        name = part.member[-1] if part.member else artifact.name_in_origin
        groups = by_rule((seen.rule, seen) for seen in _seen(part.code))
        return tuple(_finding(rule, place, name, found) for rule, found in groups)


def _seen(code: CodeFacts) -> Iterator[_Seen]:
    found = [*_used(code.uses), *_written(code.texts), *_odd(code.oddities)]
    now = {one.effect.now.id: one for one in found if one.time is not CodeTime.LATER}
    packed, runs = now.get(PACKED.now.id), now.get(EVALUATES.now.id)
    if packed is not None and runs is not None:
        found.append(_Seen(effect=HIDDEN, time=runs.time, line=runs.line, what="packed text that is run as code"))
    yield from sorted(found, key=lambda one: one.line)


def _used(uses: Iterable[CodeUse]) -> Iterator[_Seen]:
    for use in uses:
        for effect in effects.of_use(use):
            called = use.role if use.role != "called" else "called with " + ", ".join(use.arguments[:3])
            what = f"{use.name}" if called.endswith("with ") else f"{use.name} ({called})"
            yield _Seen(effect=effect, time=use.time, line=use.line, what=what, snippet=use.snippet)


def _written(texts: Iterable[CodeOddity]) -> Iterator[_Seen]:
    for text in texts:
        if effect_names.SECRET_PATHS.search(text.text):
            yield _Seen(effect=SECRETS, time=text.time, line=text.line, what=text.text)
        if effect_names.START_PATHS.search(text.text):
            yield _Seen(effect=PERSISTS, time=text.time, line=text.line, what=text.text)


def _odd(oddities: Iterable[CodeOddity]) -> Iterator[_Seen]:
    for odd in oddities:
        if odd.kind in _ODD:
            effect, what = _ODD[odd.kind]
            yield _Seen(effect=effect, time=odd.time, line=odd.line, what=what, snippet=odd.text)


def _finding(rule: Rule, place: Location, name: str, found: list[_Seen]) -> Finding:
    first = min(found, key=lambda one: list(CodeTime).index(one.time))
    what = plain(first.what, limits.EVIDENCE // 2)
    does = first.effect.does
    return Finding(
        rule=rule,
        confidence=Confidence.HIGH,
        location=place,
        message=f"{plain(name, limits.EVIDENCE)} {does} {_WHEN[first.time]}: line {first.line}, {what}.",
        evidence=tuple(dict.fromkeys(_line(one) for one in found))[:_SHOWN],
    )


def _line(seen: _Seen) -> str:
    return plain(f"line {seen.line}: {seen.snippet or seen.what}", limits.EVIDENCE)


def runs(code: CodeFacts | None, artifact: Artifact, origin: Origin) -> Finding:
    """That a load runs this file. `code` is None where it could not be read at all."""
    where = plain(str(artifact.origin or origin), limits.EVIDENCE)
    name = plain(artifact.name_in_origin, limits.EVIDENCE)
    whose = f"of {where}" if artifact.origin is not None else "of this repository"
    return Finding(
        rule=REMOTE_CODE,
        confidence=Confidence.HIGH,
        location=Location(artifact=artifact.path),
        message=f"Loading runs the Python file {name} {whose}.",
        evidence=(_imports(code),),
    )


def _imports(code: CodeFacts | None) -> str:
    if code is None:
        return "imports: not looked at, the file could not be read"
    text = ", ".join(code.imports[:_IMPORTS_SHOWN]) + (" and more" if len(code.imports) > _IMPORTS_SHOWN else "")
    return plain(f"imports: {text or 'none that can be seen'}", limits.EVIDENCE * 2)
