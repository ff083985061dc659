"""All that a pickle does with one name, in words."""

from __future__ import annotations

from safeload import limits
from safeload.lean import Final, Iterable, Iterator, Mapping, Sequence, record, replace, sha256
from safeload.parsers.facts import PickleRole, Use
from safeload.scanners import names
from safeload.scanners.escape import plain
from safeload.scanners.interface import Confidence, Finding, Location, Rule

__all__ = ["EXAMPLES", "RUNS", "Name", "arguments", "by_name", "finding", "folded", "roles"]

EXAMPLES: Final = 3  # examples shown of one name
RUNS: Final = frozenset({PickleRole.CALLED, PickleRole.CONSTRUCTED, PickleRole.RESULT_CALLED})
_ROLES: Final[Mapping[PickleRole, str]] = {
    PickleRole.CALLED: "called",
    PickleRole.CONSTRUCTED: "built",
    PickleRole.REFERENCED: "kept without being called",
    PickleRole.TAMPERED: "changed",
    PickleRole.RESULT_CALLED: "called for something that is then called",
    PickleRole.STATED: "given contents",
}


@record(frozen=True, slots=True, kw_only=True)
class Name:
    """All uses of one global in one part."""

    module: str
    name: str
    uses: tuple[Use, ...]

    @property
    def resolved(self) -> str:
        """The name that Python 3 looks up: protocols 0 to 2 are read with the names of Python 2."""
        module, name = names.variants(self.module, self.name)[-1]
        return plain(f"{module}.{name}" if module else name, limits.EVIDENCE)

    @property
    def shown(self) -> str:
        """The same, and what stands in the file where that is another."""
        written = plain(f"{self.module}.{self.name}" if self.module else self.name, limits.EVIDENCE)
        return written if written == self.resolved else f"{self.resolved} (written {written})"

    @property
    def roles(self) -> frozenset[PickleRole]:
        return frozenset(use.role for use in self.uses)

    def only(self, uses: tuple[Use, ...]) -> Name:
        return replace(self, uses=uses)


def by_name(uses: Sequence[Use]) -> Iterator[Name]:
    grouped: dict[tuple[str, str], list[Use]] = {}
    for use in uses:
        grouped.setdefault((use.module, use.name), []).append(use)
    for (module, name), together in grouped.items():
        yield Name(module=module, name=name, uses=tuple(together))


def roles(one: Name) -> str:
    return " and ".join(text for role, text in _ROLES.items() if role in one.roles)


def arguments(one: Name) -> str:
    given = sorted({", ".join(use.shape) for use in one.uses if use.role in RUNS})[:EXAMPLES]
    if not given:
        return ""
    return " with the arguments " + " or ".join(f"({plain(shape, limits.EVIDENCE)})" for shape in given)


def finding(rule: Rule, one: Name, place: Location, message: str) -> Finding:
    offset = min((use.offset for use in one.uses if use.offset >= 0), default=None)
    return Finding(
        rule=rule,
        confidence=Confidence.HIGH,
        location=Location(artifact=place.artifact, member=place.member, offset=offset),
        message=message,
        evidence=_evidence(one),
    )


def folded(findings: Iterable[Finding], place: Location) -> Iterator[Finding]:
    """No more findings of one rule than anybody reads; one stands for the others, bound to all of them."""
    by_rule: dict[str, list[Finding]] = {}
    for one in findings:
        by_rule.setdefault(one.rule.id, []).append(one)
    for found in by_rule.values():
        yield from found[: limits.FINDINGS]
        rest = found[limits.FINDINGS :]
        if rest:
            sha = sha256("\0".join(text for one in rest for text in (one.message, *one.evidence)).encode())
            evidence = (f"{len(rest):,} in all (sha256: {sha.hexdigest()})",)
            message = f"The same holds for {len(rest):,} more names."
            yield replace(rest[0], location=place, message=message, evidence=evidence)


def _evidence(one: Name) -> tuple[str, ...]:
    examples = list(dict.fromkeys(_example(one.resolved, use) for use in one.uses if use.example or use.role in RUNS))
    times = sum(use.count for use in one.uses)
    return (*(examples[:EXAMPLES] or [one.resolved]), *((f"{times:,} times",) if times > 1 else ()))


def _example(shown: str, use: Use) -> str:
    changed = use.role in (PickleRole.TAMPERED, PickleRole.STATED)
    text = f"{shown} <- {use.example}" if changed else f"{shown}({use.example})"
    return plain(text, limits.EVIDENCE)
