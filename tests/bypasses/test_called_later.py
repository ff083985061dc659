"""Names that are harmless in the calls a stream makes of them, kept where something calls them with other arguments.

`Sequential` calls what lies in its `_modules`, one after the other; `LSTM.__setstate__` takes an item of what its state
holds, and a `defaultdict` makes that by a call. So layers, operators and `partial` put bytes together that lie nowhere
in the file, and `_load_from_bytes` unpickles them.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from safeload.scanners.interface import Report
from tests.builders import opcodes as op

from .conftest import Attack, Oracle, rules

pytestmark = pytest.mark.heavy

Look = Callable[..., Report]
KEPT = op.stack_global("torch.storage", "_load_from_bytes")
PRIVATE = ("_parameters", "_buffers", "_backward_hooks", "_forward_hooks", "_backward_pre_hooks")
WITH_KEYWORDS = ("_forward_pre_hooks_with_kwargs", "_forward_hooks_with_kwargs")


def call(function: bytes, *given: bytes) -> bytes:
    return function + b"(" + b"".join(given) + b"tR"


def state(**fields: bytes) -> bytes:
    return b"}(" + b"".join(op.text(name) + value for name, value in fields.items()) + b"u"


def holder(module: str, name: str, **fields: bytes) -> bytes:
    return op.stack_global(module, name) + b")\x81" + state(**fields) + b"b"


def ordered(*values: bytes) -> bytes:
    items = b"".join(op.text(str(index)) + value for index, value in enumerate(values))
    return op.stack_global("collections", "OrderedDict") + b")R(" + items + b"u"


def partial(name: str, *given: bytes) -> bytes:
    function = op.stack_global("_operator", name)
    made = call(op.stack_global("functools", "partial"), function)
    return made + b"(" + function + b"(" + b"".join(given) + b"tNNtb"


def storage(value: Any) -> bytes:
    torch = pytest.importorskip("torch")
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=False)
    return file.getvalue()


class Touch:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (str(self.marker), "w")


def layers(marker: Path, sink: bytes) -> bytes:
    """Given False, it puts the payload together and hands it to the last of its layers."""
    content = storage(Touch(marker))
    *parts, last = [content[at : at + 7] for at in range(0, len(content), 7)]
    steps = [partial("not_"), partial("mul", op.data(last)), *(partial("add", op.data(one)) for one in reversed(parts))]
    empty = {name: ordered() for name in (*PRIVATE, *WITH_KEYWORDS)}
    hooks = ordered(op.stack_global("_operator", "is_"))
    modules = ordered(*steps, sink)
    return holder("torch.nn.modules.container", "Sequential", **empty, _modules=modules, _forward_pre_hooks=hooks)


def loaded() -> bytes:
    """The one use that pickles of tensors make of it."""
    torch = pytest.importorskip("torch")
    return call(KEPT, op.data(storage(torch.zeros(2))))


def while_loading(marker: Path) -> bytes:
    factory = call(op.stack_global("collections", "defaultdict"), layers(marker, KEPT))
    lstm = holder("torch.nn.modules.rnn", "LSTM", all_weights=factory, mode=op.text("LSTM"))
    return op.proto(4) + b"(" + loaded() + lstm + b"t."


def when_used(marker: Path) -> bytes:
    return op.proto(4) + b"(" + loaded() + layers(marker, KEPT) + b"t."


def behind_a_list_that_grows(marker: Path) -> bytes:
    """The layers are given a list, which gets the name later; then nothing that the VM holds leads to it."""
    grows = layers(marker, b"]q\x05")
    return op.proto(4) + b"(" + loaded() + grows + b"h\x05" + KEPT + b"aNq\x050t."


@pytest.mark.parametrize("loader", ["pickle", "python", "joblib", "torch"])
def test_a_state_that_sets_off_its_own_layers_while_loading(attack: Attack, marker: Path, loader: str) -> None:
    report = attack(while_loading(marker), loader=loader)
    assert "pickle-conditions-not-met" in rules(report)


def test_layers_that_unpickle_when_the_model_is_used(attack: Attack, marker: Path) -> None:
    attack(when_used(marker), loader="import pickle; pickle.load(open(path, 'rb'))[1](0)")


def test_a_list_that_grows_after_it_was_given_away(look: Look, marker: Path) -> None:
    assert "pickle-conditions-not-met" in rules(look(behind_a_list_that_grows(marker)))


def test_tensors_in_a_plain_pickle_are_ordinary(look: Look) -> None:
    torch = pytest.importorskip("torch")
    assert not look(pickle.dumps({"a": [torch.zeros(3)], "b": torch.ones(2)})).findings


FUNCTION = ("sklearn.preprocessing._function_transformer", "FunctionTransformer")
NUMPY_TEXT = (
    call(
        op.stack_global("numpy._core.multiarray", "scalar"),
        call(op.stack_global("numpy", "dtype"), op.text("U4"), b"\x89", b"\x88")
        + b"(K\x03" + op.text("<") + b"NNN" + op.number(16) + op.number(4) + op.number(8) + b"tb",
        op.data("func".encode("utf-32-le")),
    )
)  # fmt: skip
MADE_KEYS = {"str": call(op.stack_global("builtins", "str"), op.text("func")), "numpy": NUMPY_TEXT}


def made_key(key: bytes) -> bytes:
    given = b"}" + key + op.stack_global("uuid", "UUID") + b"s"
    return op.proto(4) + op.stack_global(*FUNCTION) + b")\x81" + given + b"b."


@pytest.mark.parametrize("key", MADE_KEYS)
def test_a_field_whose_name_a_call_makes(look: Look, oracle: Oracle, key: str) -> None:
    pytest.importorskip("sklearn")
    content = made_key(MADE_KEYS[key])
    code = "import pickle; o = pickle.load(open(path, 'rb')); import uuid; assert o.func is uuid.UUID"
    assert oracle.run(code, content)[0] == 0
    assert "pickle-unexpected-state" in rules(look(content))


ORDERED = ordered() + state(__setstate__=op.stack_global("uuid", "UUID")) + b"b" + op.text("x") + b"b"


def test_a_dictionary_that_names_what_its_next_state_is_given_to(look: Look) -> None:
    content = op.proto(4) + ORDERED + b"."
    with pytest.raises(ValueError, match="UUID"):
        pickle.loads(content)
    assert "pickle-call-on-result" in rules(look(content))


@pytest.mark.parametrize("kind", ["UnicodeDecodeError", "UnicodeEncodeError", "UnicodeTranslateError"])
def test_an_error_of_unicode_reads_where_it_was_told_to(look: Look, kind: str) -> None:
    given = () if kind == "UnicodeTranslateError" else (op.text("x"),)
    text = op.data(b"x") if kind == "UnicodeDecodeError" else op.text("x")
    made = call(
        op.stack_global("builtins", kind), *given, text, op.number(1 << 30), op.number((1 << 30) + 1), op.text("x")
    )
    assert rules(look(op.proto(4) + made + b"."))


def plain(value: object) -> bytes:
    """Its opcodes, without a memo of their own."""
    file = io.BytesIO()
    pickler = pickle._Pickler(file, 3)  # type: ignore[attr-defined]
    pickler.fast = True
    pickler.dump(value)
    return file.getvalue()[2:-1]


def given_twice() -> bytes:
    """scipy moves `row` and `col` of a state into `coords`; with others in their place it looks sound once more."""
    numpy = pytest.importorskip("numpy")
    pytest.importorskip("scipy")
    far, near = numpy.array([10**9, 10**9], dtype="int32"), numpy.array([0, 1], dtype="int32")
    empty = op.stack_global("scipy.sparse._coo", "coo_matrix") + b")\x81"
    first = state(row=plain(far), col=plain(near), data=plain(numpy.ones(2)), _shape=plain((2 * 10**9, 2 * 10**9)))
    then = b"(" + b"".join(
        op.text(name) + plain(value) for name, value in {"row": near, "col": near, "_shape": (2, 2)}.items()
    )
    return op.proto(4) + b"(" + empty + first + op.put(7) + b"b" + op.get(7) + then + b"u0" + empty + op.get(7) + b"bt."


def test_a_state_that_a_library_changed_before_it_is_given_again(look: Look, oracle: Oracle) -> None:
    content = given_twice()
    code = "import pickle; o = pickle.load(open(path, 'rb'))[1]; assert o.shape == (2, 2) and o.coords[0][0] == 10**9"
    assert oracle.run(code, content) == (0, "")
    assert "pickle-forged-array" in rules(look(content))
