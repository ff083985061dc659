"""G: attacks on the way this scanner reads: what a simulation and the real loader could see differently."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from safeload.policy.interface import Action
from tests.builders import opcodes as op
from tests.bypasses.conftest import Attack, rules, verdict
from tests.parsers.test_joblib import array, dtype

Build = Callable[[Path], bytes]
CALL = op.TUPLE2 + op.REDUCE


def call(marker: Path) -> bytes:
    return op.text(str(marker)) + op.text("w") + CALL


# 46: a class that reads raw bytes from the stream makes one file two programs.
DESYNC: dict[str, tuple[Build, str]] = {
    "array bytes that pickle takes for opcodes": (lambda m: array(op.POP + op.touch(m)), "pickle"),
    "opcodes behind array bytes": (lambda m: array(b"\xff\xff\xff") + b"0" + op.touch(m), "joblib"),
    "objects in an array": (lambda m: array(op.evil(m), of=dtype("O8", flags=63), count=1), "joblib"),
}


@pytest.mark.parametrize("case", DESYNC)
def test_every_reading_of_a_joblib_file_counts(case: str, attack: Attack) -> None:
    build, loader = DESYNC[case]
    assert "pickle-dangerous-call" in rules(attack(op.proto(2) + build(attack.marker) + op.STOP, loader=loader))


def test_a_wrapper_made_in_another_way_is_not_believed(attack: Attack) -> None:
    made = op.glob("copyreg", "_reconstructor") + op.glob("joblib.numpy_pickle", "NumpyArrayWrapper")
    made += op.glob("builtins", "object") + b"N\x87R"
    swallowed = b"X\x40\0\0\0"  # for joblib: array bytes; for pickle: the head of a string
    state = array(b"", count=len(swallowed)).partition(b"\x81")[2]
    payload = op.touch(attack.marker) + b"0"
    stream = op.proto(2) + made + state + swallowed + payload + b"N" * (64 - len(payload)) + b"0."
    attack(stream, loader="joblib")


def test_an_extension_code_of_this_process_is_no_name(attack: Attack) -> None:
    """50, and 6: the second import never appears as a name."""
    register = op.glob("copyreg", "add_extension") + op.text("builtins") + op.text("open") + op.number(240) + b"\x87R0"
    stream = op.proto(2) + register + b"\x82\xf0" + call(attack.marker) + op.STOP
    assert {"pickle-dangerous-call", "pickle-extension-code"} <= rules(attack(stream))


@pytest.mark.parametrize("code", [b"\x82\xf0", b"\x83\xf0\0", b"\x84\xf0\0\0\0"], ids=["EXT1", "EXT2", "EXT4"])
def test_every_form_of_an_extension_code_is_found(code: bytes, attack: Attack) -> None:
    loader = "import copyreg, pickle; copyreg.add_extension('builtins', 'open', 240); pickle.load(open(path, 'rb'))"
    report = attack(op.proto(2) + code + call(attack.marker) + op.STOP, loader=loader)
    assert "pickle-extension-code" in rules(report)


def test_building_what_a_call_returned(attack: Attack) -> None:
    """51: NEWOBJ of a class that only a call names."""
    planted = op.glob("types", "SimpleNamespace") + b")R}" + op.text("__new__") + op.glob("builtins", "print") + b"sb"
    stream = op.proto(2) + op.touch(attack.marker) + b"0" + planted + op.text("x") + b"\x85\x81."
    attack(stream, loader="python")


# 52: grafts.
GRAFTS: dict[str, Build] = {
    "sys.modules": lambda m: op.glob("sys", "modules") + op.text("json") + op.glob("builtins", "open") + b"s0",
    "copyreg's table": lambda m: op.glob("copyreg", "dispatch_table") + op.text("x") + op.text("y") + b"s0",
    "a class": lambda m: op.glob("argparse", "Namespace") + b"N}" + op.text("__getattr__") + op.text("x") + b"s\x86b0",
}


@pytest.mark.parametrize("case", GRAFTS)
def test_what_changes_a_name_itself_is_tampering(case: str, attack: Attack) -> None:
    stream = op.proto(2) + GRAFTS[case](attack.marker) + op.touch(attack.marker) + op.STOP
    assert "pickle-tampering" in rules(attack(stream))


# 54: the verdict has to hold for every way to load.
@pytest.mark.parametrize("loader", ["pickle", "python", "latin-1", "utf-8", "bytes", "joblib", "torch"])
def test_one_file_for_every_loader(loader: str, attack: Attack) -> None:
    from tests.builders.checkpoints import torch_zip

    stream = op.evil(attack.marker)
    attack(torch_zip(stream) if loader == "torch" else stream, loader=loader)


@pytest.mark.parametrize("loader", ["pickle", "no fix_imports"])
def test_names_count_as_written_and_as_mapped(loader: str, attack: Attack) -> None:
    written = ("__builtin__", "open") if loader == "pickle" else ("builtins", "open")
    stream = op.proto(2) + op.glob(*written) + call(attack.marker) + op.STOP
    assert "pickle-dangerous-call" in rules(attack(stream, loader=loader))


def test_a_storage_that_is_longer_than_its_record_is_a_gap(attack: Attack) -> None:
    """torch before 2.10 read on behind the record; now it refuses."""
    torch = pytest.importorskip("torch")
    import io
    import zipfile

    file = io.BytesIO()
    torch.save({"w": torch.zeros(4)}, file)
    whole = zipfile.ZipFile(file)
    changed = io.BytesIO()
    with zipfile.ZipFile(changed, "w") as target:
        for name in whole.namelist():
            data = whole.read(name)
            longer = data.replace(b"K\x04tq", op.number(1 << 20) + b"tq").replace(
                b"K\x04\x85", op.number(1 << 20) + b"\x85"
            )
            target.writestr(name, longer if name.endswith("data.pkl") else data)
    assert verdict(attack.look(file.getvalue())) is Action.ALLOW
    assert verdict(attack.look(changed.getvalue())) is not Action.ALLOW
