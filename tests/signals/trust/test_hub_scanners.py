from __future__ import annotations

import pytest

from safeload.signals.interface import Outcome
from safeload.signals.trust.hub_scanners import HubScanners
from safeload.sources.interface import Origin, OriginKind, Role
from tests.signals.conftest import COMMIT, Observe

PROBE = HubScanners


def said(status: object, **levels: str) -> dict[str, object]:
    files = [{"path": path.replace("_", "."), "level": level} for path, level in levels.items()]
    return {"security": {"status": status, "files": files}}


@pytest.mark.parametrize("status", ["clean", "safe", "Safe"])
def test_nothing_found_supports(observe: Observe, status: str) -> None:
    signal = observe(said(status))
    assert signal.outcome is Outcome.SUPPORTS
    assert signal.summary == "The hub's scanners found nothing in these files."


@pytest.mark.parametrize("level", ["unsafe", "suspicious", "a-level-of-next-year"])
def test_a_warning_about_an_opened_file_weighs_against(observe: Observe, level: str) -> None:
    signal = observe(said("issues", model_safetensors=level))
    assert signal.outcome is Outcome.WEIGHS_AGAINST
    assert signal.summary == f"The hub's scanners warn of model.safetensors ({level})."


def test_a_warning_about_another_file_is_neutral(observe: Observe) -> None:
    signal = observe(said("issues", old_bin="unsafe"))
    assert signal.outcome is Outcome.NEUTRAL
    assert "does not open: old.bin" in signal.summary


def test_a_warning_without_a_file_weighs_against(observe: Observe) -> None:
    assert observe(said("unsafe")).outcome is Outcome.WEIGHS_AGAINST


@pytest.mark.parametrize("status", ["unscanned", "queued", "pending"])
def test_not_scanned_yet_is_unknown_not_unsafe(observe: Observe, status: str) -> None:
    assert observe(said(status)).outcome is Outcome.UNKNOWN
    assert observe(said("clean", model_safetensors=status)).outcome is Outcome.UNKNOWN


def test_a_clean_answer_does_not_speak_for_other_repositories(observe: Observe) -> None:
    code = Origin(kind=OriginKind.HUB, name="mallory/code", revision=COMMIT)
    signal = observe(said("clean"), roles={"mallory/code--m.py": Role.CODE}, others={"mallory/code--m.py": code})
    assert signal.outcome is Outcome.NEUTRAL
    assert "mallory/code" in signal.summary


@pytest.mark.parametrize("security", [None, "clean", [], {}, {"status": 3}, {"status": ""}, {"status": "new-word"}])
def test_no_answer_is_unknown(observe: Observe, security: object) -> None:
    assert observe({"security": security}).outcome is Outcome.UNKNOWN
    assert observe(said("clean"), local=True).outcome is Outcome.UNKNOWN


def test_odd_files_are_left_out_and_an_odd_level_is_not_fine(observe: Observe) -> None:
    files = [None, 3, {"path": 3}, {"path": "model.safetensors", "level": ["safe"]}]
    assert observe({"security": {"status": "clean", "files": files}}).outcome is Outcome.WEIGHS_AGAINST
    assert observe({"security": {"status": "clean", "files": "none"}}).outcome is Outcome.SUPPORTS
