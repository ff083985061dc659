"""Subjects made by hand: a report, a listing, and what a hub said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from safeload.parsers.facts import GapReason
from safeload.scanners.interface import Engine, How, Location, Report, Result, Scanned, Tensors, Unscanned
from safeload.signals.interface import Probe, Signal, Subject
from safeload.sources.interface import About, Artifact, Listing, Origin, OriginKind, Role, Snapshot

NOW = "2026-11-20T12:00:00+00:00"
COMMIT = "c" * 40
Observe = Callable[..., Signal]


def a_subject(
    facts: Mapping[str, Any] | None = None,
    *,
    local: bool = False,
    name: str = "acme/tiny",
    revision: str | None = COMMIT,
    roles: Mapping[str, Role] | None = None,
    files: Mapping[str, bytes] | None = None,
    missing: tuple[str, ...] = (),
    others: Mapping[str, Origin] | None = None,
    tensors: Mapping[str, dict[str, int]] | None = None,
    unanswered: Mapping[str, str] | None = None,
) -> Subject:
    """`files` are listed beside the artifacts, with their content; `missing` are artifacts that are not there."""
    kind = OriginKind.LOCAL if local else OriginKind.HUB
    origin = Origin(kind=kind, name=name, revision=None if local else revision)
    roles = roles if roles is not None else {"model.safetensors": Role.WEIGHTS}
    artifacts = [Artifact(path=p, role=r, origin=(others or {}).get(p)) for p, r in roles.items()]
    results: list[Result] = [
        Unscanned(location=Location(artifact=a.path), reason=GapReason.MISSING, detail="")
        if a.path in missing
        else Scanned(location=Location(artifact=a.path), format="safetensors", scanner="safetensors")
        for a in artifacts
    ]
    report = Report(
        snapshot=Snapshot.of(origin, artifacts),
        results=tuple(results),
        engine=Engine(version="0", python="3"),
        how=How.LOCAL,
        tensors=tuple(
            Tensors(artifact=path, tensors=len(kinds), parameters=kinds) for path, kinds in (tensors or {}).items()
        ),
    )
    content = dict(files or {})
    listed = [a for a in artifacts if a.path not in missing and a.origin is None]
    listing = Listing(
        origin=origin,
        artifacts=(*listed, *(Artifact(path=p, role=Role.BESIDE) for p in content if p not in roles)),
        read=content.get,
    )
    about = About(facts=facts or {}, unanswered=unanswered or {})
    return Subject(report=report, listing=listing, about=about, now=NOW)


@pytest.fixture
def observe(request: pytest.FixtureRequest) -> Observe:
    """Ask the module's `PROBE` about a subject with these facts."""
    probe: type[Probe] = request.module.PROBE
    return lambda facts=None, **kwargs: probe().observe(a_subject(facts, **kwargs))
