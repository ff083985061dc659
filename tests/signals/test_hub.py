"""What the probes make of a hub that really answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from safeload.scanners.interface import Engine, How, Location, Report, Scanned
from safeload.signals.assess import assess
from safeload.signals.interface import Outcome
from safeload.sources.closure import listing_of
from safeload.sources.interface import Artifact, Role, Snapshot

if TYPE_CHECKING:
    from hub.faults import Kind
    from hub.server import Hub

NOW = "2026-11-20T12:00:00+00:00"


def outcomes(name: str, *weights: str) -> dict[str, Outcome]:
    """Signals about a repository of which a load would open `weights`."""
    from safeload.sources.registry import open_source

    source = open_source(name, revision=None)
    artifacts = [Artifact(path=path, role=Role.WEIGHTS) for path in weights]
    results = [Scanned(location=Location(artifact=path), format="x", scanner="x") for path in weights]
    report = Report(
        snapshot=Snapshot.of(source.origin, artifacts),
        results=tuple(results),
        engine=Engine(version="0", python="3"),
        how=How.RANGES,
    )
    assessment = assess(report, listing_of(source), source.about(), now=NOW)
    return {signal.id: signal.outcome for signal in assessment.signals}


def test_a_repository_of_a_known_publisher(hub_env: Hub) -> None:
    found = outcomes("acme/tiny-bert", "model.safetensors")
    supporting = {i for i, outcome in found.items() if outcome is Outcome.SUPPORTS}
    assert supporting == {
        "trust-publisher",
        "trust-history",
        "trust-hub-scanners",
        "quality-completeness",
        "quality-card",
        "quality-licence",
    }
    assert Outcome.WEIGHS_AGAINST not in found.values()


def test_a_copy_that_the_hub_has_flagged(hub_env: Hub) -> None:
    found = outcomes("mallory/tiny-bert-pwned", "pytorch_model.bin")
    assert found["trust-hub-scanners"] is Outcome.WEIGHS_AGAINST
    assert found["trust-publisher"] is Outcome.NEUTRAL
    # The same repository, by a load that does not open the flagged file.
    assert outcomes("mallory/tiny-bert-pwned", "config.json")["trust-hub-scanners"] is Outcome.NEUTRAL


@pytest.mark.parametrize("kind", ["error", "html", "bad-json"])
def test_a_hub_that_does_not_answer_one_question(hub_env: Hub, kind: Kind) -> None:
    hub_env.fault(kind=kind, routes={"overview"})
    found = outcomes("acme/tiny-bert", "model.safetensors")
    assert found["trust-publisher"] is Outcome.UNKNOWN
    assert found["trust-history"] is Outcome.SUPPORTS
