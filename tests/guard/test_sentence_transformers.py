"""Sentence transformers and cross encoders."""

from __future__ import annotations

import contextlib

import pytest

import safeload
from safeload.errors import Blocked, NotLoaded
from safeload.policy.interface import Action
from tests.guard.deciders import Says

sentence_transformers = pytest.importorskip("sentence_transformers")
pytestmark = pytest.mark.heavy

WORDS = ["a very good film", "a poor model"]


def sentences(name: str, **options):
    return sentence_transformers.SentenceTransformer(name, device="cpu", **options)


def test_a_model_loads_without_a_question_and_is_the_same(hub_env):
    plain = sentences("acme/tiny-sentences").encode(WORDS)
    asked = Says(None)
    with safeload.guarded(decider=asked):
        model = sentences("acme/tiny-sentences")
        assert (model.encode(WORDS) == plain).all()
        assert (sentences("acme/tiny-sentences", revision="main").encode(WORDS) == plain).all()
    assert [type(module).__name__ for module in model] == ["Transformer", "Pooling"]
    assert not asked.asked


def test_a_model_without_a_list_of_modules_and_a_cross_encoder(hub_env):
    plain = sentence_transformers.CrossEncoder("acme/tiny-bert").predict([tuple(WORDS)])
    asked = Says(None)
    with safeload.guarded(decider=asked):
        guarded = sentence_transformers.CrossEncoder("acme/tiny-bert").predict([tuple(WORDS)])
        assert sentences("acme/tiny-bert-bin").encode(WORDS).shape == (2, 32)
    assert (guarded == plain).all()
    assert not asked.asked


def test_safeload_finds_the_library_from_the_files(hub_env):
    found = safeload.load("acme/tiny-sentences", decider=Says(None))
    assert found.objects["model"].encode(WORDS).shape == (2, 32)
    assert "1_Pooling/config.json" in {a.path for a in found.review.snapshot.artifacts}


def cross(name: str):
    return sentence_transformers.CrossEncoder(name, trust_remote_code=True, device="cpu")


ATTACKS = {
    "a module of its own": lambda: sentences("mallory/sentences-code", trust_remote_code=True),
    "the model's own code": lambda: sentences("nice/remote-code-evil", trust_remote_code=True),
    "a cross encoder's own code": lambda: cross("mallory/cross-encoder"),
}
attacks = pytest.mark.parametrize("load", ATTACKS.values(), ids=ATTACKS.keys())


@attacks
def test_code_does_not_run_without_an_answer(hub_env, marker, load):
    with safeload.guarded(decider=Says(None)), pytest.raises(NotLoaded):
        load()
    assert not marker.exists()


@attacks
def test_twin_without_the_guard_it_runs(hub_env, marker, load):
    with contextlib.suppress(AttributeError, OSError, RuntimeError, TypeError, ValueError):
        load()  # no sentence model comes of it; the code has run
    assert marker.exists()


def test_poisoned_weights_that_are_asked_for_are_blocked(hub_env, marker):
    options = {"model_kwargs": {"weights_only": False}}
    with safeload.guarded(decider=Says(None)), pytest.raises(Blocked):
        sentences("mallory/tiny-bert-pwned", **options)
    assert not marker.exists()


def test_twin_without_the_guard_the_weights_run(hub_env, marker):
    with pytest.raises(Exception):  # noqa: B017 - it fails after the payload ran
        sentences("mallory/tiny-bert-pwned", model_kwargs={"weights_only": False})
    assert marker.exists()


def test_a_module_of_its_own_is_one_question_and_stays_as_it_was(hub_env, marker):
    moved = b"import os, pathlib\npathlib.Path(os.environ['SAFELOAD_DEMO_MARKER']).touch()\n"
    asked = Says(Action.ALLOW, lambda: hub_env.push("nice/sentences-code", {"own_pooling.py": moved}))
    with safeload.guarded(decider=asked):
        model = sentences("nice/sentences-code", trust_remote_code=True)
    assert model.encode(WORDS).shape == (2, 32)
    (review,) = asked.asked
    assert "own_pooling.py" in {a.path for a in review.snapshot.artifacts if a.role.value == "code"}
    assert not marker.exists()


def test_a_bare_name_is_the_library_s_own_organisation(hub_env):
    hub_env.push("sentence-transformers/tiny", {"modules.json": b"[]", "config.json": b"{}"})
    asked = Says(None)
    with safeload.guarded(decider=asked), pytest.raises(NotLoaded, match="sentence-transformers/tiny@"):
        sentences("tiny")
