"""No limit without a test that reaches it, none without a use, none with two meanings."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from safeload import limits
from tests.limits import test_others, test_templates  # noqa: F401  # each names what it covers
from tests.limits.cases import all_cases
from tests.limits.covering import COVERS

ROOT = Path(__file__).resolve().parents[2]
UNITS = {"KIB", "MIB", "GIB"}
# Reached where what they bound is tested: by a process, a server, a page, a clock.
ELSEWHERE = {
    "WORKER_MEMORY": "parsers/test_process.py::test_a_bomb_is_a_gap_soon",
    "WORKER_CPU": "parsers/test_process.py::test_a_bomb_is_a_gap_soon",
    "WORKER_MESSAGE": "parsers/test_process.py::test_a_worker_that_was_taken_over_is_replaced",
    "WORKER_START": "parsers/test_process.py::test_a_worker_that_says_nothing_runs_out_of_time",
    "EXPLAIN_CPU": "scanners/test_explain.py::test_a_child_that_takes_too_long_is_ended",
    "EXPLAIN_MEMORY": "parsers/test_rights.py::test_nothing_is_granted",
    "EXPLAIN_PICKLE": "scanners/test_explain.py::test_what_is_too_long_is_said_to_be",
    "HELD": "parsers/test_compressed.py::test_a_forward_reader_over_the_network_stops",
    "CODE_MEANINGS": "parsers/test_python.py::test_aliases_that_cannot_be_followed_are_said",
    "PIECE": "scanners/test_inert.py::test_a_vocabulary_that_would_crash_its_library_asks",
    "SMALL_FILE": "sources/test_local.py::test_small_files_are_bounded",
    "FILES": "sources/test_local.py::test_the_number_of_files_is_bounded",
    "REPOSITORIES": "sources/test_closure.py::test_the_number_of_repositories_is_bounded",
    "BASES": "signals/trust/test_base_template.py::test_only_a_few_bases_are_asked_for",
    "BASE_FILE": "signals/trust/test_base_template.py::test_a_base_whose_files_are_huge_is_not_read",
    "RANGE_BLOCK": "sources/test_ranges.py::test_reading_on_and_on_takes_ever_larger_steps",
    "RANGE_AHEAD": "sources/test_ranges.py::test_reading_on_and_on_takes_ever_larger_steps",
    "RANGE_REQUEST": "parsers/test_process.py::test_a_worker_that_was_taken_over_is_replaced",
    "RANGE_TOTAL": "sources/test_ranges.py::test_no_more_than_the_limit_is_read",
    "RANGE_CACHE": "sources/test_ranges.py::test_the_cache_is_bounded",
    "RANGE_READERS": "sources/test_hub.py::test_readers_are_kept_within_a_limit",
    "RANGE_SECONDS": "sources/test_ranges.py::test_a_server_that_drips_is_unreachable",
    "REDIRECTS": "sources/test_ranges.py::test_a_loop_of_redirects_ends",
    "CONNECT_TIMEOUT": "sources/test_hub.py::test_a_hub_that_hangs",
    "READ_TIMEOUT": "sources/test_hub.py::test_a_file_that_hangs",
    "CARD_TEXT": "sources/test_about.py::test_a_long_card_is_cut",
    "ABOUT_JSON": "sources/test_about.py::test_an_answer_without_an_end",
    "ABOUT_VALUES": "sources/test_about.py::test_values_are_bounded",
    "ABOUT_SECONDS": "sources/test_about.py::test_a_hub_that_hangs_is_not_waited_for",
    "CODE_FILES": "sources/test_imports.py::test_the_chain_is_bounded",
    "HELLO": "notebook/test_gate.py::test_nobody_says_hello",
    "HEARTBEAT_LOST": "notebook/test_gate.py::test_a_page_that_went_away_is_never_an_approval",
    "REASONS": "policy/test_evaluate.py::test_a_flood_of_gaps_stays_readable_and_still_asks",
    "POLICY_FILE": "policy/test_file.py::test_too_large",
    "POLICY_STATEMENT": "policy/test_file.py::test_a_long_statement_is_an_error_without_a_line",
    "STATE_WAIT": "test_auditlog.py::test_a_lock_that_is_never_released_is_said",
    "BATCH_CPU": "parsers/test_batches.py::test_a_file_that_cannot_be_read_is_the_only_gap_among_many",
    "TREE": "sources/test_trees.py::test_what_cannot_be_read_is_no_claim",
    "SPARE": "guard/test_bytes_copies.py::test_no_room_is_an_error",
    "HOLES": "guard/test_holds.py::test_a_file_of_holes_is_not_hashed_and_not_held",
    "REMEMBERED_SMALL": "scanners/test_remembering.py::test_of_many_small_files_a_few_are_looked_up",
    "MEMO_ROWS": "scanners/test_memo.py::test_it_is_kept_small",
    "MEMO_BYTES": "scanners/test_memo.py::test_it_is_kept_small",
    "LOG_ENTRY": "test_auditlog.py::test_a_flood_is_shortened_and_says_so",
    "RESCUE_VALUES": "rescue/test_limits.py::test_containers_that_multiply_are_not_walked_to_their_end",
    "RESCUE_DEPTH": "rescue/test_limits.py::test_the_depth_of_containers_is_bounded",
    "RESCUE_TENSORS": "rescue/test_limits.py::test_the_number_of_tensors_is_bounded",
    "RESCUE_NAME": "rescue/test_limits.py::test_the_length_of_a_name_is_bounded",
    "RESCUE_DROPPED": "rescue/test_limits.py::test_what_was_dropped_is_listed_up_to_a_number",
    "RESCUE_GROWTH": "rescue/test_limits.py::test_views_that_repeat_a_number_may_not_grow_without_end",
    "RESCUE_ROWS": "rescue/test_limits.py::test_rows_that_are_picked_one_by_one_are_bounded",
    "LOG_TORN": "test_auditlog.py::test_an_entry_that_a_crash_cut_off_is_kept_aside",
}
# Bounds nothing: it only tells which of two ways is the quicker one.
NO_BOUND = {"REMEMBERED", "WHOLE"}


def _names() -> list[str]:
    tree = ast.parse(Path(limits.__file__).read_text())
    return [one.target.id for one in tree.body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)]


def test_every_limit_is_reached_by_a_test() -> None:
    reached = {case.limit for case in all_cases()} | COVERS.keys() | ELSEWHERE.keys() | NO_BOUND
    assert set(_names()) - UNITS == reached


def test_no_name_stands_for_two_numbers() -> None:
    assert [name for name, times in Counter(_names()).items() if times > 1] == []


@pytest.mark.parametrize("where", sorted(set(ELSEWHERE.values())))
def test_a_test_that_is_elsewhere_is_there(where: str) -> None:
    path, _, name = where.partition("::")
    assert re.search(rf"^def {name}\(", (ROOT / "tests" / path).read_text(), re.M)


def test_no_limit_is_left_over() -> None:
    used = "\n".join(path.read_text() for top in ("safeload", "extension") for path in (ROOT / top).rglob("*.py"))
    found = set(re.findall(r"\blimits\.([A-Z][A-Z_0-9]+)\b", used))
    assert [name for name in _names() if name not in found] == []
