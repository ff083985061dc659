"""Evidence meets judgement: a policy's answer to an assessment, without reading anything else."""

from __future__ import annotations

from safeload import limits
from safeload.lean import Callable, Final, Iterable, Iterator, sha256
from safeload.parsers import inert
from safeload.parsers.facts import GapReason
from safeload.policy.interface import Action, Policy, Reason, Verdict
from safeload.scanners.escape import plain
from safeload.scanners.interface import Finding, Location, Result, Rule, Severity, Unscanned
from safeload.signals.interface import Assessment, Outcome, Signal
from safeload.sources.interface import Artifact, Role

__all__ = ["evaluate"]

_SHOWN: Final = 8  # pieces of evidence written out in one reason; the digest of all of them stands beside
_CODE_RULES: Final = frozenset({"remote-code", "remote-kernel"})  # what a scanner says of code that a load runs
_WEIGHTS: Final = frozenset({Role.WEIGHTS, Role.TARGET})
_NO_WEIGHTS: Final = inert.FORMATS | {"text", "json", "parquet", "arrow"}

_GAPS: Final = {
    GapReason.UNKNOWN_FORMAT: "{where} is in a format that safeload does not know, so nobody can say what it would do",
    GapReason.MALFORMED: "{where} could not be read whole",
    GapReason.EMPTY: "{where} is empty",
    GapReason.ENCRYPTED: "{where} is encrypted, so nobody can say what is in it",
    GapReason.LIMIT: "{where} needs more memory, time or depth than reading it is allowed",
    GapReason.CRASHED: "Reading {where} ended in a crash",
    GapReason.MISSING: "{where} is needed by the load, and is not there",
    GapReason.MISSING_DEPENDENCY: "{where} could not be read, because a library for it is not installed",
    GapReason.UNREADABLE: "{where} could not be opened",
    GapReason.UNREACHABLE: "{where} could not be read, because the source stopped delivering",
}


def evaluate(policy: Policy, assessment: Assessment, *, wants_weights: bool = True) -> Verdict:
    """What the policy says about an assessment. Pure: the same arguments give the same verdict anywhere.

    Only artifacts that the load touches decide (every role but BESIDE). `wants_weights` is False for a call that opens
    no weights (a tokenizer, a config). The reasons are sorted, the strictest first.
    """
    artifacts = tuple(a for a in assessment.report.snapshot.artifacts if a.role is not Role.BESIDE)
    beside = {a.path for a in assessment.report.snapshot.artifacts} - {a.path for a in artifacts}
    results = tuple(r for r in assessment.report.results if r.location.artifact not in beside)
    reasons = [
        *_nothing_to_load(policy, artifacts, results, wants_weights=wants_weights),
        *_findings(policy, results),
        *_gaps(policy, results),
        *_unjudged_code(policy, artifacts, results),
        *_signals(policy, assessment.signals),
    ]
    if not reasons:
        reasons = [_clean(artifacts)]
    return Verdict(reasons=tuple(sorted(_folded(reasons), key=lambda r: -r.action.strictness)))


def _strictest(policy: Policy, answer: Callable[[Policy], Action]) -> Action:
    return max((answer(p) for p in policy.every), key=lambda action: action.strictness)


def _folded(reasons: Iterable[Reason]) -> Iterator[Reason]:
    """No more reasons of one clause than a person reads; the last of them stands for all the others."""
    clauses: dict[str, list[Reason]] = {}
    for reason in reasons:
        clauses.setdefault(reason.clause, []).append(reason)
    for clause, all_of_it in clauses.items():
        ordered = sorted(all_of_it, key=lambda r: -r.action.strictness)
        shown, rest = ordered[: limits.REASONS], ordered[limits.REASONS :]
        yield from shown
        if rest:
            digest = _digest_of(sorted(r.because for r in all_of_it))
            text = f"{len(rest)} more reasons of this kind ({clause})."
            because = f"{clause}: {len(all_of_it)} in all (sha256: {digest})"
            yield Reason(clause=clause, action=rest[0].action, text=text, because=because)


def _digest_of(texts: Iterable[str]) -> str:
    sha = sha256()
    for text in texts:
        raw = text.encode("utf-8", "surrogatepass")
        sha.update(len(raw).to_bytes(8, "big") + raw)
    return sha.hexdigest()


def _clean(artifacts: tuple[Artifact, ...]) -> Reason:
    n = len(artifacts)
    text = f"{n} {'file was' if n == 1 else 'files were'} looked at: nothing that runs, nothing unknown."
    return Reason(clause="clean", action=Action.ALLOW, text=text, because=f"clean: {n} looked at")


def _nothing_to_load(
    policy: Policy, artifacts: tuple[Artifact, ...], results: Iterable[Result], *, wants_weights: bool
) -> Iterator[Reason]:
    if artifacts and (not wants_weights or _has_weights(artifacts, results)):
        return
    yield Reason(
        clause="nothing-to-load",
        action=_strictest(policy, lambda p: p.nothing_to_load),
        text="There is nothing here that this load could open." if not artifacts else "No weights were found to load.",
        because=f"nothing-to-load: {len(artifacts)} files opened, none of them weights",
    )


def _has_weights(artifacts: tuple[Artifact, ...], results: Iterable[Result]) -> bool:
    if any(a.role in _WEIGHTS for a in artifacts):
        return True
    found = {a.path for a in artifacts if a.role is Role.FOUND}
    return any(r.location.artifact in found and r.format not in _NO_WEIGHTS for r in results)


def _findings(policy: Policy, results: Iterable[Result]) -> Iterator[Reason]:
    """One reason for each rule at each artifact and member."""
    groups: dict[tuple[str, int, str, tuple[str, ...]], list[Finding]] = {}
    for finding in (f for result in results for f in result.findings):
        rule, at = finding.rule, finding.location
        groups.setdefault((rule.id, rule.revision, at.artifact, at.member), []).append(finding)
    for found in sorted(groups.values(), key=_urgency):
        rule, at = found[0].rule, found[0].location
        yield Reason(
            clause=rule.id,
            action=_strictest(policy, _answer_to(rule.id, max((f.rule.severity for f in found), key=_order))),
            text=_sentence(found),
            because=_because(rule, at, found),
        )


def _answer_to(rule_id: str, severity: Severity) -> Callable[[Policy], Action]:
    return lambda policy: policy.rules.get(rule_id, policy.findings[severity])


def _urgency(found: list[Finding]) -> tuple[int, str, tuple[str, ...], str]:
    at = found[0].location
    return (-max(_order(f.rule.severity) for f in found), at.artifact, at.member, found[0].rule.id)


def _order(severity: Severity) -> int:
    return list(Severity).index(severity)


def _sentence(found: list[Finding]) -> str:
    messages = list(dict.fromkeys(f.message for f in found))
    if len(messages) == 1:
        return messages[0]
    where = _where(found[0].location)
    return f"{messages[0].rstrip('. ')}; {where} holds {len(messages) - 1} more of this kind."


def _because(rule: Rule, at: Location, found: list[Finding]) -> str:
    """Rule and revision, place, evidence: stable, bounded, and different when any evidence is."""
    pieces = sorted({_piece(finding) for finding in found})
    shown = [plain(piece, 2 * limits.EVIDENCE) for piece in pieces[:_SHOWN]]
    text = f"{rule.id}@{rule.revision} at {_where(at)}: {', '.join(shown)}"
    return text if shown == pieces else f"{text} ({len(pieces)} in all, sha256: {_digest_of(pieces)})"


def _piece(finding: Finding) -> str:
    evidence = " | ".join(finding.evidence) or finding.message
    offset = finding.location.offset
    return evidence if offset is None or offset < 0 else f"{evidence} (byte {offset})"


def _gaps(policy: Policy, results: Iterable[Result]) -> Iterator[Reason]:
    seen: set[tuple[GapReason, Location, str]] = set()
    for result in results:
        if not isinstance(result, Unscanned) or (result.reason, result.location, result.detail) in seen:
            continue
        seen.add((result.reason, result.location, result.detail))
        yield _gap(policy, result)


def _gap(policy: Policy, gap: Unscanned) -> Reason:
    where = _where(gap.location)
    detail = plain(gap.detail, limits.EVIDENCE).rstrip(". ")
    text = _GAPS[gap.reason].format(where=where)
    return Reason(
        clause=f"gap-{gap.reason.value}",
        action=_strictest(policy, lambda p: p.gaps[gap.reason]),
        text=f"{text}: {detail}." if detail else f"{text}.",
        because=f"gap {gap.reason.value} at {where}" + (f": {detail}" if detail else ""),
    )


def _unjudged_code(policy: Policy, artifacts: Iterable[Artifact], results: Iterable[Result]) -> Iterator[Reason]:
    """Code that the load runs and no rule spoke of: a scanner that says nothing must not become a yes."""
    spoken = {f.location.artifact for r in results for f in r.findings if f.rule.id in _CODE_RULES}
    for artifact in artifacts:
        if artifact.role is not Role.CODE or artifact.path in spoken:
            continue
        where = plain(artifact.path, limits.EVIDENCE)
        yield Reason(
            clause="remote-code",
            action=_strictest(policy, _answer_to("remote-code", Severity.CRITICAL)),
            text=f"The load runs {where}, a program from the repository.",
            because=f"remote-code at {where}: no scanner judged it",
        )


def _signals(policy: Policy, signals: Iterable[Signal]) -> Iterator[Reason]:
    """The policy's own clauses about signals. A signal that is not there is unknown, never silence."""
    given = {signal.id: signal for signal in signals}
    for wanted in sorted({name for p in policy.every for name in p.signals}):
        signal = given.get(wanted)
        outcome = signal.outcome if signal is not None else Outcome.UNKNOWN
        if not any(outcome in p.signals.get(wanted, {}) for p in policy.every):
            continue
        yield Reason(
            clause=wanted,
            action=_strictest(policy, _answer_to_signal(wanted, outcome)),
            text=signal.summary if signal is not None else f"Nothing is known about {wanted}.",
            # Only the outcome: a member more or a day later is not another question.
            because=f"{wanted}: {outcome.value}",
        )


def _answer_to_signal(wanted: str, outcome: Outcome) -> Callable[[Policy], Action]:
    return lambda policy: policy.signals.get(wanted, {}).get(outcome, Action.ALLOW)


def _where(at: Location) -> str:
    return " > ".join(plain(part, limits.EVIDENCE) for part in (at.artifact, *at.member))
