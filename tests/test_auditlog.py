from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safeload import auditlog as module
from safeload import limits
from safeload.auditlog import AuditLog, Head
from safeload.errors import StateError, UsageError

AT = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)


def a_log(folder: Path, entries: int = 0) -> AuditLog:
    log = AuditLog(folder, clock=lambda: AT)
    for i in range(entries):
        log.append("loaded", target=f"acme/model-{i}")
    return log


def lines(log: AuditLog) -> list[bytes]:
    return log.path.read_bytes().splitlines(keepends=True)


def test_entries_are_read_back(tmp_path: Path) -> None:
    log = a_log(tmp_path)
    made = [log.append("approved", who="Ada", files={"a.bin": "sha256:00"}), log.append("loaded", reasons=[])]
    assert list(AuditLog(tmp_path).entries()) == made
    assert (made[0].n, made[0].at, made[0].event) == (1, "2026-11-20T12:00:00.000+00:00", "approved")
    assert made[0].fields == {"who": "Ada", "files": {"a.bin": "sha256:00"}}
    assert made[1].prev == made[0].hash
    verified = log.verify()
    assert (verified.ok, verified.count, verified.problems, verified.notes) == (True, 2, (), ())
    assert verified.head == f"2:{made[1].hash}"


def test_a_hash_can_be_checked_by_hand(tmp_path: Path) -> None:
    a_log(tmp_path, 1)
    said = json.loads((tmp_path / "audit.jsonl").read_text())
    claimed = said.pop("hash")
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(canonical.encode()).hexdigest() == claimed


def test_reading_makes_nothing(tmp_path: Path) -> None:
    log = a_log(tmp_path)
    assert list(log.entries()) == []
    assert log.verify().ok
    assert list(tmp_path.iterdir()) == []


def test_only_this_user_can_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        a_log(tmp_path, 2)
    finally:
        os.umask(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_a_terminal_can_show_the_file(tmp_path: Path) -> None:
    log = a_log(tmp_path)
    log.append("loaded", target="\x1b[2J\u202e\udc80 evil")
    text = log.path.read_text("ascii")
    assert all(c.isprintable() or c == "\n" for c in text)
    assert next(log.entries()).fields["target"] == "\x1b[2J\u202e\udc80 evil"


def test_a_flood_is_shortened_and_says_so(tmp_path: Path) -> None:
    log = a_log(tmp_path)
    entry = log.append("blocked", reasons=['\\"\n' * 5_000] * 50)
    assert entry.fields["characters"] > 500_000
    assert max(map(len, lines(log))) <= limits.LOG_ENTRY
    log.append("next")
    assert log.verify().ok


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.dictionaries(st.text(max_size=5), st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
), max_size=4))  # fmt: skip
def test_whatever_is_logged_verifies(tmp_path_factory: pytest.TempPathFactory, fields: dict[str, Any]) -> None:
    log = a_log(tmp_path_factory.mktemp("log"))
    fields.pop("event", None)
    fields.pop("self", None)
    log.append("one", **fields)
    log.append("two")
    assert log.verify().ok


# Damage.


def edited(data: list[bytes]) -> list[bytes]:
    return [*data[:1], data[1].replace(b"model-1", b"model-9"), *data[2:]]


def edited_with_its_own_hash(data: list[bytes]) -> list[bytes]:
    said = json.loads(data[1])
    said["fields"]["target"] = "another"
    del said["hash"]
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"))
    said["hash"] = hashlib.sha256(canonical.encode()).hexdigest()
    return [data[0], json.dumps(said, sort_keys=True, separators=(",", ":")).encode() + b"\n", *data[2:]]


DAMAGE = {
    "an edit": edited,
    "an edit with a fitting hash": edited_with_its_own_hash,
    "an edit of white space": lambda data: [data[0], data[1].replace(b'":"', b'": "', 1), *data[2:]],
    "a second key of the same name": lambda data: [data[0], data[1].replace(b'{"at"', b'{"at":"x","at"', 1), *data[2:]],
    "the first removed": lambda data: data[1:],
    "one removed": lambda data: [data[0], *data[2:]],
    "two changed places": lambda data: [data[1], data[0], *data[2:]],
    "one twice": lambda data: [data[0], data[0], *data[1:]],
    "the last cut off": lambda data: data[:-1],
    "the last half cut off": lambda data: [*data[:-1], data[-1][:40]],
    "all removed": lambda data: [],
    "a garbage tail": lambda data: [*data, b"garbage"],
    "a garbage line": lambda data: [*data, b"garbage\n"],
    "garbage between": lambda data: [data[0], b"garbage\n", *data[1:]],
    "an empty line": lambda data: [data[0], b"\n", *data[1:]],
    "a very long line": lambda data: [*data, b"x" * (5 * limits.LOG_ENTRY) + b"\n"],
    "deep nesting": lambda data: [*data, b"[" * 100_000 + b"\n"],
    "zeros after a power cut": lambda data: [*data, bytes(4_096)],
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_found(tmp_path: Path, damage: str) -> None:
    log = a_log(tmp_path, 4)
    data = lines(log)
    log.path.write_bytes(b"".join(DAMAGE[damage](data)))
    found = log.verify()
    assert not found.ok
    assert found.problems
    # The twin: the same bytes, put back.
    log.path.write_bytes(b"".join(data))
    assert log.verify().ok


@pytest.mark.parametrize("head", [b"", b"garbage", b"3:" + b"0" * 64, b"9:" + b"0" * 64, b"\xff\xff", None])
def test_a_damaged_or_missing_head_is_found(tmp_path: Path, head: bytes | None) -> None:
    log = a_log(tmp_path, 4)
    log.head_path.unlink() if head is None else log.head_path.write_bytes(head)
    assert not log.verify().ok
    with pytest.raises(StateError, match="damaged"):
        log.append("loaded")


@pytest.mark.parametrize(
    "damage", ["the last cut off", "all removed", "a garbage line", "a very long line", "deep nesting"]
)
def test_a_damaged_end_is_not_written_to(tmp_path: Path, damage: str) -> None:
    log = a_log(tmp_path, 4)
    damaged = b"".join(DAMAGE[damage](lines(log)))
    log.path.write_bytes(damaged)
    with pytest.raises(StateError, match="damaged") as error:
        log.append("loaded")
    assert "move the audit files away" in error.value.next
    assert log.path.read_bytes() == damaged


def test_entries_stop_at_damage(tmp_path: Path) -> None:
    log = a_log(tmp_path, 4)
    log.path.write_bytes(b"".join(edited(lines(log))))
    read = log.entries()
    assert next(read).n == 1
    with pytest.raises(StateError, match="line 2"):
        next(read)


def test_problems_are_listed_up_to_a_bound(tmp_path: Path) -> None:
    log = a_log(tmp_path, 1)
    log.path.write_bytes(b"garbage\n" * 1_000)
    assert len(log.verify().problems) < 30


# Rewriting everything, and what a head that was kept elsewhere is for.


def test_a_log_rewritten_with_its_head_passes_unless_a_head_was_kept_elsewhere(tmp_path: Path) -> None:
    kept = a_log(tmp_path, 3).verify().head
    for path in tmp_path.iterdir():
        path.unlink()
    forged = a_log(tmp_path)
    for i in range(5):
        forged.append("loaded", target=f"forged-{i}")
    assert forged.verify().ok  # the same user can rewrite both
    found = forged.verify(kept)
    assert not found.ok
    assert "cut off or rewritten" in found.problems[0]


def test_an_expected_head_may_lie_in_the_past(tmp_path: Path) -> None:
    log = a_log(tmp_path, 3)
    kept = log.verify().head
    log.append("later")
    assert log.verify(kept).ok
    assert log.verify(str(Head())).ok
    assert not log.verify("9:" + "0" * 64).ok


@pytest.mark.parametrize("text", ["", "3", "3:xyz", "-1:" + "0" * 64, "3:" + "0" * 63])
def test_an_expected_head_that_is_none(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        a_log(tmp_path).verify(text)


# Crashes.


@pytest.mark.parametrize("before", [0, 3])
def test_a_crash_between_entry_and_head(tmp_path: Path, before: int, monkeypatch: pytest.MonkeyPatch) -> None:
    log = a_log(tmp_path, before)

    class PowerCut(BaseException):
        pass

    def cut(self: AuditLog, head: Head) -> None:
        raise PowerCut

    with monkeypatch.context() as patch:
        patch.setattr(AuditLog, "_write_head", cut)
        with pytest.raises(PowerCut):
            log.append("loaded", target="at the wrong moment")
    found = log.verify()
    assert found.ok
    assert found.count == before + 1
    assert "beyond the head" in found.notes[0]
    after = log.append("loaded")
    assert after.recovered == {"entries": 1}
    assert log.verify().ok
    assert "follows a crash" in log.verify().notes[0]


def test_two_entries_beyond_the_head_are_no_crash(tmp_path: Path) -> None:
    log = a_log(tmp_path, 1)
    head = log.head_path.read_bytes()
    a_log(tmp_path, 2)
    log.head_path.write_bytes(head)
    assert not log.verify().ok
    with pytest.raises(StateError, match="damaged"):
        log.append("loaded")


@pytest.mark.parametrize("torn", [b'{"at":"2026-11-20T', b"\xff\x00\n"[:2], bytes(70_000), b"x"])
@pytest.mark.parametrize("before", [0, 2])
def test_an_entry_that_a_crash_cut_off_is_kept_aside(tmp_path: Path, before: int, torn: bytes) -> None:
    log = a_log(tmp_path, before)
    with log.path.open("ab") as file:
        file.write(torn)
    log.path.chmod(0o600)
    assert not log.verify().ok
    after = log.append("loaded")
    assert after.n == before + 1
    assert after.recovered["torn"]["bytes"] == len(torn)
    assert after.recovered["torn"]["sha256"] == hashlib.sha256(torn).hexdigest()
    assert log.verify().ok
    assert lines(log)[-1].endswith(b"}\n")


def test_a_full_disk_adds_nothing(tmp_path: Path) -> None:
    """The size of files is bounded for a child process: a part of the entry is written, then no more."""
    log = a_log(tmp_path, 5)
    before = log.path.read_bytes()
    code = (
        "import resource, sys; from pathlib import Path; from safeload.auditlog import AuditLog\n"
        "from safeload.errors import StateError\n"
        "log = AuditLog(Path(sys.argv[1])); size = log.path.stat().st_size + 50\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))\n"
        "try:\n"
        "    log.append('loaded', target='x' * 200)\n"
        "except StateError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert "cannot be written" in done.stdout
    assert log.path.read_bytes() == before
    assert log.verify().ok
    assert log.append("loaded").recovered == {}


def test_a_head_that_cannot_be_written_adds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = a_log(tmp_path, 2)
    before = log.path.read_bytes()
    (tmp_path / "audit.new").mkdir()
    with pytest.raises(StateError, match="cannot be written"):
        log.append("loaded")
    assert log.path.read_bytes() == before
    (tmp_path / "audit.new").rmdir()
    assert log.append("loaded").n == 3


def test_a_read_only_home_is_said_and_can_still_be_verified(tmp_path: Path) -> None:
    """A user without rights on the folder: in a child process, since root has them all."""
    log = a_log(tmp_path, 2)
    code = (
        "import os, sys; from pathlib import Path; from safeload.auditlog import AuditLog\n"
        "from safeload.errors import StateError\n"
        "import errno, filelock, platformdirs\n"
        "folder = os.open(sys.argv[1], os.O_RDONLY); os.fchdir(folder)\n"
        "os.chmod('.', 0o555); os.chmod('audit.jsonl', 0o444); os.chmod('audit.head', 0o444)\n"
        "if os.getuid() == 0: os.setuid(65534)\n"
        "log = AuditLog(Path('.'))\n"
        "print(log.verify())\n"
        "try:\n"
        "    log.append('loaded')\n"
        "except StateError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True)
    tmp_path.chmod(0o700)
    assert "ok=True, count=2" in done.stdout, done.stderr
    assert "cannot be written" in done.stdout
    assert log.verify().count == 2


def test_a_file_that_others_can_write_is_refused(tmp_path: Path) -> None:
    log = a_log(tmp_path, 1)
    log.path.chmod(0o666)
    with pytest.raises(StateError, match="can be changed by other users"):
        log.append("loaded")


def test_a_lock_that_is_never_released_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = a_log(tmp_path, 1)
    monkeypatch.setattr(module.limits, "STATE_WAIT", 0.05)
    with log._locked(), pytest.raises(StateError, match="in use by another process"):
        log.append("loaded")
    assert log.append("loaded").n == 2


def test_several_processes_append_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from safeload.auditlog import AuditLog\n"
        "for i in range(50):\n"
        "    AuditLog(Path(sys.argv[1])).append('loaded', worker=sys.argv[2], i=i)\n"
    )
    workers = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(n)]) for n in range(4)]
    assert [worker.wait() for worker in workers] == [0, 0, 0, 0]
    log = AuditLog(tmp_path)
    found = log.verify()
    assert (found.ok, found.count, found.notes) == (True, 200, ())
    per_worker = {str(n): [e.fields["i"] for e in log.entries() if e.fields["worker"] == str(n)] for n in range(4)}
    assert all(order == list(range(50)) for order in per_worker.values())


def test_a_process_that_is_killed_while_writing_leaves_a_log_that_goes_on(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from safeload.auditlog import AuditLog\n"
        "log = AuditLog(Path(sys.argv[1])); print('ready', flush=True)\n"
        "while True: log.append('loaded', filler='x' * 2000)\n"
    )
    for _ in range(3):
        worker = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
        assert worker.stdout is not None
        worker.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            worker.wait(0.15)
        worker.kill()
        worker.wait()
        worker.stdout.close()
        AuditLog(tmp_path).append("after a kill")
    assert AuditLog(tmp_path).verify().ok
