"""Every limit of a parser, reached: as much as it allows is read, more is a gap that the policy asks about."""

from __future__ import annotations

import pytest

from safeload import limits
from safeload.policy.interface import Action
from tests.limits.case import Case
from tests.limits.cases import all_cases
from tests.limits.looking import gaps, seen, verdict

CASES = {f"{case.limit}-{number}": case for number, case in enumerate(all_cases())}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_too_much_is_a_gap(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    if case.needs:
        pytest.importorskip(case.needs)
    if case.at is not None:
        monkeypatch.setattr(limits, case.limit, case.at)
    most = getattr(limits, case.limit)
    assert case.reason not in {reason for reason, _ in gaps(seen(case.build(most), name=case.name))}
    report = seen(case.build(most + case.step), name=case.name)
    assert case.reason in {reason for reason, _ in gaps(report)}
    assert verdict(report) is not Action.ALLOW
