"""An allowed class that calls a method which its state names, on an object that its state holds.

The file is quiet when it loads, and writes where the attacker wants when the model is used.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from safeload.policy.interface import Action
from safeload.scanners.interface import Report
from tests.builders import opcodes as op
from tests.bypasses.conftest import Attack, Oracle, rules, verdict

stacking = pytest.importorskip("sklearn.ensemble")
dummy = pytest.importorskip("sklearn.dummy")
numpy = pytest.importorskip("numpy")

Look = Callable[..., Report]
# What write_bytes returned is no array; it has written by then.
PREDICT = """
import pickle
first, stack = pickle.load(open(path, 'rb'))
try: stack.transform(first.predict([[0]]))
except AttributeError: pass
"""


def planted(marker: Path) -> Any:
    """A fitted stack whose second stage calls `write_bytes` of a path with what the first stage predicts."""
    payload = b"written by predict()"
    first = dummy.DummyRegressor(strategy="constant", constant=0)
    first.constant_, first.n_outputs_ = numpy.frombuffer(payload, "u1").reshape(1, -1), len(payload)
    stack = stacking.StackingRegressor([])
    stack.estimators_, stack.stack_method_, stack.passthrough = [marker], ["write_bytes"], False
    return first, stack


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_method_that_the_state_names(protocol: int, attack: Attack) -> None:
    attack(pickle.dumps(planted(attack.marker), protocol), loader=PREDICT)


@pytest.mark.parametrize("module", ["builtins", "__builtin__"])
def test_bytes_of_an_object_that_iterates_as_it_likes(module: str, look: Look) -> None:
    """A bytearray asks the object that it is made of: only encoded text, as old protocols write it, has no say."""
    made = op.glob("torch.nn.modules.container", "ModuleList") + b")\x81"
    stream = op.proto(2) + op.glob(module, "bytearray") + made + op.TUPLE1 + op.REDUCE + op.STOP
    assert "pickle-conditions-not-met" in rules(look(stream))
    assert verdict(look(pickle.dumps(bytearray(b"abc"), 2))) is Action.ALLOW


PLANTED = (
    op.glob("types", "SimpleNamespace") + b")\x81}" + op.text("detach") + op.glob("torch.nn.functional", "relu") + b"sb"
)
MAKER = op.glob("torch._utils", "_rebuild_parameter")
TYPED = op.glob("torch._tensor", "_rebuild_from_type_v2") + b"(" + MAKER + op.glob("torch.nn.parameter", "Parameter")


@pytest.mark.parametrize("call", [MAKER + PLANTED + b"\x88}\x87R", TYPED + PLANTED + b"\x88}\x87}tR"])
def test_a_parameter_of_what_is_no_tensor(call: bytes, look: Look, oracle: Oracle) -> None:
    """torch calls `detach` of it, which the state of an allowed class has put there."""
    stream = op.proto(2) + call + op.STOP
    assert rules(look(stream)) & {"pickle-conditions-not-met", "pickle-hands-over-function"}
    _, last = oracle.run("import torch, pickle; pickle.load(open(path, 'rb'))", stream)
    assert "relu()" in last, "the twin: the planted function was called"
