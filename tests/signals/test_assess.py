from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safeload import limits
from safeload.errors import Unreachable
from safeload.signals import assess as module
from safeload.signals.assess import PROBES, assess
from safeload.signals.interface import Dimension, Outcome, Probe, Signal, Subject
from safeload.sources.interface import About, Role
from tests.signals.conftest import NOW, a_subject


def signals_of(subject: Subject) -> dict[str, Signal]:
    found = assess(subject.report, subject.listing, subject.about, now=NOW)
    assert found.report is subject.report
    return {signal.id: signal for signal in found.signals}


def test_each_has_an_id_of_its_own_that_tells_what_it_is_about() -> None:
    assert len({probe.id for probe in PROBES}) == len(PROBES)
    for dimension in Dimension:
        ids = [probe.id for probe in PROBES if probe.dimension is dimension]
        assert len(ids) >= 5
        assert all(i.startswith(f"{dimension.value}-") for i in ids)


def test_a_hub_that_answers_nothing_is_unknown_throughout() -> None:
    signals = signals_of(a_subject({}))
    unknown = {i for i, signal in signals.items() if signal.outcome is Outcome.UNKNOWN}
    # Which the files themselves answer: there is no template to compare.
    assert unknown == set(signals) - {"quality-completeness", "trust-base-template"}
    assert all(signal.summary for signal in signals.values())


@pytest.mark.parametrize(
    "error", [RuntimeError("x"), KeyError("x"), Unreachable("down"), RecursionError(), MemoryError()]
)
def test_a_probe_that_fails_is_unknown(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    class Failing(Probe):
        id = "trust-failing"
        dimension = Dimension.TRUST

        def observe(self, subject: Subject) -> Signal:
            raise error

    monkeypatch.setattr(module, "PROBES", (Failing, PROBES[0]))
    signals = signals_of(a_subject({}))
    assert len(signals) == 2
    assert signals["trust-failing"].outcome is Outcome.UNKNOWN
    assert signals["trust-failing"].evidence == (type(error).__name__,)


def test_a_person_who_stops_it_is_not_a_failing_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped(Probe):
        id = "trust-stopped"
        dimension = Dimension.TRUST

        def observe(self, subject: Subject) -> Signal:
            raise KeyboardInterrupt

    monkeypatch.setattr(module, "PROBES", (Stopped,))
    with pytest.raises(KeyboardInterrupt):
        signals_of(a_subject({}))


KEYS = [
    "author", "created_at", "last_modified", "downloads", "likes", "gated", "private", "disabled", "tags", "card",
    "card_text", "model_index", "eval_results", "library", "pipeline_tag", "security", "organisation", "commits",
    "requested_revision",
]  # fmt: skip
INNER = [
    "name", "verified", "person", "members", "followers", "status", "files", "path", "level", "authors", "at", "title",
    "id", "license", "license_name", "datasets", "language", "results", "metrics", "data", "verifyToken",
]  # fmt: skip
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=4)
    | st.sampled_from(["unsafe", "model.safetensors", "2024-01-01T00:00:00Z", "mit", "c" * 40])
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(INNER), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), VALUES), st.booleans())
def test_hostile_answers_give_ten_signals_of_plain_text(facts: dict[str, Any], local: bool) -> None:
    subject = a_subject(facts, local=local, unanswered={"card": "\x1b[2J" * 100})
    signals = signals_of(subject)
    assert list(signals) == [probe.id for probe in PROBES]
    for signal in signals.values():
        # No probe needs the safety net for what a hub may answer.
        assert signal.summary != "This could not be worked out from what the source said."
        for text in (signal.summary, *signal.evidence):
            assert text.isprintable()
            assert len(text) <= 2 * limits.EVIDENCE


CONTROLLED = [
    "card",
    "card_text",
    "tags",
    "model_index",
    "eval_results",
    "library",
    "pipeline_tag",
    "gated",
    "private",
    "commits",
]


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(st.sampled_from(CONTROLLED), VALUES))
def test_nothing_that_an_uploader_controls_raises_trust(facts: dict[str, Any]) -> None:
    raised = [
        signal
        for signal in signals_of(a_subject(facts)).values()
        if signal.dimension is Dimension.TRUST and signal.outcome is Outcome.SUPPORTS
    ]
    assert raised == []


def test_popularity_is_no_signal() -> None:
    plain = signals_of(a_subject({}))
    assert signals_of(a_subject({"downloads": 10**9, "likes": 10**6, "tags": ["official", "verified"]})) == plain


def test_the_same_answers_give_the_same_signals() -> None:
    subject = a_subject({"created_at": "2024-01-01T00:00:00Z"}, roles={"model.bin": Role.WEIGHTS})
    assert signals_of(subject) == signals_of(
        replace(subject, about=About(facts={"created_at": "2024-01-01T00:00:00Z"}))
    )
