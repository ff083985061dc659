"""Each library for real: the attack works without the guard, is stopped with it, and ordinary use is not in the way."""

from __future__ import annotations

import pytest

from tests.libraries.running import STEPS, all_cases, run, version

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def results(case_name, tmp_path_factory):
    """What each step gave, by step, then by way."""
    case = all_cases()[case_name]
    if version(case) is None:
        pytest.skip(f"{case.DISTRIBUTION} is not installed")
    folder = tmp_path_factory.mktemp(case_name)
    run(case_name, "make", folder)
    return case, {step: run(case_name, step, folder) for step in STEPS}


def test_twin_without_the_guard_the_attack_works(results):
    case, found = results
    for way, seen in found["none"].items():
        if not getattr(case, "PROTECTED", False):
            assert seen["ran"] or "signal" in seen["evil"], (way, seen)


@pytest.mark.parametrize("step", ["before", "after"])
def test_it_is_stopped_and_nobody_is_asked_to_wave_it_through(results, step):
    for way, seen in results[1][step].items():
        hidden = getattr(results[0], "HIDES", False)  # the library swallows every error
        assert ("stopped" in seen["evil"] or hidden) and not seen["ran"], (way, seen)


@pytest.mark.parametrize("step", ["before", "after"])
def test_ordinary_use_gives_the_same_without_a_question(results, step):
    case, found = results
    for way, seen in found[step].items():
        early = step == "after" and way.startswith("from ")
        if getattr(case, "ASKED", False) or (early and "stopped" in seen["plain"]):
            assert seen["plain"]["stopped"] in ("DecisionNeeded", "Stop"), (way, seen)
            continue
        assert "loaded" in seen["plain"], (way, seen)
        assert seen["plain"] == found["none"][way]["plain"], way
        assert seen["asked"] == 0, way
