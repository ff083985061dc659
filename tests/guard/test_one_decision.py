"""A load that reaches several repositories: one question names them all, their commits stay, others are denied."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import safeload
from safeload.errors import Blocked, DecisionNeeded, NotLoaded
from safeload.guard.loaders.transformers_load import bound
from safeload.policy.interface import Action
from tests.guard.deciders import Says

pytest.importorskip("transformers")
pytestmark = pytest.mark.heavy


def yes(meanwhile=None) -> Says:
    return Says(Action.ALLOW, meanwhile)


def places(asked: Says) -> set[str]:
    """The repositories that the one question was about."""
    (review,) = asked.asked
    snapshot = review.snapshot
    return {snapshot.origin.name} | {a.origin.name for a in snapshot.artifacts if a.origin is not None}


EVIL = b"import os, pathlib\npathlib.Path(os.environ['SAFELOAD_DEMO_MARKER']).touch()\n"


@pytest.mark.parametrize("name", ["nice/cross-code", "nice/mixed-code"])
def test_code_of_another_repository_stays_at_its_commit_while_that_moves(hub_env, marker, name):
    from transformers import AutoModel

    before = hub_env.head("mallory/code")
    asked = yes(lambda: hub_env.push("mallory/code", {"modeling_my.py": EVIL, "configuration_my.py": EVIL}))
    with safeload.guarded(decider=asked):
        model = AutoModel.from_pretrained(name, trust_remote_code=True)
    assert type(model).__name__ == "MyModel"
    assert before in type(model).__module__
    assert places(asked) == {name, "mallory/code"}
    assert hub_env.head("mallory/code") != before
    assert not marker.exists()


def test_twin_without_the_guard_the_code_that_moved_runs(hub_env, marker):
    from transformers import AutoModel

    hub_env.push("mallory/code", {"modeling_my.py": EVIL, "configuration_my.py": EVIL})
    with pytest.raises(AttributeError):
        AutoModel.from_pretrained("nice/cross-code", revision=hub_env.head("nice/cross-code"), trust_remote_code=True)
    assert marker.exists()


def test_a_pipeline_s_parts_of_other_repositories_are_one_question(hub_env):
    import transformers

    asked = yes(lambda: hub_env.push("acme/tiny-bert", {"tokenizer.json": b"{}"}))
    with safeload.guarded(decider=asked):
        made = transformers.pipeline(
            "feature-extraction", model="nice/cross-code", tokenizer="acme/tiny-bert", trust_remote_code=True
        )
    assert places(asked) == {"nice/cross-code", "mallory/code", "acme/tiny-bert"}
    assert made.tokenizer("a good film")["input_ids"]


def test_an_adapter_s_base_stays_at_its_commit_while_that_moves(hub_env):
    from transformers import AutoModelForSequenceClassification

    pytest.importorskip("peft")
    plain = AutoModelForSequenceClassification.from_pretrained("nice/adapter").state_dict()
    asked = yes(lambda: hub_env.push("acme/tiny-bert", {"config.json": b'{"model_type": "gpt2"}'}))
    with safeload.guarded(decider=asked, policy="strict"):
        model = AutoModelForSequenceClassification.from_pretrained("nice/adapter")
    assert model.state_dict().keys() == plain.keys()


def test_a_repository_that_nothing_names_is_denied_by_name_and_by_who_reached_for_it(hub_env):
    from transformers import AutoModel

    asked = yes()
    with (
        safeload.guarded(decider=asked),
        pytest.raises(Blocked, match=r"modeling_my\.py \(line \d+\) reached for acme/tiny-bert.*nice/reaches-out"),
    ):
        AutoModel.from_pretrained("nice/reaches-out", trust_remote_code=True)
    assert places(asked) == {"nice/reaches-out"}, "nobody is asked about a second repository"


def test_twin_without_the_guard_it_is_fetched(hub_env):
    from transformers import AutoModel

    model = AutoModel.from_pretrained("nice/reaches-out", trust_remote_code=True)
    assert Path(model.fetched).is_file()


def test_a_harmless_file_of_the_same_repository_that_nobody_foresaw_is_looked_at_and_passes(hub_env):
    from transformers import AutoModel

    asked = yes(lambda: hub_env.push("nice/reaches-in", {"more.txt": b"later"}))
    with safeload.guarded(decider=asked):
        model = AutoModel.from_pretrained("nice/reaches-in", trust_remote_code=True)
    assert Path(model.fetched).read_bytes() == b"a few words\n"
    assert len(asked.asked) == 1


def test_a_poisoned_file_of_the_same_repository_that_nobody_foresaw_is_denied(hub_env):
    from transformers import AutoModel

    hub_env.push("nice/reaches-in", {"more.txt": b"cposix\nsystem\n(S'true'\ntR."})
    with safeload.guarded(decider=yes()), pytest.raises(Blocked, match=r"reached for nice/reaches-in \(more\.txt\)"):
        AutoModel.from_pretrained("nice/reaches-in", trust_remote_code=True)


def outer(inner):
    """A model class of the user's own, which loads another model when it is made."""
    import torch
    from transformers import AutoModel, BertModel

    class Own(BertModel):
        def __init__(self, config):
            super().__init__(config)
            with torch.device("cpu"):
                self.other = [AutoModel.from_pretrained(inner, trust_remote_code=True)]

    return lambda: Own.from_pretrained("acme/tiny-bert")


def test_one_load_inside_of_another_that_nobody_foresaw_is_denied(hub_env):
    with safeload.guarded(decider=yes()), pytest.raises(NotLoaded, match="reached for nice/cross-code"):
        outer("nice/cross-code")()


def test_one_that_was_approved_by_itself_is_let_through(hub_env):
    from transformers import AutoModel

    with safeload.guarded(decider=yes()):
        AutoModel.from_pretrained("nice/cross-code", trust_remote_code=True)
    with safeload.guarded(decider=Says(None)):
        assert type(outer("nice/cross-code")().other[0]).__name__ == "MyModel"


def generated():
    from transformers import GenerationMixin

    return GenerationMixin().load_custom_generate("nice/generate")


def piped():
    import transformers

    return transformers.pipeline("counting", "nice/pipeline", trust_remote_code=True)


def encoded():
    sentence_transformers = pytest.importorskip("sentence_transformers")
    return sentence_transformers.SentenceTransformer("nice/sentences-code", trust_remote_code=True, device="cpu")


def diffused():
    diffusers = pytest.importorskip("diffusers")
    return diffusers.DiffusionPipeline.from_pretrained("acme/tiny-diffusion", custom_pipeline="nice/one-step")


@pytest.mark.parametrize("load", [generated, piped, encoded, diffused])
def test_the_command_that_is_named_approves_exactly_that_load(hub_env, load):
    with safeload.guarded(decider=Says(None)), pytest.raises(DecisionNeeded) as needed:
        load()
    command = shlex.split(str(needed.value).partition("To approve it: ")[2])
    assert command[:2] == ["safeload", "approve"]
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with safeload.guarded(decider=Says(None)):
        assert load() is not None


def test_code_revision_is_not_given_where_the_code_lies_in_several_places(hub_env):
    from safeload.sources.interface import Call
    from tests.guard.test_scope_loads import granted

    grant = granted(Call(target="nice/mixed-code", entry="AutoModel.from_pretrained", trust_remote_code=True))
    with bound(grant, "nice/mixed-code", "AutoModel.from_pretrained", {}) as pinned:
        assert "code_revision" not in pinned
