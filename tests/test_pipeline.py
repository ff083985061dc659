"""The whole flow on the sample models of the local Hub, with the real clients."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import safeload
from safeload import home
from safeload.auditlog import AuditLog
from safeload.decisions.interface import Answer, Decider
from safeload.errors import (
    AccessDenied,
    Blocked,
    DecisionNeeded,
    Denied,
    Misbehaved,
    NotFound,
    SafeloadError,
    StateError,
    Unreachable,
    UsageError,
)
from safeload.policy.interface import Action
from safeload.scanners.interface import How, Unscanned

pytest.importorskip("transformers")


class Says(Decider):
    def __init__(self, action: Action | None) -> None:
        self.action, self.asked, self.shown = action, [], []

    def ask(self, review):
        self.asked.append(review)
        return None if self.action is None else Answer(action=self.action, who="somebody")

    def show(self, review):
        self.shown.append(review)


@pytest.fixture
def yes() -> Says:
    return Says(Action.ALLOW)


VERDICTS = {
    "acme/tiny-bert": "allow",
    "acme/tiny-bert-bin": "allow",
    "acme/tiny-bert-bin-legacy": "allow",
    "acme/tiny-bert-bin-sharded": "allow",
    "acme/tiny-gpt-sharded": "allow",
    "acme/old-school": "allow",
    "acme/tiny-forest": "allow",
    "nice/adapter": "allow",
    "mallory/hostile-text": "allow",
    "someone/full-module": "ask",
    "nice/remote-code": "ask",
    "nice/cross-code": "ask",
    "acme/nothing": "ask",
    "acme/missing-shard": "ask",
    "mallory/tiny-bert-pwned": "block",
    "mallory/tiny-bert-legacy-pwned": "block",
}


@pytest.mark.parametrize(("name", "action"), VERDICTS.items(), ids=VERDICTS.keys())
def test_the_verdict_before_anything_large_is_downloaded(hub_env, name, action):
    review = safeload.scan(name)
    assert review.verdict.action.value == action, [r.text for r in review.verdict.reasons]
    assert review.assessment.report.how is How.RANGES
    assert review.snapshot.origin.revision == hub_env.head(name)
    weights = [r for r in hub_env.asked(method="GET") if "weights" in r["path"] or "model." in r["path"]]
    assert all(r["range"] for r in weights if "cdn" in r["path"])


LOADS = ["acme/tiny-bert", "acme/tiny-bert-bin", "acme/tiny-bert-bin-sharded", "acme/tiny-gpt-sharded", "nice/adapter"]


@pytest.mark.parametrize("name", LOADS)
def test_clean_models_load_without_a_question(hub_env, yes, name):
    loaded = safeload.load(name, decider=yes)
    assert not yes.asked
    assert "model" in loaded.objects
    assert loaded.review.assessment.report.how is How.LOCAL
    assert loaded.review.snapshot.digest is not None
    assert all(a.digest.algorithm == "sha256" for a in loaded.review.snapshot.artifacts)


def test_the_weights_are_those_of_a_plain_load(hub_env, yes):
    import torch
    from transformers import AutoModelForSequenceClassification

    guarded = safeload.load("acme/tiny-bert", decider=yes).objects["model"]
    plain = AutoModelForSequenceClassification.from_pretrained("acme/tiny-bert")
    theirs = dict(plain.named_parameters())
    assert all(torch.equal(value, theirs[name]) for name, value in guarded.named_parameters())


def test_a_poisoned_model_is_blocked_before_its_weights_are_downloaded(hub_env, yes, marker):
    with pytest.raises(Blocked, match=r"posix\.system|os\.system"):
        safeload.load("mallory/tiny-bert-pwned", decider=yes)
    assert not yes.asked
    assert yes.shown[0].verdict.action is Action.BLOCK
    assert "system" in "".join(yes.shown[0].views.values())
    assert not marker.exists()
    whole = [r for r in hub_env.asked("cdn", method="GET") if not r["range"]]
    assert not whole


def test_twin_without_the_guard_the_payload_runs_and_an_error_looks_as_if_it_had_been_stopped(hub_env, marker):
    from transformers import AutoModel

    with pytest.raises(Exception, match=r"[Ww]eights.only"):
        AutoModel.from_pretrained("mallory/tiny-bert-pwned", weights_only=False)
    assert marker.exists()


@pytest.mark.parametrize("name", ["mallory/tiny-bert-pwned", "mallory/tiny-bert-legacy-pwned"])
def test_a_plain_from_pretrained_is_guarded_in_the_same_way(hub_env, yes, marker, name):
    from transformers import AutoModel

    with safeload.guarded(decider=yes), pytest.raises(Blocked, match="system"):
        AutoModel.from_pretrained(name, weights_only=False)
    assert not marker.exists()


def test_a_whole_module_is_asked_about_loaded_and_remembered(hub_env, yes):
    first = safeload.load("someone/full-module", decider=yes)
    assert type(first.objects["model"]).__name__ == "TinyYolo"
    assert "TinyYolo" in yes.asked[0].verdict.reasons[0].text
    again = safeload.load("someone/full-module", decider=yes)
    assert len(yes.asked) == 1
    assert again.decision.who == "somebody"


def test_another_policy_is_another_question(hub_env, yes):
    safeload.load("someone/full-module", decider=yes)
    with pytest.raises(Blocked):
        safeload.load("someone/full-module", policy="strict", decider=yes)


def test_a_no_loads_nothing(hub_env):
    with pytest.raises(Denied):
        safeload.load("someone/full-module", decider=Says(Action.BLOCK))
    assert not hub_env.asked("cdn", method="GET") or all(r["range"] for r in hub_env.asked("cdn", method="GET"))


def test_nobody_to_ask_names_the_exact_command(hub_env):
    with pytest.raises(DecisionNeeded) as stopped:
        safeload.load("someone/full-module", decider=Says(None))
    commit = hub_env.head("someone/full-module")
    assert f"safeload approve someone/full-module@{commit}" in str(stopped.value)


@pytest.mark.parametrize("name", ["nice/remote-code", "nice/cross-code"])
def test_remote_code_is_asked_about_and_runs_when_approved(hub_env, yes, name):
    model = safeload.load(name, trust_remote_code=True, decider=yes).objects["model"]
    assert type(model).__name__ == "MyModel"
    assert len(yes.asked) == 1


def test_an_explicit_no_to_code_stands_though_it_was_approved(hub_env, yes, marker):
    from transformers import AutoModel

    with safeload.guarded(decider=yes), pytest.raises(Exception, match="trust_remote_code"):
        AutoModel.from_pretrained("nice/remote-code-evil", trust_remote_code=False)
    assert not marker.exists()


@pytest.mark.parametrize("name", ["nice/remote-code-evil", "nice/cross-code-evil"])
def test_remote_code_does_not_run_before_somebody_says_so(hub_env, marker, name):
    with pytest.raises(Denied):
        safeload.load(name, trust_remote_code=True, decider=Says(Action.BLOCK))
    assert not marker.exists()


def test_twin_remote_code_runs_without_the_guard(hub_env, marker):
    from transformers import AutoModel

    AutoModel.from_pretrained("nice/remote-code-evil", trust_remote_code=True)
    assert marker.exists()


def test_other_bytes_than_announced_are_an_error_that_names_both(hub_env, yes):
    with pytest.raises(Misbehaved, match=r"expected sha256:\w{64}, found sha256:\w{64}"):
        safeload.load("mallory/liar", decider=yes)
    from huggingface_hub import try_to_load_from_cache

    assert try_to_load_from_cache("mallory/liar", "model.safetensors", revision=hub_env.head("mallory/liar")) is None


def test_clean_ranges_and_an_evil_file(hub_env, yes, marker):
    with pytest.raises(Blocked) as stopped:
        safeload.load("mallory/two-faced", decider=yes)
    assert "system" in str(stopped.value)
    rules = {f.rule.id for f in yes.shown[0].assessment.report.findings}
    assert "source-inconsistent" in rules
    assert not marker.exists()


ERRORS = {
    "acme/gated": AccessDenied,
    "acme/private": NotFound,
    "acme/no-such-model": NotFound,
    "acme/tiny-bert@no-such-revision": NotFound,
    "acme/missing-shard": NotFound,
    "no//name": UsageError,
}


@pytest.mark.parametrize(("target", "error"), ERRORS.items(), ids=ERRORS.keys())
def test_what_cannot_be_had_is_one_clear_error(hub_env, yes, target, error):
    with pytest.raises(error) as raised:
        safeload.load(target, decider=yes)
    assert raised.value.message
    assert raised.value.next


def leads_nowhere(folder: Path, to: str) -> str:
    """A poisoned folder whose settings name code in another repository."""
    import torch

    from tests.builders.checkpoints import torch_zip
    from tests.builders.opcodes import evil

    folder.mkdir()
    reference = f"{to}--modeling_my.MyModel"
    (folder / "config.json").write_text(json.dumps({"model_type": "my-tiny", "auto_map": {"AutoModel": reference}}))
    (folder / "pytorch_model.bin").write_bytes(torch_zip(evil(folder.parent / "marker")))
    torch.save({}, folder.parent / "plain.bin")
    return str(folder)


WHERE_TO = {
    "nobody/gone": (NotFound, "missing"),
    "acme/private": (NotFound, "missing"),
    "no good": (Misbehaved, "unreachable"),
}


@pytest.mark.parametrize(("to", "error", "reason"), [(to, *said) for to, said in WHERE_TO.items()], ids=WHERE_TO)
def test_code_in_a_repository_that_cannot_be_reached_is_a_gap_beside_all_that_was_found(
    hub_env, yes, tmp_path, to, error, reason
):
    poisoned = leads_nowhere(tmp_path / "model", to)
    review = safeload.scan(poisoned, loader="AutoModel")
    assert review.verdict.action is Action.BLOCK
    assert "pickle-dangerous-call" in {f.rule.id for f in review.assessment.report.findings}
    (gap,) = [r for r in review.assessment.report.results if isinstance(r, Unscanned)]
    assert (gap.location.artifact, gap.reason.value) == (f"{to}--modeling_my.py", reason)
    # And without the poison it is not allowed either: not by an answer, not by an approval.
    (tmp_path / "plain.bin").rename(tmp_path / "model" / "pytorch_model.bin")
    assert safeload.scan(poisoned, loader="AutoModel").verdict.action is Action.ASK
    with pytest.raises(error):
        safeload.load(poisoned, loader="AutoModel", decider=yes)
    with pytest.raises(error):
        settle(poisoned)
    assert not yes.asked


def test_code_of_elsewhere_without_a_network_is_a_gap(hub_env, tmp_path):
    poisoned = leads_nowhere(tmp_path / "model", "mallory/code")
    hub_env.stop()
    review = safeload.scan(poisoned, loader="AutoModel")
    assert review.verdict.action is Action.BLOCK
    assert [r.reason.value for r in review.assessment.report.results if isinstance(r, Unscanned)] == ["unreachable"]


def test_a_server_that_is_down(hub_env, yes):
    hub_env.stop()
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1"):
        safeload.scan("acme/tiny-bert")


def test_offline_from_the_cache(hub_env, yes, monkeypatch):
    safeload.load("acme/tiny-bert", decider=yes)
    hub_env.reset()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "model" in safeload.load("acme/tiny-bert", decider=yes).objects
    assert not hub_env.requests


def test_everything_is_written_down(hub_env, yes):
    safeload.load("acme/tiny-bert", decider=yes)
    with pytest.raises(SafeloadError):
        safeload.load("mallory/tiny-bert-pwned", decider=yes)
    safeload.load("someone/full-module", decider=yes)
    log = AuditLog(home.ready())
    assert log.verify().ok
    events = [entry.event for entry in log.entries()]
    assert events == ["granted", "blocked", "approved", "granted"]


def test_a_folder_is_a_source_too(hub_env, yes, tmp_path: Path):
    from huggingface_hub import snapshot_download

    folder = snapshot_download("acme/tiny-bert", local_dir=tmp_path / "model")
    loaded = safeload.load(folder, decider=yes)
    assert "model" in loaded.objects
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert type(loaded.objects["model"]).__name__ == config["architectures"][0]


def test_a_cache_folder_of_ones_own_is_where_files_go(hub_env, yes, tmp_path: Path):
    from transformers import AutoModel

    with safeload.guarded(decider=yes):
        AutoModel.from_pretrained("acme/tiny-bert", cache_dir=tmp_path / "mine")
        AutoModel.from_pretrained("nice/adapter", cache_dir=tmp_path / "mine")
    assert (tmp_path / "mine" / "models--acme--tiny-bert").is_dir()
    assert not (tmp_path / "hf" / "hub" / "models--acme--tiny-bert").exists()


def test_what_was_denied_by_command_is_not_loaded_though_the_policy_allows_it(hub_env, yes):
    from safeload import pipeline
    from safeload.decisions.interface import DeciderKind
    from safeload.guard.loaders.calls import call_for
    from safeload.policy.presets import PRESETS

    pipeline.settle(
        call_for("acme/tiny-bert"),
        policy=PRESETS["standard"],
        allow=False,
        note="no",
        who="me",
        kind=DeciderKind.COMMAND,
    )
    with pytest.raises(Denied, match="me said no"):
        safeload.load("acme/tiny-bert", decider=yes)


def settle(target: str):
    from safeload import pipeline
    from safeload.decisions.interface import DeciderKind
    from safeload.guard.loaders.calls import call_for
    from safeload.policy.presets import STANDARD

    return pipeline.settle(call_for(target), policy=STANDARD, allow=True, note="x", who="me", kind=DeciderKind.COMMAND)


def test_a_decision_that_cannot_be_logged_does_not_hold(hub_env, yes):
    log = home.ready() / "audit.jsonl"
    log.mkdir()
    with pytest.raises(StateError):
        settle("someone/full-module")
    with pytest.raises(StateError):
        safeload.load("someone/full-module", decider=yes)
    log.rmdir()
    with pytest.raises(DecisionNeeded):
        safeload.load("someone/full-module", decider=Says(None))


def test_no_command_to_approve_what_the_source_did_not_deliver(hub_env):
    hub_env.fault("acme/tiny-bert-bin", "pytorch_model.bin", kind="cut")
    with pytest.raises(DecisionNeeded, match="try again") as stopped:
        safeload.load("acme/tiny-bert-bin", decider=Says(None))
    assert "safeload approve" not in str(stopped.value)


def test_an_approval_of_a_block_is_refused_in_its_own_words(hub_env):
    with pytest.raises(Blocked, match="was not approved"):
        settle("mallory/tiny-bert-pwned")


def test_from_pretrained_is_guarded_whether_or_not_the_guard_is_installed(hub_env, yes, marker):
    from transformers import AutoModel

    model = safeload.from_pretrained(AutoModel, "acme/tiny-bert", decider=yes, output_attentions=True)
    assert model.config.output_attentions is True
    with pytest.raises(Blocked):
        safeload.from_pretrained(AutoModel, "mallory/tiny-bert-pwned", decider=yes, weights_only=False)
    assert not marker.exists()


def test_an_unknown_entry_point_is_a_usage_error(hub_env):
    with pytest.raises(UsageError, match="Did you mean 'torch'"):
        safeload.scan("acme/tiny-bert", loader="torhc")
