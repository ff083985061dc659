"""Ways into transformers other than `from_pretrained`: pipelines, `generate`, adapters, checkpoints, indexes."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

import safeload
from safeload.errors import Blocked, DecisionNeeded, NotLoaded
from safeload.policy.interface import Action
from tests.guard.deciders import Says

transformers = pytest.importorskip("transformers")
torch = pytest.importorskip("torch")
pytestmark = pytest.mark.heavy


def nobody() -> Says:
    return Says(None)


# Pipelines.


def test_a_pipeline_loads_as_without_the_guard(hub_env):
    plain = transformers.pipeline("text-classification", "acme/tiny-bert")("a very good film")
    asked = nobody()
    with safeload.guarded(decider=asked):
        assert transformers.pipeline("text-classification", "acme/tiny-bert")("a very good film") == plain
        from_adapter = transformers.pipeline("text-classification", model="nice/adapter")
    assert from_adapter("a very good film")
    assert not asked.asked


def poisoned_pipeline() -> None:
    transformers.pipeline(
        "text-classification", "mallory/tiny-bert-pwned", model_kwargs={"weights_only": False}, device="cpu"
    )


def test_a_poisoned_model_in_a_pipeline_is_blocked(hub_env, marker):
    with safeload.guarded(decider=nobody()), pytest.raises(Blocked):
        poisoned_pipeline()
    assert not marker.exists()


def test_twin_without_the_guard_the_pipeline_runs_it(hub_env, marker):
    with pytest.raises(Exception):  # noqa: B017 - it fails after the payload ran
        poisoned_pipeline()
    assert marker.exists()


def test_a_pipeline_s_own_code_is_one_question(hub_env):
    asked = Says(Action.ALLOW)
    with safeload.guarded(decider=asked):
        made = transformers.pipeline("counting", "nice/pipeline", trust_remote_code=True)
    assert made("four") == 4
    (review,) = asked.asked
    assert "counting.py" in {a.path for a in review.snapshot.artifacts if a.role.value == "code"}


def test_a_pipeline_s_own_code_does_not_run_without_an_answer(hub_env, marker):
    with safeload.guarded(decider=nobody()), pytest.raises(NotLoaded):
        transformers.pipeline("counting", "mallory/pipeline", trust_remote_code=True)
    assert not marker.exists()


def test_twin_without_the_guard_it_runs(hub_env, marker):
    transformers.pipeline("counting", "mallory/pipeline", trust_remote_code=True)
    assert marker.exists()


# Generation.


@pytest.fixture
def gpt(hub_env):
    model = transformers.AutoModelForCausalLM.from_pretrained("acme/tiny-gpt-sharded")
    return model, torch.tensor([[5, 6, 7]])


def test_generation_by_another_repository_is_decided_on_and_pinned(hub_env, gpt):
    model, words = gpt
    plain = model.generate(words, custom_generate="nice/generate", trust_remote_code=True)
    assert plain.tolist() == [[5, 6, 7, 7]]
    moved = b"def generate(model, **kwargs):\n    return 'moved'\n"
    asked = Says(Action.ALLOW, lambda: hub_env.push("nice/generate", {"custom_generate/generate.py": moved}))
    with safeload.guarded(decider=asked):
        result = model.generate(words, custom_generate="nice/generate", trust_remote_code=True)
    assert result.tolist() == plain.tolist()
    (review,) = asked.asked
    assert review.snapshot.origin.name == "nice/generate"
    assert review.call.entry == "GenerationMixin.load_custom_generate"


def test_generation_by_another_repository_does_not_run_without_an_answer(hub_env, gpt, marker):
    model, words = gpt
    with safeload.guarded(decider=nobody()), pytest.raises(NotLoaded):
        model.generate(words, custom_generate="mallory/generate", trust_remote_code=True)
    assert not marker.exists()


def test_twin_without_the_guard_generation_runs_it(hub_env, gpt, marker):
    model, words = gpt
    model.generate(words, custom_generate="mallory/generate", trust_remote_code=True)
    assert marker.exists()


def test_generate_that_a_model_brings_along_is_part_of_its_question(hub_env, marker):
    with safeload.guarded(decider=nobody()), pytest.raises(NotLoaded):
        transformers.AutoModelForCausalLM.from_pretrained("mallory/gpt-generate", trust_remote_code=True)
    assert not marker.exists()
    with safeload.guarded(decider=Says(Action.ALLOW)):
        plain = transformers.AutoModelForCausalLM.from_pretrained("mallory/gpt-generate")
    assert not marker.exists(), "without trust it is left out, whatever anybody said"
    assert not hasattr(plain.generate, "func")


def test_twin_without_the_guard_it_takes_the_place_of_generate(hub_env, marker):
    model = transformers.AutoModelForCausalLM.from_pretrained("mallory/gpt-generate", trust_remote_code=True)
    assert marker.exists()
    assert hasattr(model.generate, "func")


# Adapters for a model that is there.


def test_an_adapter_is_added_without_a_question(hub_env):
    pytest.importorskip("peft")
    asked = nobody()
    with safeload.guarded(decider=asked):
        model = transformers.AutoModelForSequenceClassification.from_pretrained("acme/tiny-bert")
        model.load_adapter("nice/adapter")
    assert model.active_adapters() == ["default"]
    assert not asked.asked


# Indexes and checkpoints.


class Runs:
    def __reduce__(self):
        import os

        return os.system, ('touch "$SAFELOAD_DEMO_MARKER"',)


@pytest.fixture
def index(tmp_path, monkeypatch):
    """The raw `pickle.load` behind an environment variable, reached as RAG reaches it."""
    from transformers.models.rag import retrieval_rag

    monkeypatch.setattr(retrieval_rag, "requires_backends", lambda *args: None)
    monkeypatch.setenv("TRUST_REMOTE_CODE", "1")
    folder = tmp_path / "index"
    folder.mkdir()
    return lambda passages: (
        (folder / "psgs_w100.tsv.pkl").write_bytes(pickle.dumps(passages)),
        retrieval_rag.LegacyIndex(8, str(folder)).passages,
    )[1]


def test_the_passages_of_a_retrieval_index(index, marker):
    asked = nobody()
    with safeload.guarded(decider=asked):
        assert index({"1": ["a text", "a title"]}) == {"1": ["a text", "a title"]}
        with pytest.raises(Blocked):
            index(Runs())
    assert not marker.exists()
    assert not asked.asked


def test_twin_without_the_guard_the_passages_run(index, marker):
    index(Runs())
    assert marker.exists()


def trained(folder: Path, **resume):
    """A model of one number, trained for a step; the checkpoint lies in `folder`."""
    pytest.importorskip("accelerate")

    class One(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.number = torch.nn.Parameter(torch.zeros(1))

        def forward(self, x):
            return {"loss": ((self.number - x) ** 2).mean()}

    arguments = transformers.TrainingArguments(
        str(folder), max_steps=2 if not resume else 4, save_steps=2, report_to=[], use_cpu=True, disable_tqdm=True
    )
    trainer = transformers.Trainer(One(), arguments, train_dataset=[{"x": torch.ones(1)}] * 8)
    trainer.train(**resume)
    return trainer


def test_training_goes_on_from_one_s_own_checkpoint_without_a_question(tmp_path):
    asked = nobody()
    with safeload.guarded(decider=asked):
        trained(tmp_path / "out")
        done = trained(tmp_path / "out", resume_from_checkpoint=True)
    assert done.state.global_step == 4
    assert not asked.asked


def test_a_repository_s_settings_do_not_name_the_default(hub_env):
    """No model given: the task's default is what would be asked about (here the hub does not have it)."""
    with safeload.guarded(decider=nobody()), pytest.raises(safeload.SafeloadError, match="distilbert"):
        transformers.pipeline("text-classification")


def test_a_question_names_the_command(hub_env):
    with safeload.guarded(decider=nobody()), pytest.raises(DecisionNeeded, match="safeload approve nice/generate@"):
        transformers.GenerationMixin().load_custom_generate("nice/generate")


def test_a_kernel_is_refused_in_plain_words_and_the_caller_s_choice_counts(hub_env):
    config = hub_env.store.get("acme/tiny-bert").commits[-1].file("config.json")
    text = hub_env.store.blob(config.blob).read_bytes().replace(b"{", b'{"attn_implementation": "mallory/kernel",', 1)
    hub_env.push("acme/tiny-bert", {"config.json": text})
    with safeload.guarded(decider=Says(Action.ALLOW)), pytest.raises(Blocked, match="names the kernel mallory/kernel"):
        transformers.AutoModel.from_pretrained("acme/tiny-bert")
    with safeload.guarded(decider=Says(Action.ALLOW)):
        assert transformers.AutoModel.from_pretrained("acme/tiny-bert", attn_implementation="eager")
