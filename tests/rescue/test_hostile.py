"""Checkpoints that were made to be converted wrongly: weights come out without the payload, or nothing does."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from safeload.errors import Malformed, NotConverted, UsageError
from safeload.parsers.models import safetensors
from safeload.parsers.reader import Reader
from safeload.rescue.interface import PROVENANCE
from safeload.rescue.words import lines
from tests.builders import opcodes as op
from tests.builders.zips import Member, archive
from tests.rescue.conftest import Convert
from tests.rescue.streams import checkpoint, plan, state, storage, tensor

# Opcodes that call, in every way there is; each leaves one value.
GADGETS: dict[str, Callable[[Path], bytes]] = {
    "reduce": op.touch,
    "inst": op.inst_touch,
    "obj": op.obj_touch,
    "result-called": lambda marker: op.touch(marker) + op.EMPTY_TUPLE + op.REDUCE,
    "built": lambda marker: op.touch(marker) + op.text("state") + op.BUILD,
    "name": lambda marker: op.glob("builtins", "open"),
}


def header(path: Path) -> dict[str, object]:
    raw = path.read_bytes()
    found: dict[str, object] = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    return found


def values(path: Path, name: str) -> tuple[float, ...]:
    raw = path.read_bytes()
    length = 8 + int.from_bytes(raw[:8], "little")
    entry = json.loads(raw[8:length])[name]
    start, end = entry["data_offsets"]
    return struct.unpack(f"<{(end - start) // 4}f", raw[length + start : length + end])


@pytest.mark.parametrize("how", GADGETS)
@pytest.mark.parametrize("where", ["in front", "inside", "behind", "as a key"])
def test_a_poisoned_checkpoint_yields_its_weights_and_not_its_payload(
    how: str, where: str, converted: Convert, tmp_path: Path
) -> None:
    marker = tmp_path / "marker"
    gadget = GADGETS[how](marker)
    clean = state(("w", tensor()))
    pickle = {
        "in front": gadget + op.POP + clean,
        "behind": clean + gadget + op.POP,
        "inside": state(("w", tensor()), ("x", gadget)),
        "as a key": op.EMPTY_DICT + op.MARK + op.text("w") + tensor() + gadget + op.NONE + op.SETITEMS,
    }[where]
    done = converted(checkpoint(pickle))
    out = done.folder / "model.safetensors"
    assert values(out, "w") == (1, 2, 3, 4)
    assert not marker.exists()
    assert any(name.endswith("open") for name in done.taken[0].names)
    assert b"open" not in out.read_bytes()
    assert safetensors.read(Reader.of_bytes(out.read_bytes())).tensors == 1


@pytest.mark.heavy
def test_the_same_file_runs_its_payload_when_torch_loads_it(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    path = tmp_path / "model.pt"
    path.write_bytes(checkpoint(state(("w", tensor()), ("x", op.touch(marker)))))
    code = f"import torch; print(torch.load({str(path)!r}, weights_only=False)['w'].tolist())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[1.0, 2.0, 3.0, 4.0]"
    assert marker.exists()


@pytest.mark.parametrize(
    ("what", "pickle"),
    [
        ("negative", tensor(stride=(-1,))),
        ("negative", tensor(offset=-1)),
        ("negative", tensor(shape=(-4,))),
        ("beyond any memory", tensor(shape=(1 << 63,), stride=(0,))),
        ("more elements", tensor(shape=(1 << 40, 1 << 40), stride=(0, 0))),
        ("repeats its numbers", tensor(shape=(1 << 40,), stride=(0,))),
        ("beyond the end of its storage", tensor(shape=(5,))),
        ("beyond the end of its storage", tensor(offset=1)),
        ("beyond the end of its storage", tensor(shape=(2, 2), stride=(3, 1))),
        ("beyond the end of its storage", tensor(shape=(2,), stride=((1 << 61) - 1,))),
        ("a shape that is none", tensor(shape=(2, 2), stride=(1,))),
        ("a shape that is none", tensor(shape=(1,) * 65, stride=(1,) * 65)),
        ("fewer than the pickle says", tensor(storage(count=5))),
        ("fewer than the pickle says", tensor(storage(count=-1))),
        ("fewer than the pickle says", tensor(storage(kind="DoubleStorage"))),
        ("is not in the file", tensor(storage("1"))),
        ("is not in the file", tensor(storage("../data.pkl"))),
        ("not described as torch", tensor(op.NONE)),
    ],
)
def test_a_tensor_that_lies_ends_the_conversion(what: str, pickle: bytes, converted: Convert, tmp_path: Path) -> None:
    with pytest.raises(NotConverted, match=what):
        converted(checkpoint(state(("w", pickle))))
    assert sorted(os.listdir(tmp_path)) == ["model.pt"]


@pytest.mark.parametrize("kind", ["DoubleStorage", "IntStorage", "UntypedStorage"])
def test_one_storage_of_two_types(kind: str) -> None:
    """torch takes the first type for both: the tensors would differ from those that a load shows."""
    pickle = state(("a", tensor()), ("b", tensor(storage(kind=kind, count=2), shape=(2,))))
    with pytest.raises(Malformed, match="of two types"):
        plan(checkpoint(pickle))


def test_members_that_overlap() -> None:
    inner = bytes(64)
    two = (Member(name="archive/data/0", data=inner), Member(name="archive/data/1", data=inner))
    pickle = state(("a", tensor(storage(count=16))), ("b", tensor(storage("1", count=16))))
    whole = checkpoint(pickle, extra=two)
    assert len(plan(whole).storages) == 2
    # The directory's line of the second member leads to the first.
    places = [i for i in range(len(whole)) if whole.startswith(b"PK\x01\x02", i)]
    at = {whole[p + 46 : p + 46 + whole[p + 28]].decode(): p + 42 for p in places}
    first = whole[at["archive/data/0"] : at["archive/data/0"] + 4]
    second = int.from_bytes(first, "little") + 8
    lying = bytearray(whole)
    lying[at["archive/data/1"] : at["archive/data/1"] + 4] = first
    with pytest.raises(Malformed, match="the same bytes"):
        plan(bytes(lying))
    lying[at["archive/data/1"] : at["archive/data/1"] + 4] = second.to_bytes(4, "little")
    with pytest.raises(Malformed):
        plan(bytes(lying))


@pytest.mark.parametrize("name", ["archive/data/0", "archive/DATA/0"])
def test_a_storage_that_is_there_twice(name: str) -> None:
    twice = (Member(name="archive/data/0", data=bytes(16)), Member(name=name, data=b"\1" * 16))
    with pytest.raises(Malformed, match="2 times"):
        plan(checkpoint(state(("w", tensor())), extra=twice))


@pytest.mark.parametrize(
    ("what", "member"),
    [
        ("encrypted", Member(name="archive/data/0", data=bytes(16), flags=1)),
        ("compressed", Member(name="archive/data/0", data=bytes(16), method=8)),
    ],
)
def test_storages_that_torch_would_not_write(what: str, member: Member) -> None:
    with pytest.raises(Malformed, match=what):
        plan(checkpoint(state(("w", tensor())), extra=(member,)))


@pytest.mark.parametrize(
    "name", ["a\nb", "\u202egnp.exe", "../../etc/passwd", "/etc/passwd", "", "a b", "ключ", "\x1b[31m", "a'\"\\"]
)
def test_any_text_is_a_tensors_name_and_never_a_path(name: str, converted: Convert) -> None:
    done = converted(checkpoint(state((name, tensor()), ("x\n\u202e", op.NONE))))
    assert values(done.folder / "model.safetensors", name) == (1, 2, 3, 4)
    assert sorted(os.listdir(done.folder)) == ["model.safetensors", PROVENANCE]
    for line in lines(done):
        assert line.isprintable()


@pytest.mark.parametrize("name", ["__metadata__", "half \ud800"])
def test_a_name_that_safetensors_cannot_hold(name: str, converted: Convert) -> None:
    with pytest.raises(NotConverted, match="name"):
        converted(checkpoint(state((name, tensor()))))


def test_the_last_of_two_equal_keys_counts_as_in_python(converted: Convert) -> None:
    done = converted(checkpoint(state(("w", tensor(shape=(1,))), ("w", tensor(shape=(2,))))))
    assert values(done.folder / "model.safetensors", "w") == (1, 2)


def test_two_tensors_that_would_have_one_name() -> None:
    pickle = state(("a.b", tensor()), ("a", state(("b", tensor()))))
    with pytest.raises(Malformed, match="two tensors"):
        plan(checkpoint(pickle))


def test_a_dictionary_within_itself_ends() -> None:
    pickle = op.EMPTY_DICT + op.put(0) + op.MARK + op.text("w") + tensor() + op.text("me") + op.get(0) + op.SETITEMS
    found = plan(checkpoint(pickle))
    assert [one.name for one in found.tensors] == ["w"]
    assert found.dropped[0].what == "itself again"


def test_two_names_of_one_tensor_are_one_tensor_and_an_alias(converted: Convert) -> None:
    done = converted(checkpoint(state(("head", tensor()), ("tied", tensor()), ("part", tensor(shape=(2,), offset=1)))))
    out = done.folder / "model.safetensors"
    assert header(out)["__metadata__"] == {"tied": "head", "format": "pt"}
    assert values(out, "part") == (2, 3)
    assert done.taken[0].unshared == ("part",)


def test_a_view_that_is_not_in_order_comes_out_in_order(converted: Convert) -> None:
    pickle = state(("t", tensor(shape=(2, 2), stride=(1, 2))), ("e", tensor(shape=(3, 2), stride=(0, 2))))
    out = converted(checkpoint(pickle)).folder / "model.safetensors"
    assert values(out, "t") == (1, 3, 2, 4)
    assert values(out, "e") == (1, 3, 1, 3, 1, 3)


def test_numbers_of_a_big_endian_machine_are_turned_round(converted: Convert) -> None:
    pickle = op.proto(2) + state(("w", tensor()), ("t", tensor(shape=(2, 2), stride=(1, 2)))) + op.STOP

    def whole(order: bytes) -> bytes:
        members = {"data.pkl": pickle, "byteorder": order, "data/0": struct.pack(">4f", 1, 2, 3, 4)}
        return archive([Member(name=f"archive/{name}", data=data) for name, data in members.items()])

    out = converted(whole(b"big")).folder / "model.safetensors"
    assert values(out, "w") == (1, 2, 3, 4)
    assert values(out, "t") == (1, 3, 2, 4)
    with pytest.raises(Malformed, match="neither little nor big"):
        plan(whole(b"middle"))


@pytest.mark.parametrize(
    ("what", "data"),
    [
        ("not a checkpoint of torch", b"hello"),
        ("cannot be run", op.proto(2) + b"(("),
        ("cannot be run", op.proto(2)),
        ("no tensor", op.proto(2) + op.EMPTY_DICT + op.STOP),
        ("no tensor", checkpoint(state(("a", op.NONE)))),
        ("asks its loader", op.proto(2) + op.text("x") + op.BINPERSID + op.STOP),
    ],
)
def test_what_holds_no_tensors_is_one_clear_error(what: str, data: bytes, converted: Convert, tmp_path: Path) -> None:
    with pytest.raises(NotConverted, match=f"{what}|no pickle"):
        converted(data)
    assert sorted(os.listdir(tmp_path)) == ["model.pt"]


def test_a_folder_that_is_there_is_left_alone(converted: Convert, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("kept")
    with pytest.raises(UsageError, match="is there already"):
        converted(checkpoint(state(("w", tensor()))))
    assert (tmp_path / "out" / "mine").read_text() == "kept"


def test_a_file_that_is_cut_off_anywhere_is_refused_or_read() -> None:
    whole = checkpoint(state(("w", tensor())))
    for end in range(0, len(whole), 7):
        with pytest.raises(Malformed):
            plan(whole[:end])


SHARED = {"a type": "float32", "a storage's class": "FloatStorage"}


@pytest.mark.parametrize("case", SHARED)
def test_what_describes_tensors_is_not_changed_by_the_stream(case: str) -> None:
    """BUILD with a pair sets attributes, of slots too: every tensor after it would be read as another type."""
    changed = op.text("name") + op.text("float16") if case == "a type" else op.text("dtype") + op.glob("torch", "half")
    state_of = b"(" + op.NONE + op.EMPTY_DICT + changed + op.SETITEM + op.TUPLE
    stream = op.glob("torch", SHARED[case]) + state_of + op.BUILD + op.POP + state(("w", tensor()))
    with pytest.raises(Malformed, match="changes what describes tensors"):
        plan(checkpoint(stream))
    assert plan(checkpoint(state(("w", tensor())))).tensors[0].dtype == "F32"
