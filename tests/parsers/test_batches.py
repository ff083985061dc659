"""Many small files in one message: every answer is the right one's, and what one file does is no other's gap."""

from __future__ import annotations

import os
import pickle
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from safeload import limits
from safeload.parsers.facts import Part
from safeload.parsers.sandbox import running
from safeload.parsers.sandbox.conversation import Conversation
from safeload.parsers.sandbox.process import Worker
from tests.parsers.conftest import LocalFile, Ranges, names

pytestmark = pytest.mark.heavy

CLASSES = [ValueError, KeyError, TypeError, OSError]
BOMB = b"\x80\x02}N\x85" + b"2\x86" * 40 + b"Ns."  # a key that takes for ever to hash
HOARD = b"\x80\x02Nr" + (200_000_000).to_bytes(4, "little") + b"."  # 3 GiB for the memo


@dataclass(eq=False)
class Whole:
    """A small file that was read already."""

    whole: bytes

    @property
    def size(self) -> int:
        return len(self.whole)

    def fileno(self) -> int | None:
        return None

    def read_at(self, offset: int, n: int) -> bytes:
        raise AssertionError("its bytes were sent")


def of(number: int) -> bytes:
    return pickle.dumps(CLASSES[number % len(CLASSES)](f"{number}"))


def named(number: int) -> set[str]:
    return {f"builtins.{CLASSES[number % len(CLASSES)].__name__}"}


@pytest.fixture
def small() -> Iterator[Worker]:
    worker = Worker.start(cpu=1, memory=limits.GIB)
    yield worker
    worker.close()


def asked(worker: Worker, files: list[bytes]) -> list[tuple[Part, ...]]:
    """All announced, then each examined, as a walk through a folder does it."""
    opened = [Whole(content) for content in files]
    for one in opened:
        worker.announce(one)
    return [worker.examine(one, name="x") for one in opened]


def test_every_answer_is_the_right_ones(small: Worker) -> None:
    answers = asked(small, [of(number) for number in range(200)])
    assert [names(parts) for parts in answers] == [named(number) for number in range(200)]


@pytest.mark.parametrize(("bomb", "deaths"), [(BOMB, 2), (HOARD, 0)], ids=["time", "memory"])
def test_a_file_that_cannot_be_read_is_the_only_gap_among_many(
    bomb: bytes, deaths: int, small: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []
    begin = Worker._begin
    monkeypatch.setattr(Worker, "_begin", lambda self: started.append(1) or begin(self))
    files = [of(number) for number in range(100)]
    files[40] = bomb
    answers = asked(small, files)
    assert [n for n, parts in enumerate(answers) if parts[0].gap] == [40]
    assert [names(p) for n, p in enumerate(answers) if n != 40] == [named(n) for n in range(100) if n != 40]
    assert len(started) == deaths  # among the others, and once more alone; what follows costs no worker more


def test_small_files_and_open_ones_keep_their_order(small: Worker, tmp_path: Path) -> None:
    opened: list[Whole | LocalFile] = []
    for number in range(90):
        (tmp_path / str(number)).write_bytes(of(number))
        opened.append(LocalFile(tmp_path / str(number)) if number % 5 == 3 else Whole(of(number)))
    for one in opened:
        small.announce(one)
    assert [names(small.examine(one, name="x")) for one in opened] == [named(number) for number in range(90)]


def test_a_file_that_was_not_announced_gets_its_own_answer_amid_a_batch(small: Worker) -> None:
    opened = [Whole(of(number)) for number in range(40)]
    for one in opened:
        small.announce(one)
    assert names(small.examine(opened[0], name="x")) == named(0)
    assert names(small.examine(Ranges(of(3)), name="x")) == named(3)
    assert names(small.examine(opened[2], name="x")) == named(2)


def test_answers_longer_than_a_socket_holds_do_not_stop_what_is_sent(small: Worker) -> None:
    wordy = b"\x80\x02" + b"".join(b"cm%d\nn\n0" % i for i in range(300)) + b"N."
    answers = asked(small, [wordy] * 70)
    assert [len(parts[0].pickle.uses) for parts in answers if parts[0].pickle] == [300] * 70


# A worker that was taken over by the second file of four: it drops the answers of the others, and gives its own.
TAKEN = """
import socket, json, time
channel = socket.socket(fileno=0)
def say(**message):
    body = json.dumps(message).encode()
    channel.sendall(len(body).to_bytes(4, "big") + body)
channel.recv(65536)
say(op="hello", had=[], missing=[])
def done(format): say(op="done", parts=[{"format": format}])
channel.recv(65536)
done("honest")
"""


def taken(script: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Part, ...]]:
    path = folder / "worker.py"
    path.write_text(TAKEN + script + "\ntime.sleep(30)")
    with monkeypatch.context() as patched:
        patched.setattr(running, "_WORKER", str(path))
        worker = Worker.start(cpu=1)
    try:
        return asked(worker, [of(number) for number in range(4)])
    finally:
        worker.close()


def test_a_file_that_takes_the_worker_over_lies_about_nothing_that_came_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lies = taken('[done("forged") for _ in range(3)]', tmp_path, monkeypatch)
    assert [parts[0].format for parts in lies] == ["honest", "forged", "forged", "forged"]


def test_more_answers_than_were_asked_for_are_nobodys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lies = taken('[done("forged") for _ in range(9)]', tmp_path, monkeypatch)
    assert len(lies) == 4


def test_a_lie_that_is_not_understood_is_asked_again_of_a_worker_that_is_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lies = taken('say(op="something")', tmp_path, monkeypatch)
    assert lies[0][0].format == "honest"
    assert [names(parts) for parts in lies[1:]] == [named(number) for number in range(1, 4)]


def test_a_conversation_takes_in_what_is_said_while_it_sends() -> None:
    ours, theirs = socket.socketpair()
    much = os.urandom(4 * limits.MIB)

    def other() -> None:
        theirs.sendall(len(much).to_bytes(4, "big") + much)  # before it hears anything
        left = 4 + len(much)
        while left:
            left -= len(theirs.recv(left))

    thread = threading.Thread(target=other)
    thread.start()
    talk = Conversation(ours)
    talk.send(much, seconds=20)
    assert talk.receive(seconds=20) == much
    thread.join()
    talk.close()
    theirs.close()
