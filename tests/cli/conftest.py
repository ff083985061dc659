"""The command line in this process, in front of a pipeline that answers what a test tells it to."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

import pytest

import safeload
from safeload.cli.main import main
from safeload.decisions.interface import DeciderKind, Decision, basis_of
from safeload.errors import Blocked
from safeload.policy.interface import Action, Review
from safeload.sources.interface import Call


@dataclass
class FakePipeline:
    """`answers` maps a target to a review, or to what is raised instead."""

    answers: dict[str, Review | BaseException | Callable[[], Review]] = field(default_factory=dict)
    asked: list[tuple[str, Call]] = field(default_factory=list)
    settled: list[dict[str, Any]] = field(default_factory=list)

    def scan(self, call: Call, *, policy: Any, progress: Any = None) -> Review:
        return self._answer("scan", call)

    def review(self, call: Call, *, policy: Any, progress: Any = None, signals: Any = None) -> Review:
        return self._answer("review", call)

    def _answer(self, verb: str, call: Call) -> Review:
        self.asked.append((verb, call))
        answer = self.answers[call.target]
        if isinstance(answer, BaseException):
            raise answer
        review = answer if isinstance(answer, Review) else answer()
        return replace(review, call=call)

    def settle(
        self,
        call: Call,
        *,
        policy: Any,
        allow: bool,
        note: str,
        who: str,
        kind: DeciderKind,
        unsafe_override: bool = False,
        progress: Any = None,
    ) -> tuple[Review, Decision]:
        review = self._answer("settle", call)
        self.settled.append({"allow": allow, "note": note, "who": who, "kind": kind, "override": unsafe_override})
        if allow and review.verdict.action is Action.BLOCK and not unsafe_override:
            raise Blocked("mallory/tiny-bert-pwned was not approved: it starts a program.", next="Do not load it.")
        subject = review.snapshot.digest
        assert subject is not None
        return review, Decision(
            subject=subject,
            basis=basis_of(review.policy, review.verdict),
            action=Action.ALLOW if allow else Action.BLOCK,
            decider=kind,
            who=who,
            note=note,
            at="2026-11-20T15:00:00+00:00",
        )


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> FakePipeline:
    fake = FakePipeline()
    module = ModuleType("safeload.pipeline")
    for name in ("scan", "review", "settle"):
        setattr(module, name, getattr(fake, name))
    for half in ("pipeline", "looking"):
        monkeypatch.setitem(sys.modules, f"safeload.{half}", module)
        monkeypatch.setattr(safeload, half, module, raising=False)
    return fake


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    def run(*args: str) -> Ran:
        code = main(list(args))
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run
