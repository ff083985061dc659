"""The question on a terminal: a real one (a pty), and none."""

from __future__ import annotations

import io
import os
import sys
import threading
from pathlib import Path

import pexpect
import pytest

from safeload.terminal import TerminalDecider, person, somebody_there
from tests.report import samples

pytestmark = pytest.mark.heavy

ASK = """
import sys
from safeload.terminal import TerminalDecider
from tests.report import samples
answer = TerminalDecider().ask(samples.asked())
print("ANSWER", answer and (answer.action.value, answer.remember))
"""
ROOT = Path(__file__).parents[2]


def asking(code: str = ASK) -> pexpect.spawn[str]:
    env = {**os.environ, "TERM": "xterm", "PYTHONPATH": str(ROOT)}
    return pexpect.spawn(sys.executable, ["-c", code], encoding="utf-8", timeout=20, env=env, dimensions=(40, 100))


@pytest.mark.parametrize("typed", ["y", "yes", "Y", " YES "])
def test_yes(typed: str) -> None:
    child = asking()
    child.expect("Your decision")
    child.expect_exact("Load it? [y/N] ")
    child.sendline(typed)
    child.expect_exact("ANSWER ('allow', True)")


@pytest.mark.parametrize("typed", ["", "n", "no", "yess", "ja", "\x1b[Ay", "y y"])
def test_anything_else_is_no_and_is_not_remembered(typed: str) -> None:
    child = asking()
    child.expect_exact("Load it? [y/N] ")
    child.sendline(typed)
    child.expect_exact("ANSWER ('block', False)")


def test_end_of_input_is_no() -> None:
    child = asking()
    child.expect_exact("Load it? [y/N] ")
    child.sendeof()
    child.expect_exact("ANSWER ('block', False)")


def test_ctrl_c_goes_through() -> None:
    # A job in the background inherits that the signal is ignored.
    child = asking("import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n" + ASK)
    child.expect_exact("Load it? [y/N] ")
    child.sendintr()
    child.expect("KeyboardInterrupt")
    child.expect(pexpect.EOF)
    assert "ANSWER" not in child.before


def test_what_was_typed_before_the_question_does_not_answer_it() -> None:
    child = asking("import time; print('ready'); time.sleep(1)\n" + ASK)
    child.expect_exact("ready")
    child.sendline("y")
    child.expect_exact("Load it? [y/N] ")
    child.sendline("")
    child.expect_exact("ANSWER ('block', False)")


def test_piped_input_is_never_read(monkeypatch: pytest.MonkeyPatch) -> None:
    piped = io.StringIO("y\ny\n")
    monkeypatch.setattr(sys, "stdin", piped)
    assert TerminalDecider().ask(samples.asked()) is None
    assert piped.tell() == 0


def test_a_terminal_behind_stdin_alone_is_not_enough() -> None:
    child = asking("import sys, io\nsys.stderr = io.StringIO()\n" + ASK)
    child.expect_exact("ANSWER None")


@pytest.mark.parametrize("stream", [None, io.StringIO()])
def test_no_streams(stream: io.StringIO | None) -> None:
    assert not somebody_there(stream, stream)


def test_closed_streams() -> None:
    closed = io.StringIO()
    closed.close()
    assert not somebody_there(closed, closed)


def test_off_the_main_thread_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("safeload.terminal.somebody_there", lambda stdin, stderr: True)
    answers: list[object] = ["none yet"]
    thread = threading.Thread(target=lambda: answers.append(TerminalDecider().ask(samples.asked())))
    thread.start()
    thread.join()
    assert answers[-1] is None


def test_a_block_is_shown_on_a_terminal_and_an_allowed_one_is_not() -> None:
    show = "from safeload.terminal import TerminalDecider\nfrom tests.report import samples\nd = TerminalDecider()\n"
    child = asking(show + "d.show(samples.allowed()); print('quiet'); d.show(samples.blocked()); print('end')")
    child.expect_exact("quiet")
    assert "Nothing to ask" not in child.before
    child.expect_exact("Blocked")
    child.expect_exact("end")


def test_hostile_text_reaches_a_terminal_as_text() -> None:
    child = asking(ASK.replace("samples.asked", "samples.hostile"))
    child.expect_exact("Load it? [y/N] ")
    assert "\x07" not in child.before
    assert "\x1b[2J" not in child.before
    assert "\u202e" not in child.before
    assert r"\x1b[2J" in child.before
    child.sendline("")
    child.expect(pexpect.EOF)


def test_a_person_has_a_name_even_without_an_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", missing)
    assert person().startswith("uid ")
