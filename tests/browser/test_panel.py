"""The panel where people see it: JupyterLab in Chromium, against the local Hub."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.notebook import Notebook

Make = Callable[..., Notebook]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
LOAD = "%load_ext safeload"
WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """Where pictures go: SAFELOAD_SHOTS keeps them."""
    folder = Path(os.environ.get("SAFELOAD_SHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_a_clean_model_is_bound_and_takes_one_line(notebook: Make, shots: Path) -> None:
    book = notebook(LOAD, "%safeload acme/tiny-bert", "print(type(model).__name__, type(tokenizer).__name__)")
    book.run_all()
    book.finished()
    panel = book.panel(2)
    assert panel.locator(".sl-head").inner_text().split()[:3] == ["✓", "Loaded", "acme/tiny-bert"]
    assert panel.bounding_box()["height"] < 90  # type: ignore[index]
    assert not panel.locator(".sl-say").is_visible()
    assert "Bert" in book.output(3).inner_text()
    book.shoot(2, shots / "clean-folded.png")
    panel.locator("summary").first.click()
    assert panel.locator(".sl-say").is_visible()
    book.shoot(2, shots / "clean-open.png")


def test_a_poisoned_model_is_blocked_and_run_all_stops(notebook: Make, shots: Path, marker: Path) -> None:
    book = notebook(LOAD, "%safeload mallory/tiny-bert-pwned", "print('after')")
    book.run_all()
    close = book.panel(2).get_by_role("button", name="Close")
    close.wait_for(timeout=90_000)
    assert book.panel(2).get_by_role("button", name="Approve").count() == 0
    book.shoot(2, shots / "blocked-offering.png")
    book.page.wait_for_timeout(500)
    close.click()
    book.finished()
    panel = book.panel(2)
    text = panel.inner_text()
    assert "Blocked" in text and "mallory/tiny-bert-pwned" in text
    assert panel.locator("pre mark").count() >= 1
    assert "would have run" in text
    book.shoot(2, shots / "blocked.png")
    assert book.error(2).startswith("Blocked: mallory/tiny-bert-pwned@")
    assert len(book.error(2).splitlines()) == 1
    assert book.count_of(3) == "[ ]:"
    assert not marker.exists()
    outputs = book.saved()[2]["outputs"]
    assert [o["output_type"] for o in outputs] == ["display_data", "error"]
    assert set(outputs[0]["data"]) == {"text/html", "text/plain"}
    assert len(outputs[1]["traceback"]) == 1


def test_approve_binds_and_leaves_plain_html(notebook: Make, shots: Path) -> None:
    book = notebook(LOAD, "%safeload someone/full-module", "print(type(model).__name__)")
    book.run_all()
    panel = book.panel(2)
    approve = panel.get_by_role("button", name="Approve")
    approve.wait_for(timeout=90_000)
    assert [tab.inner_text() for tab in panel.get_by_role("tab").all()] == ["Why", "Trust", "Quality", "Files"]
    assert book.count_of(2) == "[*]:"
    book.shoot(2, shots / "asking.png")
    panel.get_by_role("tab", name="Files").click()
    book.shoot(2, shots / "asking-files.png")
    book.page.wait_for_timeout(500)
    approve.click()
    book.finished()
    assert "Approved by" in book.panel(2).inner_text()
    book.shoot(2, shots / "approved.png")
    assert book.output(3).inner_text().strip() not in ("", "NoneType")
    (output,) = book.saved()[2]["outputs"]
    assert set(output["data"]) == {"text/html", "text/plain"}
    assert WIDGET not in str(book.saved())


def test_what_was_decided_is_still_there_in_a_reopened_notebook(notebook: Make, shots: Path) -> None:
    book = notebook(LOAD, "%safeload someone/full-module")
    book.run_all()
    book.page.wait_for_timeout(500)
    book.panel(2).get_by_role("button", name="Approve").click(delay=600)
    book.finished()
    book.saved()
    book.page.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")
    book.open()
    panel = book.panel(2)
    assert "Approved by" in panel.inner_text()
    assert panel.get_by_role("button").count() == 0
    panel.locator("summary", has_text="Why").click()
    assert panel.locator(".sl-pane").first.is_visible()
    book.shoot(2, shots / "reopened.png")


def test_deny_stops_with_one_line(notebook: Make, shots: Path) -> None:
    book = notebook(LOAD, "%safeload someone/full-module", "print('after')")
    book.run_all()
    deny = book.panel(2).get_by_role("button", name="Deny")
    deny.wait_for(timeout=90_000)
    book.page.wait_for_timeout(500)
    deny.click()
    book.finished()
    assert "Denied by" in book.panel(2).inner_text()
    assert book.error(2).startswith("Denied: ")
    assert len(book.error(2).splitlines()) == 1
    assert book.count_of(3) == "[ ]:"
    book.shoot(2, shots / "denied.png")


def test_the_same_question_is_not_asked_twice(notebook: Make) -> None:
    book = notebook(LOAD, "%safeload someone/full-module", "%safeload someone/full-module --as again", "print(again)")
    book.run_all()
    approve = book.panel(2).get_by_role("button", name="Approve")
    approve.wait_for(timeout=90_000)
    book.page.wait_for_timeout(500)
    approve.click()
    book.finished()
    assert "as again" in book.panel(3).inner_text()
    assert "Approved by" in book.panel(3).inner_text()
    assert book.error(4) == ""


def test_convert_takes_the_tensors_alone(notebook: Make, shots: Path) -> None:
    book = notebook(LOAD, "%safeload someone/full-module", "print(type(model).__name__, len(model))")
    book.run_all()
    panel = book.panel(2)
    convert = panel.get_by_role("button", name="Convert")
    convert.wait_for(timeout=90_000)
    assert "Convert loads the tensors alone" in panel.inner_text()
    book.shoot(2, shots / "asking-convert.png")
    book.page.wait_for_timeout(500)
    convert.click()
    book.finished()
    assert "Loaded" in book.panel(2).inner_text()
    assert book.output(3).inner_text().startswith("dict")


def test_the_tensors_of_a_blocked_model_can_be_had(notebook: Make, shots: Path, marker: Path) -> None:
    book = notebook(LOAD, "%safeload mallory/tiny-bert-pwned", "print(type(model).__name__)")
    book.run_all()
    convert = book.panel(2).get_by_role("button", name="Convert")
    convert.wait_for(timeout=90_000)
    book.page.wait_for_timeout(500)
    convert.click()
    book.finished()
    assert "Loaded" in book.panel(2).inner_text()
    assert "Bert" in book.output(3).inner_text()
    assert not marker.exists()
    book.shoot(2, shots / "blocked-converted.png")


def test_a_plain_from_pretrained_is_guarded(notebook: Make, shots: Path, marker: Path) -> None:
    book = notebook(
        "from transformers import AutoModel",
        LOAD,
        "AutoModel.from_pretrained('mallory/tiny-bert-pwned', weights_only=False)",
        "print('after')",
    )
    book.run_all()
    book.finished()
    assert "Blocked" in book.panel(3).inner_text()
    assert book.error(3).startswith("Blocked: ")
    assert len(book.error(3).splitlines()) == 1
    assert book.count_of(4) == "[ ]:"
    assert not marker.exists()
    book.shoot(3, shots / "guarded.png")


def test_unguarded_the_same_call_runs_the_payload(notebook: Make, marker: Path) -> None:
    """The twin: without `%load_ext safeload`."""
    book = notebook(
        "from transformers import AutoModel",
        "AutoModel.from_pretrained('mallory/tiny-bert-pwned', weights_only=False)",
    )
    book.run_all()
    book.finished()
    assert marker.exists()


def test_the_keyboard_alone_is_enough(notebook: Make) -> None:
    book = notebook(LOAD, "%safeload someone/full-module")
    book.run_all()
    panel = book.panel(2)
    panel.get_by_role("button", name="Deny").wait_for(timeout=90_000)
    book.page.wait_for_timeout(500)
    panel.get_by_role("tab", name="Why").focus()
    book.page.keyboard.press("ArrowRight")
    assert panel.get_by_role("tab", name="Trust").get_attribute("aria-selected") == "true"
    assert panel.get_by_role("tabpanel", name="Trust").is_visible()
    book.page.keyboard.press("Tab")
    book.page.keyboard.press("Tab")
    focused = "() => document.activeElement.textContent"
    assert book.page.evaluate(focused) == "Deny"
    book.page.keyboard.press("Enter")
    book.finished()
    assert "Denied by" in book.panel(2).inner_text()


def test_interrupting_the_kernel_ends_the_question(notebook: Make) -> None:
    book = notebook(LOAD, "%safeload someone/full-module", "print('after')")
    book.run_all()
    book.panel(2).get_by_role("button", name="Deny").wait_for(timeout=90_000)
    book.command("notebook:interrupt-kernel")
    book.finished()
    assert "Interrupted before a decision" in book.panel(2).inner_text()
    assert book.error(2).startswith("Denied: ")
    assert book.count_of(3) == "[ ]:"


def test_a_script_in_the_page_cannot_press_the_button(notebook: Make) -> None:
    book = notebook(LOAD, "%safeload someone/full-module")
    book.run_all()
    approve = book.panel(2).get_by_role("button", name="Approve")
    approve.wait_for(timeout=90_000)
    book.page.wait_for_timeout(500)
    approve.evaluate("button => button.click()")
    book.page.wait_for_timeout(1000)
    assert book.count_of(2) == "[*]:"
    book.panel(2).get_by_role("button", name="Deny").click()
    book.finished()
