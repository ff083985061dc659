"""Each library for real: the attack works without the guard, is stopped with it, and ordinary use is not in the way."""

from __future__ import annotations

import pytest

from tests.libraries.running import STEPS, all_cases, run, version

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(600)]


# One test a library, since all of it comes from the same four processes.
def test_a_library_loads_what_is_ordinary_and_nothing_that_attacks(case_name, tmp_path):
    case = all_cases()[case_name]
    if version(case) is None:
        pytest.skip(f"{case.DISTRIBUTION} is not installed")
    run(case_name, "make", tmp_path)
    found = {step: run(case_name, step, tmp_path) for step in STEPS}
    without_the_guard_the_attack_works(case, found)
    for step in ("before", "after"):
        it_is_stopped(case, found[step])
        ordinary_use_gives_the_same_without_a_question(case, found, step)


def without_the_guard_the_attack_works(case, found):
    for way, seen in found["none"].items():
        if not getattr(case, "PROTECTED", False):
            assert seen["ran"] or "signal" in seen["evil"], (way, seen)


def it_is_stopped(case, found):
    for way, seen in found.items():
        hidden = getattr(case, "HIDES", False)  # the library swallows every error
        assert ("stopped" in seen["evil"] or hidden) and not seen["ran"], (way, seen)


def ordinary_use_gives_the_same_without_a_question(case, found, step):
    for way, seen in found[step].items():
        if getattr(case, "REFUSED", False):
            assert seen["plain"]["stopped"] in ("Blocked", "DecisionNeeded"), (way, seen)
            continue
        early = step == "after" and way.startswith("from ")
        if getattr(case, "ASKED", False) or (early and "stopped" in seen["plain"]):
            assert seen["plain"]["stopped"] in ("DecisionNeeded", "Stop"), (way, seen)
            continue
        assert "loaded" in seen["plain"], (way, seen)
        assert seen["plain"] == found["none"][way]["plain"], way
        assert seen["asked"] == 0, way
