"""A worker survives nothing and the parent everything: bombs, deaths, lies, lost sources, Ctrl-C."""

from __future__ import annotations

import os
import pickle
import signal
import struct
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from safeload import limits
from safeload.errors import Unreachable
from safeload.parsers.facts import GapReason, Part
from safeload.parsers.sandbox import running
from safeload.parsers.sandbox.process import Worker
from safeload.parsers.sandbox.workers import shared
from tests.builders import opcodes as op
from tests.parsers.conftest import LocalFile, Ranges, names

pytestmark = pytest.mark.heavy

GOOD = pickle.dumps({"a": range(3)})


@pytest.fixture
def small() -> Iterator[Worker]:
    """A worker with little time and little memory."""
    worker = Worker.start(cpu=1, memory=limits.GIB)
    yield worker
    worker.close()


def _doubling_tuple(levels: int) -> bytes:
    """A tuple of two of the one before, as a dictionary's key: hashing it doubles with every level."""
    return b"\x80\x02}N\x85" + b"2\x86" * levels + b"Ns."


def _colliding(count: int) -> bytes:
    """Integers that all land in one slot of a dictionary."""
    step = (1 << 61) - 1
    keys = b"".join(b"\x8a" + bytes([len(raw)]) + raw + b"N" for raw in (_raw(i * step) for i in range(1, count)))
    return b"\x80\x02}(" + keys + b"u."


def _raw(value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, "little")


def _bits(value: int) -> bytes:
    return bytes(b"N)"[value >> bit & 1] for bit in range(15))


BOMBS = {
    "memo": (b"\x80\x02Nr\xff\xff\xff\xff.", {"limit", "malformed"}),
    "memo-1e8": (b"\x80\x02Nr" + struct.pack("<I", 100_000_000) + b".", {"limit"}),
    "lists": (b"\x80\x02(" + b"]" * 30_000_000 + b"l.", {"limit"}),
    "bytes-length": (b"\x80\x04\x8e" + struct.pack("<Q", 1 << 50) + b".", {"limit", "malformed"}),
    "doubling-tuple": (_doubling_tuple(60), {"limit"}),
    "collisions": (_colliding(60_000), {"limit"}),
    "nesting": (b"\x80\x02}N" + b"\x85" * 3_000_000 + b"Ns.", {"crashed", "limit"}),
    "streams": (b"N." * 20_000, {"limit"}),
    "names": (b"".join(b"cm\nn%d\n0" % i for i in range(30_000)) + b"N.", {"limit"}),
    "long-name": (b"cm\n" + b"n" * 5_000_000 + b"\n.", {"limit"}),
    "shapes": (
        b"cm\nf\nq\0" + b"".join(b"h\0(" + _bits(i) + b"tR0" for i in range(25_000)) + b"N.",
        {"limit"},
    ),
    "heads-of-pickles": (b"\x80\x04" + op.data(b"\x80\x04]" * 300_000) + b".", {"limit"}),
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_a_gap_soon(bomb: str, small: Worker) -> None:
    content, expected = BOMBS[bomb]
    started = time.monotonic()
    parts = small.examine(Ranges(content), name=bomb)
    assert time.monotonic() - started < 15
    assert {part.gap.reason.value for part in parts if part.gap} & expected, parts
    (after,) = small.examine(Ranges(GOOD), name="good")
    assert after.gap is None, "the next file is read by a worker that is well"


def test_bombs_do_harm_without_the_worker() -> None:
    """The twin: the plain unpickler takes the memory, the time, or dies."""
    code = "import pickle, sys; pickle.loads(sys.stdin.buffer.read())"
    nesting = subprocess.run([sys.executable, "-c", code], input=BOMBS["nesting"][0], capture_output=True, timeout=60)
    assert nesting.returncode == -signal.SIGSEGV
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run([sys.executable, "-c", code], input=BOMBS["doubling-tuple"][0], capture_output=True, timeout=3)


@pytest.mark.parametrize(
    ("number", "reason"),
    [(signal.SIGSEGV, GapReason.CRASHED), (signal.SIGKILL, GapReason.LIMIT), (signal.SIGXCPU, GapReason.LIMIT)],
)
def test_death_by_signal_says_which(number: int, reason: GapReason, small: Worker) -> None:
    class Kills(Ranges):
        def read_at(self, offset: int, n: int) -> bytes:
            assert small.pid is not None
            os.kill(small.pid, number)
            time.sleep(0.2)
            return super().read_at(offset, n)

    (part,) = small.examine(Kills(GOOD), name="x")
    assert part.gap is not None and part.gap.reason is reason
    assert small.examine(Ranges(GOOD), name="x")[0].gap is None


def test_an_error_of_the_source_reaches_the_caller_and_the_worker_stays(small: Worker) -> None:
    class Fails(Ranges):
        def read_at(self, offset: int, n: int) -> bytes:
            raise Unreachable("gone")

    before = small.pid
    with pytest.raises(Unreachable):
        small.examine(Fails(GOOD), name="x")
    assert small.pid == before
    assert small.examine(Ranges(GOOD), name="x")[0].gap is None


def test_an_interrupt_ends_the_worker_and_the_next_file_has_another(small: Worker) -> None:
    class Interrupted(Ranges):
        def read_at(self, offset: int, n: int) -> bytes:
            raise KeyboardInterrupt

    before = small.pid
    with pytest.raises(KeyboardInterrupt):
        small.examine(Interrupted(GOOD), name="x")
    assert small.examine(Ranges(GOOD), name="x")[0].gap is None
    assert small.pid != before


def test_a_source_that_delivers_less_is_malformed(small: Worker) -> None:
    class Short(Ranges):
        def read_at(self, offset: int, n: int) -> bytes:
            return super().read_at(offset, n)[:-3]

    (part,) = small.examine(Short(GOOD), name="x")
    assert part.gap is not None and part.gap.reason is GapReason.MALFORMED


def test_a_source_of_unknown_length_is_a_gap(small: Worker) -> None:
    endless = Ranges(GOOD)
    endless.size = None
    (part,) = small.examine(endless, name="x")
    assert part.gap is not None and part.gap.reason is GapReason.UNREACHABLE


def test_a_file_that_shrinks_is_malformed(small: Worker, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(GOOD)
    readable = LocalFile(path)
    path.write_bytes(GOOD[:5])
    (part,) = small.examine(readable, name="x")
    readable.close()
    assert part.gap is not None and part.gap.reason is GapReason.MALFORMED


HOSTILE = """
import socket, sys, os, json
channel = socket.socket(fileno=0)
def say(body): channel.sendall(len(body).to_bytes(4, "big") + body)
channel.recv(65536)
say(json.dumps({"op": "hello", "had": [], "missing": []}).encode())
channel.recv(65536)
"""


@pytest.mark.parametrize(
    "lie",
    [
        'channel.sendall((0x7fffffff).to_bytes(4, "big"))',
        'say(b"not json")',
        'say(b"[" * 100000)',
        'say(b"[]")',
        'say(b\'{"op": "done", "parts": []}\')',
        'say(b\'{"op": "done", "parts": [{"format": 1}]}\')',
        'say(b\'{"op": "done", "parts": [{"format": "x", "more": 1}]}\')',
        'say(b\'{"op": "done"}\')',
        'say(b\'{"op": "read", "offset": -1, "n": 5}\')',
        'say(b\'{"op": "read", "offset": 0, "n": 99999999999}\')',
        'say(b\'{"op": "read", "offset": "0", "n": 1}\')',
        'say(b\'{"op": "read", "offset": true, "n": 1}\')',
        'say(b\'{"op": "something"}\')',
        "sys.exit(3)",
        "os.abort()",
    ],
)
def test_a_worker_that_was_taken_over_is_replaced(lie: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "worker.py"
    script.write_text(HOSTILE + lie + "\nimport time; time.sleep(30)\n")
    with monkeypatch.context() as patched:
        patched.setattr(running, "_WORKER", str(script))
        worker = Worker.start(cpu=1)
    (part,) = worker.examine(Ranges(GOOD), name="x")
    assert part.gap is not None and part.gap.reason is GapReason.CRASHED
    assert worker.examine(Ranges(GOOD), name="x")[0].gap is None
    worker.close()


def test_a_worker_that_says_nothing_runs_out_of_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "worker.py"
    script.write_text(HOSTILE + "import time; time.sleep(60)")
    monkeypatch.setattr(running, "_WORKER", str(script))
    worker = Worker.start(cpu=0.2)
    monkeypatch.setattr(limits, "WORKER_START", 0.2)
    (part,) = worker.examine(Ranges(GOOD), name="x")
    assert part.gap is not None and part.gap.reason is GapReason.LIMIT
    worker.close()


def test_the_shared_worker_is_one_until_a_fresh_one_is_wanted() -> None:
    first = shared()
    assert shared() is first
    pid = first.first.pid
    assert shared(fresh=True).first.pid != pid


def test_a_forked_child_has_a_worker_of_its_own() -> None:
    mine = shared()
    mine.examine(Ranges(GOOD), name="x")
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        ok = shared().examine(Ranges(GOOD), name="x")[0].gap is None and shared().first.pid != mine.first.pid
        shared().close()
        os.write(write, b"1" if ok else b"0")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 1) == b"1"
    assert mine.examine(Ranges(GOOD), name="x")[0].gap is None
    os.close(read)
    os.close(write)


def test_threads_take_turns() -> None:
    results: list[tuple[Part, ...]] = []
    worker = shared()
    threads = [
        threading.Thread(target=lambda: results.append(worker.examine(Ranges(GOOD), name="x"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert all(names(parts) == {"builtins.range"} for parts in results)


def test_nothing_is_left_when_the_parent_is_gone() -> None:
    """A parent that is killed cannot close anything: the worker sees the end of its socket."""
    code = textwrap.dedent("""
        import os, signal
        from safeload.parsers.sandbox.workers import shared
        print(shared().first.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    pid = int(done.stdout)
    for _ in range(50):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{pid}/stat").exists() and Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
            return
        time.sleep(0.1)
    pytest.fail("the worker is still there")


def test_no_secret_reaches_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    worker = Worker.start()
    environment = Path(f"/proc/{worker.pid}/environ")
    if not environment.exists():
        pytest.skip("no /proc here")
    try:
        seen = environment.read_bytes()
    except PermissionError:
        seen = b""  # the worker is not even dumpable
    worker.close()
    assert b"hf_secret" not in seen
