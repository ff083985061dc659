"""The text face: at any width, in any encoding, and with every string hostile."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from rich.cells import cell_len

from safeload.policy.interface import Action, Verdict
from safeload.report import text
from safeload.report.style import Style, encodable
from tests.report import samples
from tests.report.golden import agrees


@pytest.mark.parametrize("name", samples.SAMPLES)
@pytest.mark.parametrize("width", [40, 80, 160])
def test_golden(name: str, width: int) -> None:
    agrees(f"{name}-{width}.txt", text.render(samples.SAMPLES[name](), style=Style(width=width)))


@pytest.mark.parametrize("width", [20, 40, 160])
@pytest.mark.parametrize("name", samples.SAMPLES)
def test_no_line_is_wider_than_the_page_except_a_command_to_paste(name: str, width: int) -> None:
    for line in text.render(samples.SAMPLES[name](), style=Style(width=width)).splitlines():
        assert cell_len(line) <= width or line.strip().startswith("safeload approve")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437", "utf-8", "no-such-encoding"])
@pytest.mark.parametrize("name", samples.SAMPLES)
def test_every_terminal_can_show_it(name: str, encoding: str) -> None:
    said = text.render(samples.SAMPLES[name](), style=Style(encoding=encoding))
    said.encode("ascii" if encoding == "no-such-encoding" else encoding)


def test_what_is_not_installed_is_said_beside_the_gaps() -> None:
    said = "Not installed here: pyfive, zstandard"
    assert said in text.render(samples.lacking(samples.asked(), "pyfive", "zstandard"), style=Style(width=80))
    assert said not in text.render(samples.asked(), style=Style(width=80))
    assert said not in text.render(samples.lacking(samples.allowed(), "pyfive", "zstandard"), style=Style(width=80))


@pytest.mark.parametrize("colour", [False, True])
def test_hostile_text_comes_out_as_text(colour: bool) -> None:
    said = text.render(samples.hostile(), style=Style(width=300, colour=colour))
    ours = re.sub(r"\x1b\[[0-9;]*m", "", said) if colour else said
    assert all(c == "\n" or c.isprintable() for c in ours)
    assert re.findall(r"\x1b\[(?![0-9;]*m)", said) == []
    for planted in (r"\x1b[2J", r"\x07", "[red]bold[/red]", "[link=http://evil]", r"\u202e", r"\x9b31m", "<script>"):
        assert planted in ours
    assert ":smile:" in ours
    assert "owned" in ours


def test_twin_the_same_text_printed_plainly_does_reach_the_terminal() -> None:
    from rich.console import Console

    out = io.StringIO()
    Console(file=out, force_terminal=True).print(samples.hostile().verdict.reasons[0].text.replace("\udcff", ""))
    assert "\x1b[1;31m" in out.getvalue() or "\x1b[31m" in out.getvalue()  # markup that a repository wrote
    assert "[red]" not in out.getvalue()


def test_colour_only_where_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        encoding = "utf-8"  # type: ignore[assignment]

        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert Style.of(Terminal()).colour
    assert not Style.of(io.StringIO()).colour
    monkeypatch.setenv("NO_COLOR", "1")
    assert not Style.of(Terminal()).colour
    assert "\x1b" not in text.render(samples.blocked(), style=Style.of(Terminal()))


@pytest.mark.parametrize("force", ["FORCE_COLOR", "CLICOLOR_FORCE"])
def test_a_pipe_gets_no_escape_whatever_the_environment_says(force: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(force, "1")
    assert "\x1b" not in text.render(samples.blocked(), style=Style.of(io.StringIO()))


def test_the_verdict_is_in_words() -> None:
    for name, words in {"allowed": "Nothing to ask", "asked": "Your decision", "blocked": "Blocked"}.items():
        assert words in text.render(samples.SAMPLES[name](), style=Style()).splitlines()[0]


def test_a_block_marks_the_line_that_is_dangerous_wherever_it_stands() -> None:
    assert ">  system('touch marker')" in text.render(samples.blocked(), style=Style())


def test_a_question_names_the_exact_command() -> None:
    said = text.render(samples.asked(), style=Style(width=40))
    assert f"safeload approve someone/full-module@{samples.COMMIT} --loader torch --reason" in said


def test_a_verdict_without_any_reason_is_a_block_that_says_so() -> None:
    empty = replace(samples.allowed(), verdict=Verdict(reasons=()))
    assert empty.verdict.action is Action.BLOCK
    assert "Blocked" in text.render(empty, style=Style())
    assert "an empty answer is a no" in text.render(empty, style=Style()).replace("\n  ", " ")


def test_what_was_not_read_reaches_the_page() -> None:
    said = text.render(samples.asked(), style=Style())
    assert "notes.bin" in said
    assert "unknown-format" in said


def test_long_lists_are_cut_with_a_word_about_it() -> None:
    review = samples.asked()
    many = Verdict(reasons=tuple(replace(review.verdict.reasons[0], because=str(i)) for i in range(30)))
    assert "and 22 more reasons" in text.render(replace(review, verdict=many), style=Style())


def test_our_own_marks_become_ascii() -> None:
    assert encodable("✓ a \u203a b…", "ascii") == "+ a > b..."
    assert encodable("\U0001f600", "ascii") == "\\U0001f600"


def test_left_out_code_between_two_marked_lines_shows_as_a_gap() -> None:
    review = samples.blocked()
    view = "\n".join(
        ["a = system('1')", *("x = 0" for _ in range(30)), "b = system('2')", *("x = 0" for _ in range(30))]
    )
    page = text.render(replace(review, views=dict.fromkeys(review.views, view)), style=Style(width=80))
    code = [line.strip() for line in page.split("would run")[1].splitlines()[1:]]
    assert code.index("…") < next(i for i, line in enumerate(code) if line.endswith("system('2')"))
