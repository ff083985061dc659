"""`%safeload` in a real IPython shell, with a pipeline that says what a test wants."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import safeload_jupyter
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from safeload_jupyter import completer, panel
from safeload_jupyter.screen import Screen

from safeload import errors, patch, pipeline
from safeload.decisions.interface import DeciderKind, Decision, basis_of
from safeload.policy.interface import Action, Review
from safeload.scanners.interface import How
from safeload.sources.interface import Call
from tests.notebook import reviews


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance()
    made.run_line_magic("load_ext", "safeload")
    yield made
    made.run_line_magic("unload_ext", "safeload")
    InteractiveShell.clear_instance()


@pytest.fixture
def notebook(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> InteractiveShell:
    """The same shell, taken for a kernel in which nobody can be asked."""
    deserted = type("Kernel", (), {"_allow_stdin": False})()
    monkeypatch.setattr(panel, "kernel", lambda: deserted)
    monkeypatch.setattr("safeload_jupyter.magic.kernel", lambda: deserted)
    return shell


class Pipeline:
    """Stands in for `pipeline.load` and `pipeline.review`; keeps what it was called with."""

    def __init__(self, review: Review, **objects: Any) -> None:
        self.review = review
        self.objects = objects
        self.calls: list[Call] = []
        self.policies: list[str] = []

    def load(self, call: Call, *, policy: Any, decider: Any, progress: Any, **_: Any) -> pipeline.Loaded:
        self.calls.append(call)
        self.policies.append(policy.name)
        progress.step("Downloading")
        progress.bytes(1_000_000, 5_000_000)
        if self.review.verdict.action is Action.BLOCK:
            decider.show(self.review)
            raise errors.Blocked("mallory/x was not loaded: it runs os.system.", next="The policy blocks it.")
        kind, who = DeciderKind.POLICY, "standard"
        if self.review.verdict.action is Action.ASK:
            answer = decider.ask(self.review)
            if answer is None:
                raise errors.DecisionNeeded("Nobody could be asked.", next="To approve it: safeload approve x")
            if answer.action is Action.BLOCK:
                raise errors.Denied("somebody said no.")
            kind, who = DeciderKind.PERSON, answer.who
        decision = Decision(
            subject=self.review.snapshot.digest or reviews.sha("0"),
            basis=basis_of(self.review.policy, self.review.verdict),
            action=Action.ALLOW,
            decider=kind,
            who=who,
            note="",
            at="2026-11-20T15:02:11+00:00",
        )
        return pipeline.Loaded(review=self.review, decision=decision, objects=self.objects)

    def look(self, call: Call, *, policy: Any, **_: Any) -> Review:
        self.calls.append(call)
        return self.review


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    return installed(monkeypatch, Pipeline(reviews.clean(how=How.LOCAL), model="a model", tokenizer="a tokenizer"))


def installed(monkeypatch: pytest.MonkeyPatch, fake: Pipeline) -> Pipeline:
    monkeypatch.setattr(pipeline, "load", fake.load)
    monkeypatch.setattr(pipeline, "review", fake.look)
    return fake


def run(shell: InteractiveShell, line: str) -> tuple[Any, Any]:
    with capture_output() as captured:
        result = shell.run_cell(line)
    return result, captured


def test_binds_model_and_tokenizer(shell: InteractiveShell, clean: Pipeline) -> None:
    result, _ = run(shell, "%safeload acme/tiny-bert")
    assert result.success
    assert (shell.user_ns["model"], shell.user_ns["tokenizer"]) == ("a model", "a tokenizer")
    assert clean.calls == [Call(target="acme/tiny-bert")]
    assert clean.policies == ["standard"]


def test_as_gives_other_names(shell: InteractiveShell, clean: Pipeline) -> None:
    run(shell, "%safeload acme/tiny-bert --as bert")
    assert (shell.user_ns["bert"], shell.user_ns["bert_tokenizer"]) == ("a model", "a tokenizer")
    assert "model" not in shell.user_ns


def test_every_option_arrives(shell: InteractiveShell, clean: Pipeline) -> None:
    run(
        shell,
        "%safeload acme/x num_labels=3 --loader AutoModel --revision v1 --policy strict --trust-remote-code"
        ' dtype=float16 labels=["a","b"] name="a b"',
    )
    (call,) = clean.calls
    assert (call.loader, call.entry, call.revision, call.trust_remote_code) == ("transformers", "AutoModel", "v1", True)
    assert call.options == {"num_labels": 3, "dtype": "float16", "labels": ["a", "b"], "name": "a b"}
    assert clean.policies == ["strict"]


def test_a_path_with_spaces(shell: InteractiveShell, clean: Pipeline) -> None:
    run(shell, '%safeload "my models/model.pt"')
    assert clean.calls[0].target == "my models/model.pt"


def test_no_load_shows_and_binds_nothing(notebook: InteractiveShell, clean: Pipeline) -> None:
    _, captured = run(notebook, "%safeload acme/tiny-bert --no-load")
    assert "model" not in notebook.user_ns
    assert "Nothing to ask" in captured.outputs[-1].data["text/html"]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "acme/x --polcy strict",
        "acme/x --no",
        "acme/x --convert --no-load",
        "acme/x --convert --trust-remote-code",
        "acme/x --trust",
        "acme/x num_labels",
        "acme/x 1x=2",
        "acme/x a=1 a=2",
        "acme/x --as 3d",
        "acme/x --as class",
        "acme/x --loader torhc",
        'acme/x a="b',
        "acme/x __import__('os').system('x')",
    ],
)
def test_a_wrong_option_gets_a_usage_error(shell: InteractiveShell, clean: Pipeline, line: str) -> None:
    result, captured = run(shell, f"%safeload {line}")
    assert type(result.error_in_exec).__name__ == "UsageError"
    assert "UsageError" in captured.stderr and "Traceback" not in captured.stderr + captured.stdout
    assert not clean.calls


def test_a_value_is_never_evaluated(shell: InteractiveShell, clean: Pipeline, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    run(shell, f"%safeload acme/x a=open({str(marker)!r},'w')")
    assert not marker.exists()
    assert clean.calls[0].options == {"a": f"open({str(marker)!r},'w')"}


def test_progress_is_one_output_that_becomes_the_panel(notebook: InteractiveShell, clean: Pipeline) -> None:
    _, captured = run(notebook, "%safeload acme/tiny-bert")
    shown = captured._outputs
    assert [bool(item.get("update")) for item in shown] == [False, True, True]
    assert len({item["transient"]["display_id"] for item in shown}) == 1
    assert "1.0 MB of 5.0 MB" in shown[1]["data"]["text/plain"]
    assert "Loaded" in shown[-1]["data"]["text/html"]
    assert "tokenizer" in shown[-1]["data"]["text/html"]


def test_a_terminal_gets_text_and_no_progress(shell: InteractiveShell, clean: Pipeline) -> None:
    _, captured = run(shell, "%safeload acme/tiny-bert")
    (only,) = captured._outputs
    assert only["data"]["text/plain"].startswith("✓ Loaded: acme/tiny-bert as model, tokenizer")


def test_a_block_shows_the_panel_and_fails_with_one_line(
    notebook: InteractiveShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(monkeypatch, Pipeline(reviews.blocked()))
    result, captured = run(notebook, "%safeload mallory/x\nafter = 1")
    assert isinstance(result.error_in_exec, errors.Blocked)
    assert captured.stdout.splitlines() == [
        "Blocked: mallory/x was not loaded: it runs os.system. The policy blocks it."
    ]
    assert "_var1 = system" in captured._outputs[-1]["data"]["text/html"]
    assert "model" not in notebook.user_ns and "after" not in notebook.user_ns


def test_nobody_there_shows_the_panel_and_names_the_command(
    notebook: InteractiveShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(monkeypatch, Pipeline(reviews.asking(), model=1))
    result, captured = run(notebook, "%safeload someone/full-module")
    assert isinstance(result.error_in_exec, errors.DecisionNeeded)
    assert "safeload approve someone/full-module@" in captured._outputs[-1]["data"]["text/html"]
    assert len(captured.stdout.splitlines()) == 1
    assert "model" not in notebook.user_ns


@pytest.mark.parametrize("raised", [errors.NotFound("There is no x/y."), KeyboardInterrupt()])
def test_what_stops_a_load_leaves_no_progress_behind(
    notebook: InteractiveShell, monkeypatch: pytest.MonkeyPatch, raised: BaseException
) -> None:
    def load(call: Call, *, progress: Any, **_: Any) -> None:
        progress.step("Looking at x/y")
        raise raised

    monkeypatch.setattr(pipeline, "load", load)
    _, captured = run(notebook, "%safeload x/y")
    assert "Not loaded: x/y" in captured._outputs[-1]["data"]["text/html"]


def test_a_stop_of_the_hook_is_one_line(shell: InteractiveShell) -> None:
    shell.user_ns["stop"] = errors.Stop("os.system was stopped.", module="os", name="system")
    _, captured = run(shell, "raise stop")
    assert captured.stdout.splitlines() == ["Blocked: os.system was stopped."]


def test_unload_puts_everything_back(shell: InteractiveShell) -> None:
    assert patch.installed()
    shell.run_line_magic("unload_ext", "safeload")
    assert not patch.installed()
    assert "safeload" not in shell.magics_manager.magics["line"]
    assert completer.safeload_matcher not in shell.Completer.custom_matchers
    assert safeload_jupyter._write_down not in shell.events.callbacks["post_run_cell"]
    shell.run_line_magic("load_ext", "safeload")
    shell.run_line_magic("reload_ext", "safeload")
    assert shell.Completer.custom_matchers.count(completer.safeload_matcher) == 1
    assert shell.events.callbacks["post_run_cell"].count(safeload_jupyter._write_down) == 1


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("%safeload ac", ["acme/tiny-bert"]),
        ("%safeload ", ["acme/tiny-bert", "gpt2"]),
        ("x = 1\n%safeload g", ["gpt2"]),
        ("%safeload gpt2 --tr", ["--trust-remote-code"]),
        ("%safeload gpt2 --policy s", ["standard", "strict"]),
        ("%safeload gpt2 --as g", []),
        ("%safeloads a", []),
    ],
)
def test_completions(shell: InteractiveShell, isolated: Path, line: str, found: list[str]) -> None:
    for name in ("models--acme--tiny-bert", "models--gpt2", "datasets--acme--words"):
        (isolated / "hf" / "hub" / name).mkdir(parents=True)
    shell.Completer.use_jedi = False
    with provisionalcompleter():
        got = [c.text for c in shell.Completer.completions(line, len(line)) if not c.text.startswith("%")]
    assert [text for text in got if text in found or "/" in text] == found


def test_completions_without_a_cache(shell: InteractiveShell) -> None:
    assert completer.suggestions("%safeload a") == ("a", [])


def test_a_screen_outside_ipython_does_not_fail() -> None:
    InteractiveShell.clear_instance()
    with capture_output():
        Screen().step("Looking")


def test_loading_the_extension_imports_nothing_heavy() -> None:
    code = (
        "import sys; from IPython.core.interactiveshell import InteractiveShell as S\n"
        "S.instance().run_line_magic('load_ext', 'safeload')\n"
        "print([m for m in ('torch','transformers','huggingface_hub','anywidget','ipywidgets','jinja2','fickling')"
        " if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ), timeout=60
    )
    assert done.stdout.strip() == "[]", done.stderr
