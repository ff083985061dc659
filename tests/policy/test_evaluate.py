from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeload import limits
from safeload.parsers.facts import GapReason
from safeload.policy.evaluate import evaluate
from safeload.policy.interface import Action, Policy
from safeload.policy.named import tighten
from safeload.policy.presets import LENIENT, PRESETS, STANDARD, STRICT
from safeload.scanners.interface import Result, Severity
from safeload.signals.interface import Dimension, Outcome, Signal
from safeload.sources.interface import Role
from tests.policy.conftest import a_finding, an_assessment, read, unread

ANY_PRESET = pytest.mark.parametrize("policy", PRESETS.values(), ids=lambda p: p.name)


def actions(policy: Policy, *results: Result, **kwargs: object) -> Action:
    return evaluate(policy, an_assessment(*results, **kwargs)).action  # type: ignore[arg-type]


@ANY_PRESET
def test_clean_files_are_allowed_with_the_one_reason(policy: Policy) -> None:
    verdict = evaluate(policy, an_assessment(read("a.bin"), read("b.bin")))
    assert [(r.clause, r.action, r.text) for r in verdict.reasons] == [
        ("clean", Action.ALLOW, "2 files were looked at: nothing that runs, nothing unknown.")
    ]


@pytest.mark.parametrize(
    ("policy", "severity", "expected"),
    [
        (STANDARD, Severity.CRITICAL, Action.BLOCK),
        (STANDARD, Severity.HIGH, Action.BLOCK),
        (STANDARD, Severity.MEDIUM, Action.ASK),
        (STANDARD, Severity.LOW, Action.ALLOW),
        (LENIENT, Severity.CRITICAL, Action.BLOCK),
        (LENIENT, Severity.MEDIUM, Action.ASK),
        (STRICT, Severity.MEDIUM, Action.BLOCK),
        (STRICT, Severity.LOW, Action.BLOCK),
    ],
)
def test_severity_decides(policy: Policy, severity: Severity, expected: Action) -> None:
    assert actions(policy, read("a.bin", a_finding("a.bin", severity))) is expected


@ANY_PRESET
@pytest.mark.parametrize("severity", Severity)
def test_remote_code_is_never_allowed_silently(policy: Policy, severity: Severity) -> None:
    code = read("modeling.py", a_finding("modeling.py", severity, rule_id="remote-code"))
    expected = Action.BLOCK if policy is STRICT else Action.ASK
    assert actions(policy, read("a.bin"), code, roles={"modeling.py": Role.CODE}) is expected


@ANY_PRESET
def test_code_that_no_scanner_spoke_of_is_not_a_yes(policy: Policy) -> None:
    about_something_else = a_finding("m.py", Severity.LOW, rule_id="long-lines")
    for code in (read("m.py"), read("m.py", about_something_else)):
        assert actions(policy, read("a.bin"), code, roles={"m.py": Role.CODE}) is not Action.ALLOW


@ANY_PRESET
@pytest.mark.parametrize("reason", GapReason)
@pytest.mark.parametrize("role", [r for r in Role if r is not Role.BESIDE])
def test_a_gap_is_never_allowed(policy: Policy, reason: GapReason, role: Role) -> None:
    gap = unread("b.json", reason, detail="byte 7")
    verdict = evaluate(policy, an_assessment(read("a.bin"), gap, roles={"b.json": role}))
    assert verdict.action is (Action.BLOCK if policy is STRICT else Action.ASK)
    said = next(r for r in verdict.reasons if r.clause == f"gap-{reason.value}")
    assert "b.json" in said.text
    assert said.text.endswith("byte 7.")


def test_what_was_seen_before_reading_failed_still_decides() -> None:
    seen = a_finding("a.bin", Severity.CRITICAL)
    assert actions(STANDARD, unread("a.bin", GapReason.MALFORMED, seen)) is Action.BLOCK


@ANY_PRESET
def test_what_the_load_does_not_touch_never_decides(policy: Policy) -> None:
    evil = read("old.bin", a_finding("old.bin", Severity.CRITICAL))
    gap = unread("notes.xyz", GapReason.UNKNOWN_FORMAT)
    beside = {"old.bin": Role.BESIDE, "notes.xyz": Role.BESIDE}
    assert actions(policy, read("model.safetensors"), evil, gap, roles=beside) is Action.ALLOW
    # The twin: the same files, opened by the load.
    assert actions(policy, read("model.safetensors"), evil, gap) is Action.BLOCK


def test_a_repository_without_weights_asks() -> None:
    verdict = evaluate(STANDARD, an_assessment(read("config.json"), roles={"config.json": Role.CONFIG}))
    assert [(r.clause, r.action) for r in verdict.reasons] == [("nothing-to-load", Action.ASK)]


def test_a_tokenizer_needs_no_weights() -> None:
    only = an_assessment(read("tokenizer.json"), roles={"tokenizer.json": Role.TOKENIZER})
    assert evaluate(STANDARD, only, wants_weights=False).action is Action.ALLOW
    assert evaluate(STANDARD, only).action is Action.ASK


@ANY_PRESET
def test_nothing_at_all_is_not_a_yes_even_for_a_tokenizer(policy: Policy) -> None:
    only_beside = an_assessment(read("README.md"), roles={"README.md": Role.BESIDE})
    assert evaluate(policy, only_beside, wants_weights=False).action is not Action.ALLOW
    assert evaluate(policy, an_assessment(), wants_weights=False).action is not Action.ALLOW


def test_one_reason_for_each_rule_and_place() -> None:
    names = [a_finding("a.bin", evidence=f"lib.C{i}", offset=i, member=("data.pkl",)) for i in range(3)]
    elsewhere = a_finding("a.bin", evidence="lib.D", member=("other.pkl",))
    verdict = evaluate(STANDARD, an_assessment(read("a.bin", *names, elsewhere)))
    assert [r.text for r in verdict.reasons] == [
        "It names lib.C0; a.bin > data.pkl holds 2 more of this kind.",
        "It names lib.D.",
    ]
    assert verdict.reasons[0].because == (
        "some-rule@1 at a.bin > data.pkl: lib.C0 (byte 0), lib.C1 (byte 1), lib.C2 (byte 2)"
    )


def test_because_does_not_depend_on_the_order_of_findings() -> None:
    names = [a_finding("a.bin", evidence=f"lib.C{i}") for i in range(40)]
    forward = evaluate(STANDARD, an_assessment(read("a.bin", *names))).reasons[0].because
    backward = evaluate(STANDARD, an_assessment(read("a.bin", *reversed(names)))).reasons[0].because
    assert forward == backward


def test_because_is_short_and_still_tells_evidence_apart() -> None:
    names = [a_finding("a.bin", evidence=f"lib.C{i:05}") for i in range(5_000)]
    other = [*names[:-1], a_finding("a.bin", evidence="lib.Other")]
    one, two = (evaluate(STANDARD, an_assessment(read("a.bin", *n))).reasons[0].because for n in (names, other))
    assert len(one) < 1_000
    assert one != two


def test_a_new_revision_of_a_rule_is_another_reason() -> None:
    one, two = (
        evaluate(STANDARD, an_assessment(read("a.bin", a_finding("a.bin", revision=r)))).reasons[0].because
        for r in (1, 2)
    )
    assert one != two


def test_a_flood_of_gaps_stays_readable_and_still_asks() -> None:
    gaps = [unread(f"f{i:04}", GapReason.UNKNOWN_FORMAT) for i in range(1_000)]
    verdict = evaluate(STANDARD, an_assessment(*gaps))
    assert verdict.action is Action.ASK
    assert len(verdict.reasons) == limits.REASONS + 1
    assert "950 more" in verdict.reasons[-1].text
    other = evaluate(STANDARD, an_assessment(*gaps[:-1], unread("other", GapReason.UNKNOWN_FORMAT)))
    assert verdict.reasons[-1].because != other.reasons[-1].because


def test_a_flood_of_small_reasons_hides_no_large_one() -> None:
    policy = replace(STANDARD, rules={})
    small = [read(f"f{i:04}", a_finding(f"f{i:04}", Severity.LOW, rule_id="r")) for i in range(100)]
    large = read("zzz", a_finding("zzz", Severity.CRITICAL, rule_id="r"))
    verdict = evaluate(policy, an_assessment(*small, large))
    assert verdict.action is Action.BLOCK
    assert "zzz" in verdict.reasons[0].because


def test_hostile_paths_come_out_as_plain_text() -> None:
    path = "a\x1b[2J\u202e.bin"
    reason = evaluate(STANDARD, an_assessment(unread(path, GapReason.EMPTY, detail="\x1b]0;x\x07"))).reasons[0]
    assert all(c.isprintable() for c in reason.text + reason.because)


def a_signal(outcome: Outcome) -> Signal:
    return Signal(id="trust-publisher", dimension=Dimension.TRUST, outcome=outcome, summary="Nobody knows them.")


def test_a_clause_about_a_signal_gives_a_reason() -> None:
    policy = replace(STANDARD, signals={"trust-publisher": {Outcome.WEIGHS_AGAINST: Action.BLOCK}})
    against = an_assessment(read("a.bin"), signals=(a_signal(Outcome.WEIGHS_AGAINST),))
    reasons = evaluate(policy, against).reasons
    assert [(r.clause, r.action, r.text, r.because) for r in reasons] == [
        ("trust-publisher", Action.BLOCK, "Nobody knows them.", "trust-publisher: weighs-against")
    ]
    supports = an_assessment(read("a.bin"), signals=(a_signal(Outcome.SUPPORTS),))
    assert evaluate(policy, supports).action is Action.ALLOW


def test_a_signal_that_was_not_asked_for_is_unknown() -> None:
    policy = replace(STANDARD, signals={"trust-publisher": {Outcome.UNKNOWN: Action.ASK}})
    assert evaluate(policy, an_assessment(read("a.bin"))).action is Action.ASK


@ANY_PRESET
def test_trust_never_softens_a_finding(policy: Policy) -> None:
    praised = replace(policy, signals={"trust-publisher": {Outcome.SUPPORTS: Action.ALLOW}})
    evil = read("a.bin", a_finding("a.bin", Severity.CRITICAL))
    assert evaluate(praised, an_assessment(evil, signals=(a_signal(Outcome.SUPPORTS),))).action is Action.BLOCK


@ANY_PRESET
def test_presets_look_at_no_signal(policy: Policy) -> None:
    assert not policy.signals


def test_only_lenient_can_be_overridden() -> None:
    assert [p.name for p in PRESETS.values() if p.unsafe_override] == ["lenient"]


def test_a_preset_cannot_be_edited() -> None:
    with pytest.raises(TypeError):
        STANDARD.gaps[GapReason.MALFORMED] = Action.ALLOW  # type: ignore[index]


ACTIONS = st.sampled_from(list(Action))


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Any policy that does not name a gap: it has a preset's answers to gaps, and its own to all else."""
    base = draw(st.sampled_from(list(PRESETS.values())))
    return replace(
        base,
        findings={s: draw(ACTIONS) for s in Severity},
        rules=draw(st.dictionaries(st.sampled_from(["some-rule", "remote-code"]), ACTIONS)),
        nothing_to_load=draw(ACTIONS),
        signals={"trust-publisher": draw(st.dictionaries(st.sampled_from(list(Outcome)), ACTIONS))},
        unsafe_override=draw(st.booleans()),
    )


@st.composite
def reports_with_a_gap(draw: st.DrawFn) -> tuple[tuple[Result, ...], dict[str, Role]]:
    deciding = [r for r in Role if r is not Role.BESIDE]
    results: list[Result] = [unread("gap", draw(st.sampled_from(list(GapReason))))]
    roles = {"gap": draw(st.sampled_from(deciding))}
    for i in range(draw(st.integers(0, 3))):
        path = f"f{i}"
        roles[path] = draw(st.sampled_from(list(Role)))
        findings = [a_finding(path, draw(st.sampled_from(list(Severity)))) for _ in range(draw(st.integers(0, 2)))]
        results.append(read(path, *findings))
    return tuple(draw(st.permutations(results))), roles


@given(policies(), reports_with_a_gap(), st.sampled_from(list(Outcome)), st.booleans())
def test_no_policy_allows_a_gap_that_it_does_not_name(
    policy: Policy, made: tuple[tuple[Result, ...], dict[str, Role]], outcome: Outcome, wants: bool
) -> None:
    results, roles = made
    assessment = an_assessment(*results, roles=roles, signals=(a_signal(outcome),))
    assert evaluate(policy, assessment, wants_weights=wants).action is not Action.ALLOW


@given(policies(), policies(), st.sampled_from(list(Severity)), st.sampled_from(["some-rule", "remote-code", "third"]))
def test_two_policies_together_say_the_stricter_of_both(a: Policy, b: Policy, severity: Severity, rule: str) -> None:
    found = an_assessment(read("a.bin", a_finding("a.bin", severity, rule_id=rule)))
    apart = [evaluate(p, found).action for p in (a, b)]
    assert evaluate(tighten(a, b), found).action is max(apart, key=lambda x: x.strictness)
