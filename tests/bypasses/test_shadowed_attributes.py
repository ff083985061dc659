"""An instance's own dictionary comes before its class: what it holds under the name of a method is called instead.

Whoever loads a whole model calls it next. So what a state puts under `forward`, or into the dictionaries of hooks,
runs then; and a text in it can name the code that computes attention. Callables are harmless whoever calls them, or are
looked for in all that a stream keeps (`parsers/pickles/kept.py`); texts that name code are the library's own.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from safeload.policy.interface import Action
from safeload.scanners.interface import Report
from tests.builders import opcodes as op
from tests.bypasses.conftest import Oracle, rules, verdict

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.heavy
Look = Callable[..., Report]

SINK = op.stack_global("torch.storage", "_load_from_bytes")
HARMLESS = op.stack_global("torch.nn.functional", "relu")
DIRECT = ("forward", "_compiled_call_impl", "_call_impl", "_wrapped_call_impl", "load_state_dict", "__call__")
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_load_state_dict_pre_hooks", "_load_state_dict_post_hooks")
# What the next call of whoever loaded it does with the last field; `given` is a file of torch with a payload in it.
CALLED = {
    "forward": "model(given)",
    "_compiled_call_impl": "model(given)",
    "_call_impl": "model(given)",
    "load_state_dict": "model.load_state_dict(given)",
}


def linear(field: str, value: bytes) -> bytes:
    empty = (*torch.nn.Linear(1, 1).__dict__,)
    plain = [name for name in empty if name.startswith("_") and name not in (field, "_is_full_backward_hook")]
    items = b"".join(
        op.text(name) + (b"N" if name == "_non_persistent_buffers_set" else b"}") for name in plain if name != field
    )
    own = op.text(field) + value
    return op.stack_global("torch.nn.modules.linear", "Linear") + b")\x81}(" + items + own + b"ub"


def model(field: str, kept: bytes) -> bytes:
    value = b"}" + op.number(0) + kept + b"s" if field in HOOKS else kept
    file = io.BytesIO()
    torch.save(torch.zeros(1), file, _use_new_zipfile_serialization=False)
    ordinary = SINK + b"(" + op.data(file.getvalue()) + b"tR"  # its ordinary use, so that the name itself is no finding
    return op.proto(4) + b"(" + ordinary + linear(field, value) + b"t."


@pytest.mark.parametrize("field", [*DIRECT, *HOOKS])
def test_what_unpickles_under_the_name_of_a_method_is_found(field: str, look: Look) -> None:
    report = look(model(field, SINK))
    assert "pickle-conditions-not-met" in rules(report)
    assert verdict(report) is not Action.ALLOW
    assert verdict(look(model(field, HARMLESS))) is Action.ALLOW  # any other listed function there does no harm


class Touch:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (str(self.marker), "w")


@pytest.mark.parametrize("field", CALLED)
def test_without_us_the_next_call_runs_it(field: str, oracle: Oracle, marker: Path) -> None:
    payload = io.BytesIO()
    torch.save(Touch(marker), payload, _use_new_zipfile_serialization=False)
    code = f"import torch, pickle; model = pickle.load(open(path, 'rb'))[1]; given = {payload.getvalue()!r}\n"
    oracle.run(code, model(field, SINK))
    assert not marker.exists(), "loading alone is quiet"
    ended = oracle.run(code + CALLED[field], model(field, SINK))
    assert marker.exists(), ended


def bert(**state: Any) -> bytes:
    transformers = pytest.importorskip("transformers")
    tiny = {"hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 4, "vocab_size": 8}
    made = transformers.BertModel(transformers.BertConfig(**tiny))
    made.__dict__.update({name: value for name, value in state.items() if not name.endswith("_internal")})
    made.config.__dict__.update({name: value for name, value in state.items() if name.endswith("_internal")})
    return pickle.dumps(made)


KERNEL = "someone/attention"
# transformers asks the package `kernels` for it, which may refuse; this one writes down what it was asked for.
ASKED = """
import pickle, transformers.integrations.hub_kernels as hub, transformers.modeling_utils as models
asked = []
hub.is_kernels_available = lambda: True
hub.get_kernel_hub = lambda name, **how: asked.append(name) or 1 / 0
model = pickle.load(open(path, 'rb'))
try: model.set_attn_implementation('flash_attention_2')
except Exception: pass
assert 'someone/attention' in asked, asked
"""


def test_a_state_names_the_kernel_that_an_ordinary_setting_loads(look: Look, oracle: Oracle) -> None:
    content = bert(_compatible_flash_implementations=[KERNEL])
    assert oracle.run(ASKED, content)[0] == 0
    assert "pickle-conditions-not-met" in rules(look(content))
    assert oracle.run(ASKED, bert())[0] == 1


@pytest.mark.parametrize("implementation", [KERNEL, "kernels-community/flash-attn2:f", "", 1, [KERNEL], b"sdpa"])
def test_only_the_librarys_own_ways_of_attention(implementation: Any, look: Look) -> None:
    assert verdict(look(bert())) is Action.ALLOW
    assert verdict(look(bert(_attn_implementation_internal="sdpa"))) is Action.ALLOW
    assert "pickle-conditions-not-met" in rules(look(bert(_attn_implementation_internal=implementation)))
