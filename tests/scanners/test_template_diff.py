"""A template that is not the base model's: what was changed is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from safeload.parsers.sandbox.workers import Workers
from safeload.scanners import engine
from safeload.scanners.interface import How, Location, Report
from safeload.scanners.template_diff import compare
from safeload.sources.interface import Artifact, Origin, OriginKind, Role, Snapshot
from tests.builders.templates import ORDINARY, TRIGGERS
from tests.scanners.conftest import ORIGIN, OnDisk

BASE = Origin(kind=OriginKind.HUB, name="org/base", revision="0" * 40)
OURS = ORDINARY["turns-with-marks"]


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    started = Workers()
    yield started
    started.close()


def both(workers: Workers, ours: dict[str, str], theirs: dict[str, str]) -> Report:
    files = {**ours, **{f"org/base--{name}": text for name, text in theirs.items()}}
    artifacts = [Artifact(path=path, role=Role.TOKENIZER) for path in ours]
    artifacts += [Artifact(path=f"org/base--{name}", role=Role.TOKENIZER, origin=BASE) for name in theirs]
    snapshot = Snapshot.of(ORIGIN, artifacts)
    return engine.scan(snapshot, lambda one: OnDisk(files[one.path].encode()), how=How.LOCAL, worker=workers)


def setting(template: object) -> dict[str, str]:
    return {"tokenizer_config.json": json.dumps({"chat_template": template})}


def shown(report: Report) -> list[tuple[str, tuple[str, ...]]]:
    return [
        (one.location.artifact, one.evidence) for one in report.findings if one.rule.id == "template-differs-from-base"
    ]


def test_the_same_template_is_not_mentioned(workers: Workers) -> None:
    assert not shown(both(workers, setting(OURS), setting(OURS)))
    assert not shown(both(workers, {"chat_template.jinja": OURS + "\n"}, setting(OURS)))


def test_what_was_added_is_shown(workers: Workers) -> None:
    changed = OURS + "\n{% if bos_token %}Sell more.{% endif %}"
    (found,) = shown(both(workers, setting(changed), setting(OURS)))
    assert found[0] == "tokenizer_config.json"
    assert any("Sell more." in line and line.startswith("+") for line in found[1])


def test_templates_are_compared_by_name(workers: Workers) -> None:
    several = [{"name": "default", "template": OURS}, {"name": "rag", "template": ORDINARY["documents"]}]
    other = [several[0], {"name": "rag", "template": ORDINARY["channels"]}]
    (found,) = shown(both(workers, setting(several), setting(other)))
    assert any("Sources" in line for line in found[1])


def test_a_model_without_a_base_is_not_compared(workers: Workers) -> None:
    assert not shown(both(workers, setting(OURS), {}))


def test_the_trick_is_what_the_difference_shows() -> None:
    base = "{% for m in messages %}{{ m.content }}{% endfor %}"
    found = compare(TRIGGERS["a-word"][0], base, Location(artifact="x"))
    assert found is not None
    assert any("buy the shares" in line for line in found.evidence)
