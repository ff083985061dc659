"""What a stream does is seen, whatever tricks it plays: attacks run under the real loader, and leave facts here."""

from __future__ import annotations

import base64
import bz2
import gzip
import lzma
import pickle
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders import opcodes as op
from tests.builders.checkpoints import torch_legacy
from tests.parsers.conftest import Examine, Runs, gaps, names, roles

PICKLE = "pickle.load(open(path, 'rb'))"
LATIN = "pickle.load(open(path, 'rb'), encoding='latin1')"  # as torch and numpy load
EVERY_STREAM = "f = open(path, 'rb')\nwhile f.peek(1): pickle.load(f)"

Build = Callable[[Path], bytes]

# Classes of ../shared facts B and C: the name is what an honest reading must show.
ATTACKS: dict[str, Build] = {
    "reduce": lambda m: op.evil(m),
    "stack-global": lambda m: (
        op.proto() + op.stack_global("builtins", "open") + op.text(str(m)) + op.text("w") + op.TUPLE2 + b"R."
    ),
    "stack-global-from-string-opcode": lambda m: (
        op.proto() + b"S'builtins'\nS'open'\n\x93" + op.text(str(m)) + op.text("w") + op.TUPLE2 + b"R."
    ),
    "name-after-pop-and-dup": lambda m: (
        op.proto() + op.text("builtins") + op.text("decoy") + op.POP + op.text("open") + b"\x8c\x01x2" + b"00\x93"
        + op.text(str(m)) + op.text("w") + op.TUPLE2 + b"R."
    ),
    "memo-after-get": lambda m: (
        op.proto() + op.text("builtins") + op.MEMOIZE + op.POP + op.text("open") + op.MEMOIZE + op.POP + op.get(0)
        + op.MEMOIZE + op.POP + op.get(2) + op.get(1) + b"\x93" + op.text(str(m)) + op.text("w") + op.TUPLE2 + b"R."
    ),
    "memo-rebound": lambda m: (
        op.proto(2) + op.text("harmless") + op.put(0) + op.POP + op.text("open") + op.put(0) + op.POP
        + op.text("builtins") + op.get(0) + b"\x93" + op.text(str(m)) + op.text("w") + op.TUPLE2 + b"R."
    ),
    "inst": lambda m: op.inst_touch(m) + b".",
    "obj": lambda m: op.proto(2) + op.obj_touch(m) + b".",
    "result-popped": lambda m: op.proto(2) + op.touch(m) + b"0N.",
    "obj-popped": lambda m: op.proto(2) + op.obj_touch(m) + b"0N.",
    "newobj-ex": lambda m: (
        op.proto() + op.glob("builtins", "tuple") + op.glob("builtins", "map") + op.glob("builtins", "open")
        + b"](" + op.text(str(m)) + b"e](" + op.text("w") + b"e\x87}\x92\x85}\x92."
    ),
    "broken-tail": lambda m: op.proto(2) + op.touch(m) + b"\xff\xff\xff",
    "cut-off": lambda m: op.proto(2) + op.touch(m),
    "int-base-0": lambda m: op.proto(2) + b"I0x10\n0" + op.touch(m) + b".",
    "string-not-ascii": lambda m: op.proto(2) + b"S'\\xe9'\n0" + op.touch(m) + b".",
    "bytearray8-first": lambda m: op.proto(5) + b"\x96\x01\0\0\0\0\0\0\0x0" + op.touch(m) + b".",
    "float-and-long-first": lambda m: op.proto(1) + b"F1.5\n0L5L\n0" + op.touch(m) + b".",
    "no-proto": lambda m: op.touch(m) + b".",
    "protocol-0": lambda m: b"cbuiltins\nopen\n(V" + str(m).encode() + b"\nVw\ntR.",
    "nested-dotted": lambda m: (
        op.proto() + op.stack_global("pathlib", "io.open") + op.text(str(m)) + op.text("w") + op.TUPLE2 + b"R."
    ),
    "extension": lambda m: (
        op.proto(2) + op.glob("copyreg", "add_extension") + op.text("builtins") + op.text("open")
        + op.number(240) + op.TUPLE3 + b"R0\x82\xf0" + op.text(str(m)) + op.text("w") + op.TUPLE2 + b"R."
    ),
    "frame-straddle": lambda m: _straddle(m),
}  # fmt: skip
EXPECTED = {"nested-dotted": "pathlib.io.open", "extension": "copyreg.add_extension"}


def _straddle(marker: Path) -> bytes:
    """The frame ends within a length; what follows is opcodes for one reader, text for another."""
    hidden = op.touch(marker) + b"0"
    framed = b"B\x10\0"  # BINBYTES, two bytes of its length; the rest is dropped, or not
    return op.proto() + op.frame(framed) + b"\0\0\0\0" + hidden + b"N."


@pytest.mark.parametrize("attack", [name for name in ATTACKS if name != "frame-straddle"])
def test_a_payload_that_runs_is_named(attack: str, examine: Examine, real_load: Runs, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    content = ATTACKS[attack](marker)
    parts = examine(content)
    assert not marker.exists()
    assert EXPECTED.get(attack, "builtins.open") in names(parts)
    real_load(LATIN if attack == "string-not-ascii" else PICKLE, content)
    assert marker.exists(), "the twin: without the defence it runs"


def test_a_call_that_leaves_nothing_on_the_stack_is_a_call(examine: Examine, tmp_path: Path) -> None:
    for build in ("result-popped", "obj-popped", "inst", "obj"):
        parts = examine(ATTACKS[build](tmp_path / "marker"))
        assert roles(parts, "builtins.open") == {"called"}, build


def test_a_call_without_arguments_counts_as_a_call_and_as_a_construction(examine: Examine) -> None:
    """OBJ and INST without arguments make an instance of a class, and call anything else."""
    for stream in (op.proto(2) + op.MARK + op.glob("os", "getcwd") + op.OBJ + b".", b"(ios\ngetcwd\n."):
        assert roles(examine(stream), "os.getcwd") == {"called", "constructed"}


def test_a_crossed_frame_is_a_gap_and_both_readings_count(examine: Examine, real_load: Runs, tmp_path: Path) -> None:
    """python/cpython#154848: what an unpickler makes of it depends on the kind of file that it was given."""
    marker = tmp_path / "marker"
    content = _straddle(marker)
    parts = examine(content)
    assert "malformed" in gaps(parts)
    real_load("import io; pickle.load(io.BytesIO(open(path, 'rb').read()))", content)
    if marker.exists():  # the twin, on interpreters that drop the rest of the frame
        assert "builtins.open" in names(parts)


def test_a_crossed_frame_below_protocol_4_is_found_too(examine: Examine) -> None:
    crossing = op.proto(2) + op.frame(b"N0X\x05", length=4) + b"\0\0\0abcdeN."
    assert "malformed" in gaps(examine(crossing))
    honest = op.proto(2) + op.frame(b"N0X\x05\0\0\0abcde") + b"."
    assert gaps(examine(honest)) == set()


def test_an_extension_code_is_a_name_and_a_gap(examine: Examine) -> None:
    parts = examine(op.proto(2) + b"\x82\xf0.")
    assert "copyreg.<extension code 240>" in names(parts)
    assert gaps(parts) == {"malformed"}


def test_buffers_from_outside_are_a_gap(examine: Examine) -> None:
    assert gaps(examine(op.proto(5) + b"\x97.")) == {"malformed"}


def test_later_streams_are_read_to_the_last_byte(examine: Examine, real_load: Runs, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    content = pickle.dumps({"a": 1}) + pickle.dumps([2]) + op.evil(marker)
    parts = examine(content)
    assert "builtins.open" in names(parts)
    assert parts[0].pickle is not None
    assert len(parts[0].pickle.streams) == 3
    real_load(EVERY_STREAM, content)
    assert marker.exists()


def test_bytes_behind_the_last_stream_are_left_over(examine: Examine) -> None:
    for behind in (b"\xff", b"\0" * 8, b"I0x1z\n"):
        parts = examine(pickle.dumps({"a": 1}) + behind)
        assert parts[0].pickle is not None
        assert parts[0].pickle.leftover == len(behind)
        assert gaps(parts) == {"malformed"}


@pytest.mark.parametrize("position", range(4))
def test_every_pickle_of_a_legacy_checkpoint_is_read(position: int, examine: Examine, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    good = [b"\x80\x02M\xe9\x03.", b"\x80\x02}.", b"\x80\x02}.", b"\x80\x02]."]
    good[position] = op.proto(2) + op.touch(marker) + b"0" + good[position][2:]
    content = torch_legacy(b"")[:15] + b"".join(good)
    parts = examine(content)
    assert parts[0].format == "torch-legacy"
    assert roles(parts, "builtins.open") == {"called"}


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_pickle_in_a_literal_is_run_too(depth: int, protocol: int, examine: Examine, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    inner = ATTACKS["protocol-0"](marker) if protocol == 0 else op.evil(marker, protocol=protocol)
    for _ in range(depth):
        inner = op.proto(3) + op.glob("pickle", "loads") + op.data(inner) + op.TUPLE1 + b"R."
    parts = examine(inner)
    assert {"pickle.loads", "builtins.open"} <= names(parts)
    assert parts[0].pickle is not None
    assert parts[0].pickle.nested == depth
    assert ("builtins", "open") not in parts[0].pickle.streams[0].names, "the stream itself does not resolve it"


def test_a_pickle_in_a_plain_value_is_run_too(examine: Examine, tmp_path: Path) -> None:
    content = pickle.dumps({"blob": op.evil(tmp_path / "marker"), "text": "x"})
    assert "builtins.open" in names(examine(content))


def test_a_pickle_in_a_latin_1_string_is_run_too(examine: Examine, tmp_path: Path) -> None:
    """Protocol 2 writes bytes as `_codecs.encode(text, 'latin1')`."""
    content = pickle.dumps({"blob": op.evil(tmp_path / "marker")}, protocol=2)
    assert "builtins.open" in names(examine(content))


def test_literals_too_deep_are_a_limit(examine: Examine, tmp_path: Path) -> None:
    inner = ATTACKS["protocol-0"](tmp_path / "marker")
    for _ in range(8):
        inner = b"cpickle\nloads\n(c_codecs\nencode\n(V" + inner.replace(b"\\", b"\\u005c").replace(b"\n", b"\\u000a")
        inner += b"\nVlatin1\ntRtR."
    assert "limit" in gaps(examine(inner))


@pytest.mark.parametrize("kind", ["zlib", "gzip", "bz2", "xz", "lzma"])
def test_compression_that_joblib_undoes_is_undone(kind: str, examine: Examine, real_load: Runs, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    pack = {
        "zlib": zlib.compress,
        "gzip": gzip.compress,
        "bz2": bz2.compress,
        "xz": lzma.compress,
        "lzma": lambda raw: lzma.compress(raw, format=lzma.FORMAT_ALONE),
    }[kind]
    content = pack(op.evil(marker))
    parts = examine(content)
    assert not marker.exists()
    assert roles(parts, "builtins.open") == {"called"}
    real_load("import joblib; joblib.load(path)", content)
    assert marker.exists()


@pytest.mark.parametrize(
    ("opcodes", "how"),
    [
        (op.text("x") + op.BUILD, "BUILD"),
        (op.text("k") + op.text("v") + op.SETITEM, "SETITEM"),
        (op.MARK + op.text("k") + op.text("v") + op.SETITEMS, "SETITEM"),
        (op.text("x") + op.APPEND, "APPENDS"),
        (op.MARK + op.text("x") + op.text("y") + op.APPENDS, "APPENDS"),
        (op.MARK + op.text("x") + op.ADDITEMS, "ADDITEMS"),
    ],
)
def test_what_is_aimed_at_a_name_itself_is_tampering(opcodes: bytes, how: str, examine: Examine) -> None:
    parts = examine(op.proto(4) + op.glob("sys", "modules") + opcodes + b".")
    assert "tampered" in roles(parts, "sys.modules")
    shapes = [use.shape[0] for part in parts if part.pickle for use in part.pickle.uses if use.role.value == "tampered"]
    assert all(how in shape for shape in shapes)


def test_the_same_aimed_at_an_instance_is_not(examine: Examine) -> None:
    stream = op.proto(4) + op.glob("torch.nn", "Linear") + b")\x81}b(" + op.text("k") + op.text("v") + b"u."
    assert roles(examine(stream), "torch.nn.Linear") == {"constructed", "stated"}


def test_calling_what_a_call_returned_is_told_apart(examine: Examine) -> None:
    parts = examine(op.proto(2) + op.glob("functools", "partial") + b")R)R.")
    assert roles(parts, "functools.partial") == {"called", "result-called"}


def test_shapes_tell_literals_globals_and_results_apart(examine: Examine) -> None:
    stream = (
        op.proto(2) + op.glob("m", "f") + b"(" + op.text("latin1") + op.number(3) + op.glob("numpy", "ndarray")
        + b")]}N\x88" + op.data(b"x") + op.glob("a", "b") + b")R" + b"tR."
    )  # fmt: skip
    (use,) = [use for use in examine(stream)[0].pickle.uses if use.name == "f"]  # type: ignore[union-attr]
    assert use.shape == (
        "str:'latin1'", "int", "global:numpy.ndarray", "tuple", "list", "dict", "none", "bool", "bytes", "result",
    )  # fmt: skip
    assert stream[use.offset :].startswith(b"f")


def test_many_literals_fold_but_the_constant_one_stays(examine: Examine) -> None:
    calls = b"".join(
        op.glob("_codecs", "encode") + op.text(f"value {i}") + op.text("latin1") + b"\x86R0" for i in range(100)
    )
    uses = examine(op.proto(2) + calls + b"N.")[0].pickle.uses  # type: ignore[union-attr]
    folded = [use for use in uses if use.shape == ("str", "str:'latin1'")]
    assert len(folded) == 1
    assert sum(use.count for use in uses) == 100


def test_persistent_ids_of_another_shape_are_odd(examine: Examine) -> None:
    torch_like = op.proto(2) + b"(" + op.text("storage") + op.glob("torch", "FloatStorage")
    torch_like += op.text("0") + op.text("cpu") + op.number(4) + b"tQ."
    facts = examine(torch_like)[0].pickle
    assert facts is not None and facts.persistent == 1 and facts.odd_persistent == ()
    facts = examine(op.proto(2) + op.text("anything") + b"Q.")[0].pickle
    assert facts is not None and facts.persistent == 0 and facts.odd_persistent == ("'anything'",)


def test_a_stream_is_named_by_the_digest_of_its_bytes(examine: Examine) -> None:
    import hashlib

    first, second = pickle.dumps([1]), pickle.dumps({"k": ValueError("x")})
    facts = examine(first + second)[0].pickle
    assert facts is not None
    assert [(s.offset, s.length) for s in facts.streams] == [(0, len(first)), (len(first), len(second))]
    assert facts.streams[1].sha256 == hashlib.sha256(second).hexdigest()
    assert facts.streams[1].names == (("builtins", "ValueError"),)


def test_text_is_not_a_pickle_because_it_starts_like_one(examine: Examine) -> None:
    for content in (b"cat\ndog\nelephant\n", b"config\n", b"Name: x\n", b"I am\n", b"(c) 2026\n", b"c\na\nb\n", b"]"):
        parts = examine(content)
        assert [part.format for part in parts] == ["text"], content
        assert gaps(parts) == set()


def test_base64_is_text(examine: Examine, tmp_path: Path) -> None:
    assert examine(base64.b64encode(op.evil(tmp_path / "m")))[0].format == "text"


def test_states_are_told_by_the_kinds_of_their_items(examine: Examine) -> None:
    made = op.glob("some", "Thing") + b")\x81"
    states = {
        b"}": ("dict",), b"N": ("none",), b"N}\x86": ("none", "dict"), b"}\x85": ("tuple",), b")": (),
        op.glob("os", "getcwd"): ("global:os.getcwd",), op.data(b"x") + op.text("y") + b"\x86": ("bytes", "str"),
    }  # fmt: skip
    for state, shape in states.items():
        uses = examine(op.proto(4) + made + state + b"b.")[0].pickle.uses  # type: ignore[union-attr]
        assert [use.shape for use in uses if use.role.value == "stated"] == [shape], state


def test_states_of_many_kinds_fold(examine: Examine) -> None:
    made = op.glob("some", "Thing") + b")\x81"
    different = b"".join(made + b"(" + bytes(b"N}"[n >> bit & 1] for bit in range(8)) + b"tb0" for n in range(200))
    uses = [use for use in examine(op.proto(4) + different + b"N.")[0].pickle.uses if use.role.value == "stated"]  # type: ignore[union-attr]
    assert len(uses) == 65
    assert sum(use.count for use in uses) == 200


def test_what_two_readings_of_a_stream_show_counts_once(examine: Examine) -> None:
    crossing = b"\x80\x04\x95\x0b\0\0\0\0\0\0\0cx\ny\n)R\x8c\x03abcde."
    (part,) = examine(crossing)
    assert part.pickle is not None
    assert {(use.name, use.count) for use in part.pickle.uses} == {("y", 1)}
