"""A class that saves under a name of its own, with a state that puts another name in its place.

The file is quiet when it loads, and writes where the attacker wants when the model is saved.
"""

from __future__ import annotations

import pickle
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from safeload.policy.interface import Action
from safeload.scanners.interface import Report
from tests.builders import opcodes as op
from tests.bypasses.conftest import Attack, rules, verdict

pytest.importorskip("torch")
layers = pytest.importorskip("sentence_transformers.sentence_transformer.modules")
diffusers = pytest.importorskip("diffusers")
Look = Callable[..., Report]

SAVE = "import pickle, os; pickle.load(open(path, 'rb')).{}(os.path.dirname(path))"
# What is saved, by which field it names its file, and how.
KINDS: dict[str, tuple[Callable[[], Any], str, str]] = {
    "layer": (lambda: layers.Normalize(), "config_file_name", "save"),
    "pooling": (lambda: layers.Pooling(8), "config_file_name", "save"),
    "schedule": (lambda: diffusers.DDPMScheduler(), "config_name", "save_config"),
    "autoencoder": (
        lambda: diffusers.AutoencoderKL(block_out_channels=(2,), norm_num_groups=1),
        "config_name",
        "save_config",
    ),
}


def named(kind: str, file: Any) -> Any:
    make, field, _ = KINDS[kind]
    made = make()
    made.__dict__[field] = file
    return made


@pytest.mark.heavy
@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_the_states_choice(kind: str, protocol: int, attack: Attack) -> None:
    data = pickle.dumps(named(kind, str(attack.marker)), protocol)
    attack(data, loader=SAVE.format(KINDS[kind][2]))


FILES = ["../other.json", "", "config.json\0", "CONFIG.JSON", b"config.json", None, 1, ["config.json", "x"]]


@pytest.mark.parametrize("file", FILES, ids=repr)
@pytest.mark.parametrize("kind", ["layer", "schedule"])
def test_only_the_librarys_own_name(kind: str, file: Any, look: Look) -> None:
    assert verdict(look(pickle.dumps(named(kind, "config.json")))) is Action.ALLOW
    assert "pickle-conditions-not-met" in rules(look(pickle.dumps(named(kind, file))))


KIND = op.glob("sentence_transformers.base.modules.normalize", "Normalize") + b")\x81"
SCHEDULE = op.glob("diffusers.schedulers.scheduling_ddpm", "DDPMScheduler") + b")\x81"
TEXT = op.glob("builtins", "str")
MADE = op.TUPLE1 + op.REDUCE
FIELD, OTHER = op.text("config_file_name"), op.text("/x.json")
WAYS = {
    "a name that a call makes": KIND + b"}" + FIELD + TEXT + OTHER + MADE + b"sb",
    "a field that a call makes": KIND + b"}" + TEXT + FIELD + MADE + OTHER + b"sb",
    "a second state": KIND + b"}b}" + FIELD + OTHER + b"sb",
    "half of a pair": SCHEDULE + b"N}" + op.text("config_name") + OTHER + b"s\x86b",
    "another spelling": op.glob("sentence_transformers.base.modules", "Normalize") + b")\x81}" + FIELD + OTHER + b"sb",
    "a dictionary with an order": KIND + op.glob("collections", "OrderedDict") + b")R" + FIELD + OTHER + b"sb",
}


@pytest.mark.parametrize("way", WAYS)
def test_ways_around_the_field(way: str, look: Look) -> None:
    stream = op.proto(2) + WAYS[way] + op.STOP
    made = pickle.loads(stream)  # the twin: it is what the file says
    assert "/x.json" in (made.__dict__.get("config_file_name"), made.__dict__.get("config_name"))
    assert verdict(look(stream)) is not Action.ALLOW


def test_keys_of_a_router_become_folders_so_it_is_a_question(look: Look, tmp_path: Path) -> None:
    routers = pytest.importorskip("sentence_transformers.base.modules.router")
    router = routers.Router({"query": [layers.Normalize()]}, default_route="query")
    assert verdict(look(pickle.dumps(router))) is Action.ASK
    router.sub_modules._modules["../beside"] = router.sub_modules._modules.pop("query")
    (tmp_path / "model").mkdir()
    router.save(str(tmp_path / "model"))
    assert (tmp_path / "beside_0_Normalize").is_dir()


def test_a_partial_of_an_unknown_function_is_a_question_and_of_a_dangerous_one_a_block(look: Look) -> None:
    import functools
    import os

    assert verdict(look(pickle.dumps(functools.partial(textwrap.dedent, "x")))) is Action.ASK
    assert verdict(look(pickle.dumps(functools.partial(os.system, "x")))) is Action.BLOCK
    known = op.glob("functools", "partial") + op.glob("builtins", "len") + MADE
    state = op.glob("shutil", "rmtree") + b")}N"  # another function than the one that it was made of
    assert verdict(look(op.proto(2) + known + b"(" + state + b"tb" + op.STOP)) is Action.BLOCK
