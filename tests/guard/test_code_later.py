"""Repository code that is imported for the first time when the model is used."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import safeload
from safeload.errors import Stop
from safeload.policy.interface import Action
from tests.guard.deciders import Says

transformers = pytest.importorskip("transformers")
torch = pytest.importorskip("torch")
pytestmark = pytest.mark.heavy

HONEST = b"def kept(x):\n    return x\n"
EVIL = b"import os, pathlib\npathlib.Path(os.environ['SAFELOAD_DEMO_MARKER']).touch()\n" + HONEST
INPUTS = torch.ones(1, 8)


@pytest.fixture
def late(hub_env):
    """A model whose `forward` imports another file of its repository."""
    file = hub_env.store.get("nice/remote-code").commits[-1].file("modeling_my.py")
    source = hub_env.store.blob(file.blob).read_bytes()
    lazy = b"        from .later import kept\n\n        return kept(self.linear(inputs))\n"
    hub_env.push("nice/remote-code", {
        "modeling_my.py": source.replace(b"        return self.linear(inputs)\n", lazy), "later.py": HONEST,
    })  # fmt: skip
    return hub_env


@pytest.fixture
def guard(late):
    asked = Says(Action.ALLOW)
    safeload.install(decider=asked)
    yield asked
    safeload.remove()


def load():
    return transformers.AutoModel.from_pretrained("nice/remote-code", trust_remote_code=True)


def copied(model) -> Path:
    """Where transformers put the file that is not imported yet."""
    return Path(sys.modules[type(model).__module__].__file__).with_name("later.py")


def test_approved_code_that_is_imported_in_forward_runs_and_nobody_is_asked_again(guard):
    model = load()
    assert not any(name.endswith(".later") for name in sys.modules if name.startswith("transformers_modules."))
    assert model(INPUTS).shape == (1, 8)
    assert len(guard.asked) == 1


def test_other_bytes_in_its_place_do_not_run(guard, marker):
    model = load()
    copied(model).write_bytes(EVIL)
    with pytest.raises(Stop, match=r"later\.py"):
        model(INPUTS)
    assert not marker.exists()


def test_twin_without_the_guard_they_run(late, marker):
    model = load()
    copied(model).write_bytes(EVIL)
    model(INPUTS)
    assert marker.exists()


def later(module: str, name: str) -> None:
    """As if a function of this module imported a file beside it, just now."""
    exec(f"from .{name} import kept", {"__name__": module, "__package__": module.rpartition(".")[0]})


def beside(model) -> None:
    copied(model).with_name("unseen.py").write_bytes(EVIL)
    later(type(model).__module__, "unseen")


def test_a_file_beside_it_that_nobody_approved_does_not_run(guard, marker):
    with pytest.raises(Stop, match=r"unseen\.py"):
        beside(load())
    assert not marker.exists()


def test_twin_without_the_guard_it_runs(late, marker):
    beside(load())
    assert marker.exists()


def test_code_of_a_load_that_failed_is_not_approved_any_longer(guard, late):
    file = late.store.get("nice/remote-code").commits[-1].file("modeling_my.py")
    source = late.store.blob(file.blob).read_bytes()
    late.push("nice/remote-code", {"modeling_my.py": source.replace(b"self.post_init()", b"raise OSError('no room')")})
    with pytest.raises(OSError, match="no room"):
        load()
    (module,) = (name for name in sys.modules if name.endswith(".modeling_my"))
    with pytest.raises(Stop, match=r"later\.py"):
        later(module, "later")


def test_turning_the_guard_off_ends_every_approval(guard):
    model = load()
    safeload.remove()
    safeload.install()
    with pytest.raises(Stop, match=r"later\.py"):
        model(INPUTS)
