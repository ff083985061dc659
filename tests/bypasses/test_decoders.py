"""C: streams that decoders take differently, and files that are made to break or outlast the reading of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from safeload.parsers.facts import GapReason
from safeload.policy.interface import Action
from safeload.scanners.interface import Report, Unscanned
from safeload.sources.interface import Role
from tests.builders import opcodes as op
from tests.bypasses.conftest import Attack, Oracle, rules, verdict

pytestmark = pytest.mark.heavy

Build = Callable[[Path], bytes]
Look = Callable[..., Report]
SECOND = b"builtins\nopen\n"


def arguments(marker: Path) -> bytes:
    return b"(V" + str(marker).encode() + b"\nVw\nt"


# 21, 22: the unpickler in C takes these, and `pickletools` does not.
C_ONLY: dict[str, tuple[bytes, str]] = {
    "INT of base 16": (b"I0x10\n0", "pickle"),
    "INT of base 8": (b"I010\n0", "pickle"),
    "INT cut off by a zero": (b"I1\0junk\n0", "pickle"),
    "LONG without its suffix": (b"L0x10\n0", "pickle"),
    "STRING that is not ASCII": (b"S'\\xe9'\n0", "latin-1"),
    "STRING in UTF-8": (b"S'\xc3\xa9'\n0", "utf-8"),
    "BINSTRING of any bytes": (b"U\x02\xff\xfe0", "latin-1"),
    "STRING as bytes": (b"S'\xff'\n0", "bytes"),
    "PROTO in the middle": (b"\x80\x02\x80\x00", "pickle"),
    "a number as text": (b"V\\u0031\n0", "pickle"),
}


@pytest.mark.parametrize("proto", [b"", b"\x80\x02", b"\x80\x04"])
@pytest.mark.parametrize("case", C_ONLY)
def test_what_only_the_unpickler_in_c_takes_is_read(case: str, proto: bytes, attack: Attack) -> None:
    prefix, loader = C_ONLY[case]
    assert "pickle-dangerous-call" in rules(attack(proto + prefix + op.touch(attack.marker) + op.STOP, loader=loader))


# Only Python's own unpickler takes these; joblib and pandas use that one.
PYTHON_ONLY: dict[str, Build] = {
    "FLOAT with an underscore": lambda m: b"F1_0\n0" + op.touch(m) + op.STOP,
    "FLOAT with spaces": lambda m: b"F 1 \n0" + op.touch(m) + op.STOP,
    "arguments in a list": lambda m: op.glob("builtins", "open") + b"](" + op.text(str(m)) + op.text("w") + b"eR.",
    "a construction that is a call": lambda m: b"(V" + str(m).encode() + b"\nVw\nlp1\n0c" + SECOND + b"g1\nR.",
    "a name cut off by the end": lambda m: op.touch(m) + b"0cos\ngetcwd",
    "an import without a mark": lambda m: op.touch(m) + b"0ios\ngetcwd\n",
    "a state that is false": lambda m: b"(l(db0" + op.touch(m) + op.STOP,
}
UNDERSCORE: Build = lambda m: b"F1_0\n0c" + SECOND + arguments(m) + b"R."  # noqa: E731


@pytest.mark.parametrize("proto", [b"", b"\x80\x02"])
@pytest.mark.parametrize("case", PYTHON_ONLY)
def test_what_only_pythons_own_unpickler_takes_is_read(case: str, proto: bytes, attack: Attack) -> None:
    found = rules(attack(proto + PYTHON_ONLY[case](attack.marker), loader="python"))
    assert found & {"pickle-dangerous-call", "pickle-dangerous-import"}


def test_joblib_runs_what_the_unpickler_in_c_refuses(attack: Attack) -> None:
    assert "pickle-dangerous-call" in rules(attack(UNDERSCORE(attack.marker), loader="joblib"))


def test_without_proto_it_is_no_text_either(attack: Attack) -> None:
    report = attack(UNDERSCORE(attack.marker), loader="python")
    assert report.results[0].format == "pickle"


def test_a_frame_that_is_longer_than_the_file(attack: Attack) -> None:
    stream = op.proto() + op.frame(op.touch(attack.marker) + op.STOP, length=1 << 20)
    assert "pickle-dangerous-call" in rules(attack(stream, loader="python"))


def test_what_a_crossed_frame_hides_is_at_least_a_gap(attack: Attack) -> None:
    """23: https://github.com/python/cpython/issues/154848. Unpicklers differ about what is text and what opcodes."""
    hidden = op.touch(attack.marker) + b"0"
    stream = op.proto() + op.frame(b"B\x10\0") + b"\0\0\0\0" + hidden + b"N."
    report = attack.look(stream)
    assert verdict(report) is Action.ASK or verdict(report) is Action.BLOCK
    attack.oracle.run("pickle from bytes", stream)
    if attack.marker.exists():  # interpreters that drop the rest of the frame
        assert "pickle-dangerous-call" in rules(report)


# 24: a start that no decoder takes for a pickle, and that the loader never sees.
def test_what_cannot_be_decoded_is_not_clean(attack: Attack) -> None:
    attack(b"cbuiltins\nopen\n" + arguments(attack.marker) + b"R\xff", loader=_caught("pickle"))


# 25: the payload has run before the unpickler meets the end.
@pytest.mark.parametrize("tail", [b"", b"\xff", b"garbage", b"\x95\xff", b"cos\n", b"R", b"\x82\xf0."])
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_broken_end_hides_nothing(tail: bytes, protocol: int, attack: Attack) -> None:
    start = op.touch(attack.marker) if protocol == 0 else op.proto(protocol) + op.touch(attack.marker)
    report = attack(start + tail, loader=_caught("pickle"))
    assert "pickle-dangerous-call" in rules(report)
    assert isinstance(report.results[0], Unscanned)


def _caught(loader: str) -> str:
    return f"import {loader}\ntry: {loader}.load(open(path, 'rb'))\nexcept Exception: pass"


# Text that imports a module and then fails: the import has happened. The payload is a module's own code.
@pytest.mark.parametrize(
    "stream", [b"c%s\nx\n", b"c%s\nx\n.", b"(i%s\nx\n", b"\x80\x02c%s\nx\n", b"c%s\n\n", b"i%s\nx\n"]
)
@pytest.mark.parametrize("role", [Role.WEIGHTS, Role.TARGET])
def test_text_that_only_names_something_is_a_gap(stream: bytes, role: Role, attack: Attack) -> None:
    module = attack.marker.parent / "imported_by_a_pickle.py"
    module.write_text(f"open({str(attack.marker)!r}, 'w')")
    loader = (
        f"import pickle, sys; sys.path.insert(0, {str(module.parent)!r}); pickle._Unpickler(open(path, 'rb')).load()"
    )
    attack(stream % b"imported_by_a_pickle", loader=loader, role=role)


def test_a_loader_that_goes_on_after_an_exception(attack: Attack) -> None:
    """26: https://arxiv.org/abs/2508.19774. What makes the reading fail must not make it clean."""
    deep = b"(" * 2000 + b"t" * 1999
    attack(op.proto(2) + deep + b"0" + op.touch(attack.marker) + op.STOP)


# 27: budgets. Behind a million harmless opcodes, or fifty thousand streams, stands the payload.
def test_the_payload_behind_a_million_opcodes_is_found(attack: Attack) -> None:
    assert "pickle-dangerous-call" in rules(attack(op.proto(2) + b"N0" * 1_000_000 + op.touch(attack.marker) + b"."))


def test_the_payload_behind_fifty_thousand_streams_is_a_limit(attack: Attack) -> None:
    report = attack(b"\x80\x02N." * 50_000 + op.evil(attack.marker), loader="every stream")
    assert _reasons(report) == {GapReason.LIMIT} or "pickle-dangerous-call" in rules(report)


# What an ordinary loader does with these is to die; what matters is that reading them ends, and is not called clean.
DEADLY: dict[str, bytes] = {
    "a doubling tuple as a key": op.proto(2) + b"}N" + b"2\x86" * 40 + b"Ns.",
    "nesting": op.proto(2) + b"}N" + b"\x85" * 2_000_000 + b"Ns.",
    "a memo of a hundred million": op.proto(2) + b"Nr\x00\xff\xff\x7f.",
    "twenty million lists": op.proto(2) + b"]" * 20_000_000 + b".",
}


def colliding(count: int) -> bytes:
    """47: multiples of the modulus of Python's hashes all have the same hash."""
    keys = (((1 << 61) - 1) * n for n in range(1, count))
    items = b"".join(b"\x8a\x0a" + key.to_bytes(10, "little") + b"N" for key in keys)
    return op.proto(2) + b"}(" + items + b"u."


DEADLY["colliding keys"] = colliding(60_000)


@pytest.mark.parametrize("case", DEADLY)
def test_what_exhausts_a_loader_is_a_limit_or_a_crash(case: str, impatient: Look, oracle: Oracle) -> None:
    report = impatient(DEADLY[case])
    assert verdict(report) is not Action.ALLOW
    assert _reasons(report) <= {GapReason.LIMIT, GapReason.CRASHED}
    ended, last = oracle.run("pickle", DEADLY[case], cpu=2, memory=512 << 20)
    assert ended < 0 or "MemoryError" in last, last


@pytest.fixture(scope="module")
def impatient() -> Look:
    from safeload.parsers.sandbox.process import Worker
    from safeload.scanners import engine
    from safeload.scanners.interface import How
    from tests.scanners.conftest import OnDisk, snapshot_of

    worker = Worker.start(cpu=2, memory=512 << 20)
    yield lambda data: engine.scan(snapshot_of("m.bin"), lambda _: OnDisk(data), how=How.LOCAL, worker=worker)
    worker.close()


def _reasons(report: Report) -> set[GapReason]:
    return {result.reason for result in report.results if isinstance(result, Unscanned)}
