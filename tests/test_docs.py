"""What the documents say is there, is there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from safeload.cli.main import COMMANDS
from tests.libraries.running import all_cases
from tools import library_page, rule_pages

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document):
    missing = [link for link in LINK.findall(document.read_text()) if not (document.parent / link).exists()]
    assert not missing


def test_the_readme_names_only_commands_that_there_are():
    known = {getattr(command, "name", None) or command.__name__ for command in COMMANDS}
    named = set(re.findall(r"^ {4}safeload (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert named
    assert named <= known


def test_the_page_of_rules_is_what_the_rules_say():
    assert rule_pages.PAGE.read_text("utf-8") == rule_pages.page(), "run `make docs`"


def test_the_page_of_libraries_is_what_the_loaders_and_the_record_say():
    assert library_page.PAGE.read_text("utf-8") == library_page.page(), "run `make docs`"


def test_every_library_of_the_page_was_seen_to_be_stopped_and_every_case_is_on_it():
    record = json.loads(library_page.RECORD.read_text("utf-8"))
    assert set(record) == set(all_cases())
    for name, seen in record.items():
        for way, found in seen["ways"].items():
            assert "RUNS" not in (found["before"], found["after"]), (name, way)


def test_make_has_the_targets_that_are_named():
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for path in DOCUMENTS for name in re.findall(r"`?make ([a-z][\w-]*)", path.read_text())}
    assert {"demo", "test", "lint"} <= named & targets
    assert not (
        set(re.findall(r"make ([\w ]+)$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)[0].split()) - targets
    )
