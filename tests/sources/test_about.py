"""What the hub says: all of it at once, checked, and honest about what was not answered."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from safeload import limits
from safeload.sources import card
from safeload.sources.asking import plain, together
from safeload.sources.hub import HubSource
from safeload.sources.interface import About

if TYPE_CHECKING:
    from hub.server import Hub

BERT = "acme/tiny-bert"


@pytest.fixture
def source(hub_env: Hub) -> HubSource:
    return HubSource(BERT)


def test_a_repository_that_says_everything(source: HubSource, hub: Hub) -> None:
    hub.requests.clear()
    about = source.about()
    assert about.unanswered == {}
    facts = about.facts
    assert facts["author"] == "acme"
    assert facts["organisation"]["verified"] is True
    assert [c["authors"] for c in facts["commits"]][:2] == [["alice"], ["bob"]]
    assert facts["card"]["license"] == "apache-2.0"
    assert facts["card_text"].startswith("---")
    assert facts["security"] == {"status": "clean", "files": []}
    assert facts["eval_results"][0]["value"] == 0.87
    assert facts["created_at"].startswith("2024-03-01T")
    assert facts["requested_revision"] is None
    assert len(hub.requests) == 4


def test_what_the_hub_has_found_is_passed_on(hub_env: Hub) -> None:
    about = HubSource("mallory/tiny-bert-pwned", revision="main").about()
    assert about.facts["security"] == {
        "status": "issues",
        "files": [{"path": "pytorch_model.bin", "level": "unsafe"}],
    }
    assert about.facts["organisation"]["person"] is True
    assert about.facts["requested_revision"] == "main"


def test_hostile_text_is_text(hub_env: Hub) -> None:
    about = HubSource("mallory/hostile-text").about()
    assert "<script>" in str(about.facts["tags"])
    assert isinstance(about.facts["card_text"], str)


def test_a_hub_that_answers_nothing_more(source: HubSource, hub: Hub) -> None:
    hub.down()
    about = source.about()
    assert {"organisation", "commits", "eval_results", "card", "card_text"} <= set(about.unanswered)
    assert about.facts["author"] == "acme"
    assert not set(about.facts) & set(about.unanswered)


def test_a_hub_that_hangs_is_not_waited_for(source: HubSource, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ABOUT_SECONDS", 0.3)
    hub.fault(kind="hang", routes={"overview", "commits"})
    start = time.monotonic()
    about = source.about()
    assert time.monotonic() - start < 5
    assert about.unanswered["organisation"] == "no answer in time"
    assert about.facts["card"]


@pytest.mark.parametrize("kind", ["html", "bad-json", "error"])
def test_an_answer_that_makes_no_sense(source: HubSource, hub: Hub, kind: Any) -> None:
    hub.fault(kind=kind, routes={"overview", "commits", "info"})
    about = source.about()
    assert {"organisation", "commits", "eval_results"} <= set(about.unanswered)


def test_an_answer_without_an_end(source: HubSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ABOUT_JSON", 10)
    assert "more than" in source.about().unanswered["commits"]


FIELDS = {
    "author": 7, "downloads": "many", "likes": -1, "gated": "maybe", "private": "no", "disabled": 1, "tags": [1],
    "library_name": {}, "pipeline_tag": [], "model_index": "x", "created_at": 5, "security_repo_status": "fine",
}  # fmt: skip
KEYS = {"library_name": "library", "security_repo_status": "security"}


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_of_the_wrong_type_is_unanswered(source: HubSource, field: str) -> None:
    setattr(source.info, field, FIELDS[field])
    about = source.about()
    key = KEYS.get(field, field)
    assert key in about.unanswered
    assert key not in about.facts


@pytest.mark.parametrize(
    "said",
    [[], {"scansDone": True}, {"scansDone": "yes", "filesWithIssues": []}, {"scansDone": True, "filesWithIssues": 5},
     {"scansDone": True, "filesWithIssues": [7]}, {"scansDone": True, "filesWithIssues": [{"path": "x"}]}],
)  # fmt: skip
def test_a_security_status_that_makes_no_sense(source: HubSource, said: Any) -> None:
    source.info.security_repo_status = said
    assert "security" in source.about().unanswered


def test_scans_that_are_not_done_are_not_clean(source: HubSource) -> None:
    source.info.security_repo_status = {"scansDone": False, "filesWithIssues": []}
    assert source.about().facts["security"]["status"] == "unscanned"


def about_of(hub: Hub, readme: bytes) -> About:
    hub.push(BERT, {"README.md": readme})
    return HubSource(BERT).about()


BILLION = "---\na: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 10)}]\n" for i in range(8)
)


@pytest.mark.parametrize(
    "head",
    ["---\n- a\n- list\n---\n", "---\n: : :\n---\n", "---\n{[\n---\n", "---\n" + "[" * 5_000 + "\n---\n",
     "---\n!!python/object/apply:os.system ['true']\n---\n", "---\n" + "a: b\n" * 40_000 + "---\n",
     BILLION + "---\n", "---\nat: 2024-99-99\n---\n", "---\n&a [*a]\n---\n"],
    ids=["list", "colons", "brackets", "deep", "object", "long", "laughs", "date", "self"],
)  # fmt: skip
def test_a_hostile_head_of_a_card(hub_env: Hub, head: str) -> None:
    start = time.monotonic()
    about = about_of(hub_env, head.encode())
    assert time.monotonic() - start < 5
    assert "card" in about.unanswered
    assert "commits" in about.facts


def test_a_card_without_a_head(hub_env: Hub) -> None:
    about = about_of(hub_env, b"# A model\nGood.")
    assert about.facts["card"] == {}
    assert about.facts["card_text"] == "# A model\nGood."


def test_no_card_is_known_to_be_none(hub_env: Hub) -> None:
    hub_env.push("acme/without-a-card", {"config.json": b"{}"})
    about = HubSource("acme/without-a-card").about()
    assert about.facts["card"] == {}
    assert about.facts["card_text"] == ""


def test_a_long_card_is_cut() -> None:
    assert len(card.text_of(b"\xff" + b"x" * (limits.CARD_TEXT + 10))) == limits.CARD_TEXT


def test_values_are_bounded() -> None:
    deep: Any = []
    for _ in range(100):
        deep = [deep]
    for value in (deep, [0] * (limits.ABOUT_VALUES + 1)):
        with pytest.raises(ValueError, match="too many"):
            plain(value)
    assert plain({1: {"a": (b"x", None, True, 1.5)}}) == {"1": {"a": ["b'x'", None, True, 1.5]}}


def test_one_question_s_failure_is_not_another_s() -> None:
    def fails() -> Any:
        raise KeyError("x")

    given, failed = together({"a": lambda: 1, "b": fails})
    assert given == {"a": 1}
    assert "KeyError" in failed["b"]
