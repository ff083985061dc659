"""The static panel: what it says, and what hostile text does in it."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from safeload.policy.interface import Action, Review
from safeload.report.html import PanelState, Said, render, render_line, render_text
from safeload.report.panelrows import excerpt
from safeload.scanners.interface import How
from tests.notebook import reviews

GOLDEN = Path(__file__).parent / "golden"
YES = Said(action=Action.ALLOW, who="ada@lab", at="2026-11-20T15:02:11+00:00", remembered=True)
NO = Said(action=Action.BLOCK, who="ada@lab", at="2026-11-20T15:02:11+00:00")
MOMENTS = {
    "loaded": lambda: render(reviews.clean(how=How.LOCAL), state=PanelState.LOADED, names=("model", "tokenizer")),
    "asking": lambda: render(reviews.asking(), state=PanelState.ASKING),
    "unasked": lambda: render(reviews.asking(), state=PanelState.UNASKED),
    "approved": lambda: render(reviews.asking(how=How.LOCAL), state=PanelState.LOADED, said=YES, names=("model",)),
    "denied": lambda: render(reviews.asking(), state=PanelState.DECIDED, said=NO),
    "blocked": lambda: render(reviews.blocked()),
    "unread": lambda: render(reviews.unread()),
}
PLANTED = (
    "<script>alert(1)</script>",
    "</style><style>*{display:none}</style>",
    "<img src=x onerror=alert(1)>",
    "</details></section></div><h1>Approved</h1>",
    '" onmouseover="alert(1)',
    "{{ 7*7 }}{% raw %}",
    "\x1b[31mred\x1b[0m\x1b]8;;https://evil.example\x07link",
    "safe\u202egnp.exe\u2066x\u2069",
    "[bold red]approved[/bold red]",
    "z\u200be\u200dr\ufeffo",
    "a\nb\rc\u2028d",
    "\ud800",
)
# Of a name with hidden characters there is no command to paste: its `pre` and `div` are the only difference allowed.
SHAPE = (
    "section",
    "details",
    "summary",
    "ul",
    "li",
    "table",
    "tr",
    "td",
    "code",
    "mark",
    "style",
    "script",
    "img",
    "h1",
)


class Outline(HTMLParser):
    """The tags and attributes that a browser would see, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", "".join(Outline(re.sub(r"<style>.*?</style>", "", html, flags=re.S)).text))


@pytest.mark.parametrize("name", MOMENTS)
def test_golden(name: str) -> None:
    """`UPDATE_GOLDEN=1 pytest tests/notebook` writes them anew."""
    got, path = re.sub(r"(?s)<style>.*?</style>", "<style></style>", MOMENTS[name]()), GOLDEN / f"{name}.html"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(got, encoding="utf-8")
    assert got == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("planted", PLANTED)
@pytest.mark.parametrize("make", [reviews.blocked, reviews.asking, reviews.clean, reviews.unread])
def test_planted_text_comes_out_as_text(make: object, planted: str) -> None:
    """Names, evidence, decompiled code, signals: whatever a repository says adds no tag and no attribute."""
    tame = Outline(render(make(name="x")))  # type: ignore[operator]
    html = render(make(name=planted))  # type: ignore[operator]
    assert [t for t in Outline(html).tags if t[0] in SHAPE] == [t for t in tame.tags if t[0] in SHAPE]
    assert set(Outline(html).tags) <= set(tame.tags)
    assert not re.search(
        r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]", html
    )
    html.encode("utf-8")


@pytest.mark.parametrize("planted", PLANTED)
def test_planted_evidence_code_and_signals_come_out_as_text(planted: str) -> None:
    def full(text: str) -> Review:
        made = reviews.blocked(evidence=text)
        return reviews.make(
            name="x",
            artifacts=made.snapshot.artifacts,
            results=made.assessment.report.results,
            reasons=made.verdict.reasons,
            views={"pytorch_model.bin": text.replace("\n", " ").replace("\r", " ").replace("\u2028", " ")},
            extra=text,
        )

    def tags(html: str) -> list[tuple[str, tuple[str, ...]]]:
        # A dotted name in evidence marks a line of code: that much it may do.
        return [tag for tag in Outline(html).tags if tag[0] not in ("mark", "span")]

    html = render(full(planted))
    assert tags(html) == tags(render(full("x")))
    assert "\x1b" not in html and "\u202e" not in html


def test_a_block_says_so_in_words_and_marks_the_dangerous_line() -> None:
    html = render(reviews.blocked())
    text = text_of(html)
    assert "✕ Blocked mallory/tiny-bert-pwned" in text
    assert "nothing of it has run" in text
    assert "<mark" in html and "_var1 = system(&#39;touch marker&#39;)" in html
    assert html.count("<mark") == 1
    assert "◂ dangerous" in text


def test_the_foot_says_what_is_not_installed() -> None:
    review = reviews.unread()
    report = review.assessment.report
    report = replace(report, engine=replace(report.engine, missing_extras=("pyfive", "zstandard")))
    lacking = replace(review, assessment=replace(review.assessment, report=report))
    assert "not installed here: pyfive, zstandard" in render(lacking)
    assert "not installed here" not in render(review)


def test_a_clean_load_folds_to_one_line() -> None:
    html = MOMENTS["loaded"]()
    assert '<details class="sl-panel sl-good"' in html
    assert "Loaded acme/tiny-bert as model, tokenizer" in text_of(html)


def test_a_decision_says_who_when_and_what_is_remembered() -> None:
    text = text_of(MOMENTS["approved"]())
    assert "Approved by ada@lab, 2026-11-20 15:02 UTC. Remembered for exactly these bytes" in text
    assert "Denied by ada@lab" in text_of(MOMENTS["denied"]())


def test_a_question_nobody_could_answer_names_the_command() -> None:
    for said in (text_of(MOMENTS["unasked"]()), render_text(reviews.asking(), state=PanelState.UNASKED)):
        assert f"safeload approve someone/full-module@{reviews.COMMIT} --loader torch" in said


def test_a_gap_is_never_called_clean() -> None:
    text = text_of(render(reviews.unread()))
    assert "Not read (malformed): the archive ends in the middle of its directory." in text
    assert "nothing found" not in text


def test_no_script_no_link_no_remote_asset() -> None:
    for moment in MOMENTS.values():
        html = moment()
        assert not re.search(r"<script|<link|<img|<iframe|\ssrc=|\shref=|url\(|@import|https?://|\son\w+=", html)


def test_every_rule_of_the_style_is_scoped() -> None:
    style = re.search(r"(?s)<style>(.*?)</style>", render(reviews.clean()))
    assert style
    rules = re.sub(r"@container[^{]*\{", "", style[1]).replace(":is(.safeload,#safeload)", ".safeload")
    for selector in re.findall(r"([^{}]+)\{", rules):
        for part in selector.split(","):
            assert ".safeload" in part, part


def test_a_long_harmless_beginning_hides_no_dangerous_line() -> None:
    lines = [f"_var{i} = {i}" for i in range(5000)] + ["system('touch marker')"] + ["x = 1"] * 5000
    shown = excerpt(lines, {"system"})
    assert shown == (
        4998,
        ("_var4998 = 4998", False),
        ("_var4999 = 4999", False),
        ("system('touch marker')", True),
        ("x = 1", False),
        ("x = 1", False),
        4998,
    )


def test_one_name_called_often_does_not_crowd_out_another() -> None:
    lines = ["getattr(a, b)"] * 5000 + ["system('touch marker')"] + ["getattr(a, b)"] * 5000
    shown = excerpt(lines, {"getattr", "system"})
    assert ("system('touch marker')", True) in shown
    assert len(shown) < 40


def test_arguments_in_evidence_mark_no_line() -> None:
    html = render(reviews.blocked(evidence="os.system('x.OrderedDict', 'y._rebuild_tensor_v2')"))
    assert html.count("<mark") == 1
    assert "_var1 = system" in html[html.index("<mark") :]


def test_many_files_stay_one_panel() -> None:
    from safeload.sources.interface import Artifact, Role

    paths = [f"{i:05}.bin" for i in range(3000)]
    review = reviews.make(
        name="x",
        artifacts=tuple(Artifact(path=p, size=1, role=Role.WEIGHTS) for p in paths),
        results=tuple(reviews.read(p, "zip") for p in paths),
        reasons=reviews.clean().verdict.reasons,
    )
    html = render(review)
    assert html.count("<tr>") < 100 and "And 2940 more." in html


def test_a_progress_line_is_escaped_too() -> None:
    assert "<script" not in render_line("<script>\x1b[0m") and "\x1b" not in render_line("\x1b")


def test_text_is_plain() -> None:
    said = render_text(reviews.blocked(name="a\x1b[31m\u202eb"))
    assert "\x1b" not in said and "\u202e" not in said
    assert said.startswith("✕ Blocked: a\\x1b[31m\\u202eb (commit 7fd8ab2")
