"""The panel in a real kernel of the ipykernel that is installed, with a page that is played."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.notebook.page import WIDGET, Cell, Page, page

pytestmark = pytest.mark.kernel

ROOT = Path(__file__).resolve().parents[2]
_ASK = """
from tests.notebook import reviews
from safeload_jupyter.panel import PanelDecider
answer = PanelDecider(hello={hello}, lost={lost}).ask(reviews.asking())
print(answer.action.value if answer else "nobody", answer and answer.remember, answer and answer.note)
"""
ASK = _ASK.format(hello=30.0, lost=30.0)
ASK_A_LOST_PAGE = _ASK.format(hello=30.0, lost=1.0)
ASK_WITHOUT_A_PAGE = _ASK.format(hello=1.0, lost=30.0)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    home = tmp_path_factory.mktemp("kernel")
    paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    env = {**os.environ, "PYTHONPATH": paths, "IPYTHONDIR": str(home), "SAFELOAD_HOME": str(home / "safeload")}
    with page(env, str(home)) as opened:
        yield opened


CONVERT = """
from pathlib import Path
from tests.builders import opcodes as op
from tests.rescue.streams import checkpoint, state, tensor
thing = op.glob("my.package", "Thing") + op.EMPTY_TUPLE + op.REDUCE
Path("asked.pt").write_bytes(checkpoint(state(("w", tensor()), ("x", thing))))
Path("blocked.pt").write_bytes(checkpoint(state(("w", tensor()), ("x", op.touch(Path("marker").absolute())))))
%load_ext safeload
%safeload {line}
print({{name: one.tolist() for name, one in model.items()}}, Path("marker").exists())
%unload_ext safeload
"""


def assert_frozen(cell: Cell) -> None:
    """What a notebook would save is plain HTML and text, without a widget."""
    (bundle,) = cell.outputs
    assert set(bundle) == {"text/html", "text/plain"}
    assert WIDGET not in bundle


def test_approve(shown: Page) -> None:
    cell = shown.run(ASK, answer="approve")
    assert "allow True yes, in the panel" in cell.text
    assert_frozen(cell)
    assert "Approved by" in cell.html


def test_deny(shown: Page) -> None:
    cell = shown.run(ASK, answer="deny")
    assert "block False no, in the panel" in cell.text
    assert_frozen(cell)
    assert "Denied by" in cell.html


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("line", "answer"), [("asked.pt", "convert"), ("blocked.pt", "convert"), ("blocked.pt --convert", None)]
)
def test_the_tensors_alone_are_loaded(shown: Page, line: str, answer: str | None) -> None:
    cell = shown.run(CONVERT.format(line=line), answer=answer)
    assert "{'w': [1.0, 2.0, 3.0, 4.0]} False" in cell.text, cell.error
    assert "Named, never called:" in cell.text
    assert_frozen(cell)
    assert "Loaded" in cell.html


@pytest.mark.parametrize("answer", ["close", "approve"])
def test_what_is_blocked_stays_blocked(shown: Page, answer: str) -> None:
    cell = shown.run(CONVERT.format(line="blocked.pt"), answer=answer, interrupt=answer == "approve")
    assert cell.error[0].startswith("Blocked: ") and len(cell.error) == 1
    assert cell.live == 1
    assert_frozen(cell)
    assert "Blocked" in cell.html and "Approved" not in cell.html


def test_nobody_may_type_so_no_tensors_are_offered(shown: Page) -> None:
    cell = shown.run(CONVERT.format(line="blocked.pt"), answer="convert", allow_stdin=False)
    assert cell.error[0].startswith("Blocked: ")
    assert cell.live == 0


def test_a_question_that_did_not_offer_to_convert_is_not_answered_by_it(shown: Page) -> None:
    cell = shown.run(ASK_A_LOST_PAGE, answer="convert")
    assert "the page that showed the question went away" in cell.error[0]


def test_interrupt_is_a_no_that_is_not_remembered(shown: Page) -> None:
    cell = shown.run(ASK, answer="hello", interrupt=True)
    assert "block False interrupted before a decision" in cell.text
    assert_frozen(cell)


def test_a_page_that_went_away(shown: Page) -> None:
    cell = shown.run(ASK_A_LOST_PAGE, answer="hello")
    assert cell.status == "error"
    assert len(cell.error) == 1
    assert "DecisionNeeded: someone/full-module was not loaded: the page that showed the question" in cell.error[0]
    assert "safeload approve someone/full-module@" in cell.error[0]
    assert_frozen(cell)


@pytest.mark.parametrize(("typed", "said"), [("y", "allow True"), ("", "block False"), ("approve?", "block False")])
def test_no_page_says_hello(shown: Page, typed: str, said: str) -> None:
    cell = shown.run(ASK_WITHOUT_A_PAGE, answer=None, typed=typed)
    assert said in cell.text
    assert len(cell.prompts) == 1
    assert cell.prompts[0].endswith("Load it? [y/N] ")
    assert_frozen(cell)


def test_nobody_may_type_so_nobody_is_asked(shown: Page) -> None:
    cell = shown.run(ASK, allow_stdin=False)
    assert "nobody" in cell.text
    assert cell.live == 0
    assert_frozen(cell)
    assert "safeload approve someone/full-module@" in cell.html


def test_off_the_main_thread_nobody_is_asked(shown: Page) -> None:
    asked = "\n    ".join(ASK.strip().splitlines())
    cell = shown.run(
        f"import threading\ndef ask():\n    {asked}\nt = threading.Thread(target=ask); t.start(); t.join()",
        answer="approve",
    )
    assert "nobody" in cell.text
    assert cell.live == 0


def test_a_kernel_without_what_the_gate_needs_asks_by_input(shown: Page) -> None:
    hidden = """
import unittest.mock, IPython, contextlib
import safeload_jupyter.panel as p
real = p.kernel()
bare = type("Kernel", (), {"session": real.session})()
with unittest.mock.patch.object(p, "kernel", lambda: bare):
"""
    asked = "\n".join(f"    {line}" for line in ASK_WITHOUT_A_PAGE.strip().splitlines())
    cell = shown.run(hidden + asked, typed="yes")
    assert "allow True yes, typed in the notebook" in cell.text
    assert len(cell.prompts) == 1


def test_the_kernel_still_works_afterwards(shown: Page) -> None:
    assert shown.run("print(6 * 7)").text == "42\n"
