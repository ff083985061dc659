"""`safeload status` says what is guarded in the process that is asked, by what, and since when."""

from __future__ import annotations

from datetime import datetime, timezone

import safeload
from safeload import patch
from safeload.cli.status import told
from safeload.standing import standing


def test_a_process_that_is_not_guarded_says_so_and_how_it_would_be():
    said = standing()
    assert said["in this process"] is False
    assert "safeload enable" in said["turned on by"]


def test_a_guarded_process_names_policy_hook_libraries_and_the_time():
    before = datetime.now(timezone.utc).replace(microsecond=0)
    patch.install(policy="strict")
    try:
        said = standing()
        assert said["in this process"] is True
        assert said["policy"] == "strict"
        assert said["asks"] == "nobody"
        assert "audit hook" in said["stops by"]
        assert "pickle" in said["asks about"]
        assert before <= datetime.fromisoformat(said["since"]) <= datetime.now(timezone.utc)
    finally:
        patch.remove()
    assert standing()["in this process"] is False


def test_what_was_turned_off_on_purpose_is_shown_with_its_reason():
    patch.install()
    try:
        safeload.unsafe_off(reason="files of our own")
    finally:
        patch.remove()
    (line,) = [line for line in told().splitlines() if "turned off on purpose" in line]
    assert line.endswith("unsafe-off: files of our own")
