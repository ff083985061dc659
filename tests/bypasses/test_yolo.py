"""ultralytics builds a model again of the description in its state, and fetches what a checkpoint's settings name."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import pytest

from safeload.policy.interface import Action
from safeload.scanners.interface import Report
from tests.builders import opcodes as op

from .conftest import Oracle, verdict

Look = Callable[..., Report]
LAYERS = [[-1, 1, "Conv", [16, 3, 2]], [[-1, 0], 1, "nn.Upsample", ["None", 2, "nearest"]]]
HEAD = [[[1], 1, "Detect", ["nc"]]]
PLAIN: dict[str, Any] = {"nc": 2, "scales": {"n": [0.3, 0.25, 1024]}, "backbone": LAYERS, "head": HEAD}
SETTINGS: dict[str, Any] = {"task": "detect", "data": "/content/data.yaml", "epochs": 1, "classes": None, "freeze": [1]}
ADDRESS = "https://example.com/data.yaml"


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A class of the library's name."""
    made = type("DetectionModel", (), {"__module__": "ultralytics.nn.tasks"})
    modules = [ModuleType(name) for name in ("ultralytics", "ultralytics.nn", "ultralytics.nn.tasks")]
    modules[-1].DetectionModel = made  # type: ignore[attr-defined]
    for module in modules:
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return made


def written(model: Any, settings: Any = SETTINGS, *, beside: Any = None, **state: Any) -> bytes:
    made = model()
    made.__dict__.update({"yaml": PLAIN, "names": {0: "person", 1: "Mask/Hat"}, "training": False, **state})
    return pickle.dumps({"epoch": -1, "ema": made, "train_args": settings, **(beside or {})}, 2)


def test_a_model_as_the_library_writes_it(model: Any, look: Look) -> None:
    assert verdict(look(written(model))) is Action.ALLOW
    assert verdict(look(written(model, yaml={**PLAIN, "activation": "nn.SiLU()"}))) is Action.ALLOW
    assert verdict(look(written(model, args=SETTINGS))) is Action.ALLOW


@pytest.mark.parametrize(
    "state",
    [
        {"yaml": {**PLAIN, "activation": "__import__('os').getpid()"}},
        {"yaml": {**PLAIN, "head": [[-1, 1, "torch_load", ["other.pt"]]]}},
        {"yaml": {**PLAIN, "head": [[-1, 1, "nn.modules", []]]}},
        {"yaml": {**PLAIN, "head": {"a": 1}}},
        {"yaml": {**PLAIN, "head": [[-1, 1, "Conv"]]}},
        {"yaml": {**PLAIN, "activation": ["nn.SiLU()"]}},
        {"yaml": "other.yaml"},
        {"names": {0: "../../person"}},
        {"names": ["/etc/person"]},
        {"names": {0: "C:\\person"}},
        {"names": {0: 1}},
        {"args": {"data": ADDRESS}},
    ],
    ids=lambda state: str(state)[-40:],
)
def test_what_a_model_says_of_itself_is_not_believed(state: dict[str, Any], model: Any, look: Look) -> None:
    assert verdict(look(written(model, **state))) is not Action.ALLOW


@pytest.mark.parametrize("settings", [{"data": ADDRESS}, {"a": [{"pretrained": ADDRESS}]}, [ADDRESS]])
def test_settings_that_fetch(settings: Any, model: Any, look: Look) -> None:
    assert verdict(look(written(model, settings))) is not Action.ALLOW


@pytest.mark.parametrize("name", ["yaml", "names", "args"])
def test_what_lies_beside_a_model_hides_nothing(name: str, model: Any, look: Look) -> None:
    beside = {"yaml": PLAIN, "names": {}, "args": {}}
    evil = {"yaml": {**PLAIN, "activation": "print()"}, "names": {0: "/a"}, "args": {"data": ADDRESS}}
    assert verdict(look(written(model, beside=beside))) is Action.ALLOW
    assert verdict(look(written(model, beside=beside, **{name: evil[name]}))) is not Action.ALLOW


def test_settings_in_the_state_hide_none_beside_it(model: Any, look: Look) -> None:
    assert verdict(look(written(model, {"data": ADDRESS}, train_args=SETTINGS))) is not Action.ALLOW


def test_what_another_library_restores(model: Any, look: Look) -> None:
    assert verdict(look(written(model, beside={"modelopt": {"a": 1}}))) is not Action.ALLOW
    assert verdict(look(written(model, beside={"modelopt": None}))) is Action.ALLOW


def test_a_description_that_changes_after_it_was_given(model: Any, look: Look) -> None:
    """The state and the dictionary that is changed later are one."""
    shared = dict(PLAIN)
    made = model()
    made.__dict__["yaml"] = shared
    data = pickle.dumps((made, shared), 4)
    assert verdict(look(data)) is Action.ALLOW
    assert data.endswith(b"\x86\x94.")
    evil = op.text("activation") + op.text("__import__('os').getpid()") + b"s"
    assert pickle.loads(data[:-3] + evil + b"\x86.")[0].yaml["activation"].startswith("__import__")
    assert verdict(look(data[:-3] + evil + b"\x86.")) is not Action.ALLOW


def test_a_class_that_something_else_may_call(model: Any, look: Look) -> None:
    """Its constructor evaluates a description, so nothing may keep it."""
    for kept in ([model], {"a": (1, [model])}):
        assert verdict(look(pickle.dumps(kept, 2))) is not Action.ALLOW
    holds = op.glob("torch.nn.modules.container", "Sequential") + b")\x81}" + op.text("_modules") + b"}" + op.text("0")
    held = op.proto(2) + holds + op.glob("ultralytics.nn.tasks", "DetectionModel") + b"ssb."
    assert verdict(look(held)) is not Action.ALLOW


@pytest.mark.heavy
@pytest.mark.skipif(find_spec("ultralytics") is None, reason="the library is not here")
def test_training_evaluates_the_description(oracle: Oracle) -> None:
    code = (
        "from ultralytics.nn.tasks import DetectionModel as M; "
        "m = M('yolov8n.yaml', verbose=False); m.yaml['activation'] = 'print(41 + 1) or torch.nn.SiLU()'; "
        "import pickle; m = pickle.loads(pickle.dumps(m)); M(m.yaml, verbose=False)"
    )
    assert oracle.run(code, b"") == (0, "42")
