"""BUILD on what a call returned changes it for the whole process, when it is one that everybody gets."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from safeload.scanners.interface import Report
from tests.builders import opcodes as op

Look = Callable[..., Report]
MARK = op.text("_value_") + op.text("changed")
STATE = b"}" + MARK + b"s"


def built(module: str, name: str, arguments: bytes, state: bytes = STATE) -> bytes:
    return op.proto(4) + op.glob(module, name) + arguments + b"R" + state + b"b."


def found(report: Report) -> list[str]:
    return sorted({finding.rule.id for finding in report.findings})


CASES = {
    "enumeration": built("transformers.trainer_utils", "IntervalStrategy", op.text("no") + b"\x85"),
    "enumeration of Python": built("uuid", "SafeUUID", op.number(0) + b"\x85"),
    "attributes of it": built(
        "transformers.trainer_utils", "IntervalStrategy", op.text("no") + b"\x85", b"N" + STATE + b"\x86"
    ),
    "numpy's own dtype": built("numpy.dtypes", "Float64DType", b")", b"(" + op.number(3) + b"t"),
    "device": built("torch", "device", op.text("cpu") + b"\x85"),
    "properties of a layer": op.proto(4) + op.glob("torch.nn.modules.linear", "Linear") + b")\x81N" + STATE + b"\x86b.",
    "settings that are shared": op.proto(4) + op.glob("accelerate.state", "PartialState") + b")\x81N}"
    + op.text("_shared_state") + b"}s\x86b.",
    "persistent id": op.proto(4) + b"(" + op.text("storage") + op.glob("torch", "FloatStorage") + op.text("0")
    + op.text("cpu") + op.number(4) + b"tQ" + STATE + b"b.",
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_state_that_no_library_gives_is_found(look: Look, case: str) -> None:
    assert found(look(CASES[case])) == ["pickle-unexpected-state"]


def test_a_layer_in_the_protocols_before_2_is_judged_as_the_layer(look: Look) -> None:
    made = op.glob("copy_reg", "_reconstructor") + op.glob("argparse", "Namespace")
    made += op.glob("__builtin__", "object") + b"N\x87R"
    assert found(look(op.proto(2) + made + STATE + b"b.")) == []
    assert found(look(op.proto(2) + made + b"N" + STATE + b"\x86b.")) == ["pickle-unexpected-state"]


@pytest.mark.parametrize("state", [STATE, b"(dN\x86", b"N" + STATE + b"\x86"])
def test_free_names_take_what_they_can(look: Look, state: bytes) -> None:
    assert found(look(built("collections", "OrderedDict", b")", state))) == []


def test_without_us_the_member_is_another_one(tmp_path: Path) -> None:
    path = tmp_path / "member.pkl"
    path.write_bytes(CASES["enumeration of Python"])
    code = f"import pickle, uuid; pickle.load(open({str(path)!r}, 'rb')); print(uuid.SafeUUID.safe.value)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "changed\n"


def test_its_twin_is_clean(look: Look) -> None:
    import uuid

    assert found(look(pickle.dumps(uuid.SafeUUID.safe, 2))) == []
