from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from safeload import limits
from safeload.parsers.facts import Gap, GapReason, Part, PickleFacts, PickleRole, Stream, TensorFacts, Use
from safeload.scanners import memo as memo_module
from safeload.scanners.memo import FileKey, Memo

SHA = "ab" * 32
OLD = 1_600_000_000_000_000_001  # nanoseconds: long ago, and not a whole second
KEY: FileKey = (1, 2, 3, OLD, OLD)
PARTS = (
    Part(
        member=("archive", "data.pkl"),
        format="pickle",
        also=("zip",),
        pickle=PickleFacts(
            reading="torch",
            streams=(Stream(offset=0, length=9, sha256=SHA, names=(("collections", "OrderedDict"),)),),
            uses=(Use(module="collections", name="OrderedDict", role=PickleRole.CALLED, shape=("tuple",), offset=2),),
        ),
    ),
    Part(format="safetensors", tensors=TensorFacts(tensors=2, parameters={"F32": 12}, metadata={"format": "pt"})),
    Part(format="unknown", gap=Gap(reason=GapReason.UNKNOWN_FORMAT, detail="nobody knows")),
)


def key_of(path: Path) -> FileKey:
    s = path.stat()
    return (s.st_dev, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns)


def test_a_digest_is_remembered_across_sessions(tmp_path: Path) -> None:
    first = Memo(tmp_path)
    assert first.digest(KEY) is None
    first.remember_digest(KEY, SHA)
    first.close()
    second = Memo(tmp_path)
    assert second.digest(KEY) == SHA
    assert second.digest((*KEY[:4], OLD + 1)) is None
    second.close()


def test_facts_come_back_as_they_were(tmp_path: Path) -> None:
    memo = Memo(tmp_path)
    memo.remember_parts(SHA, "weights:.bin", PARTS)
    assert memo.parts(SHA, "weights:.bin") == PARTS
    assert memo.parts(SHA, "weights:.pkl") is None
    assert memo.parts("cd" * 32, "weights:.bin") is None
    memo.close()


def test_other_parsers_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memo = Memo(tmp_path)
    memo.remember_parts(SHA, "", PARTS)
    monkeypatch.setattr(memo_module, "parser_version", lambda: "another")
    assert memo.parts(SHA) is None
    memo.close()


@pytest.mark.parametrize("reason", [GapReason.LIMIT, GapReason.CRASHED, GapReason.MISSING_DEPENDENCY])
def test_a_failure_that_may_pass_is_not_remembered(tmp_path: Path, reason: GapReason) -> None:
    memo = Memo(tmp_path)
    memo.remember_parts(SHA, "", (replace(PARTS[0], gap=Gap(reason=reason)),))
    memo.remember_parts("cd" * 32, "", ())
    assert memo.parts(SHA) is None
    assert memo.parts("cd" * 32) is None
    memo.close()


def test_a_file_that_was_just_written_is_not_remembered(tmp_path: Path) -> None:
    """Racy times: a second write within one tick of the clock would leave the identity as it is."""
    path = tmp_path / "weights.bin"
    path.write_bytes(b"good")
    memo = Memo(tmp_path)
    memo.remember_digest(key_of(path), SHA)
    assert memo.digest(key_of(path)) is None
    time.sleep(memo_module._TICK / 1e9 + 0.05)
    memo.remember_digest(key_of(path), SHA)
    assert memo.digest(key_of(path)) == SHA
    memo.close()


def test_a_coarse_clock_takes_longer(tmp_path: Path) -> None:
    memo = Memo(tmp_path)
    second = time.time_ns() // 10**9 * 10**9 - 10**9
    memo.remember_digest((1, 2, 3, second, second), SHA)
    assert memo.digest((1, 2, 3, second, second)) is None
    memo.close()


def test_a_change_of_the_same_size_is_another_file(tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    path.write_bytes(b"good")
    os.utime(path, ns=(OLD, OLD))
    before = key_of(path)
    time.sleep(0.02)
    path.write_bytes(b"evil")
    os.utime(path, ns=(OLD, OLD))  # the modification time can be set; the change time cannot
    after = key_of(path)
    assert before[:4] == after[:4]
    memo = Memo(tmp_path)
    memo.remember_digest((*before[:4], OLD), SHA)
    assert memo.digest(after) is None
    memo.close()


def test_an_inode_may_be_larger_than_sqlite_s_integers(tmp_path: Path) -> None:
    memo = Memo(tmp_path)
    memo.remember_digest((1, 2**64 - 1, 3, OLD, OLD), SHA)
    assert memo.digest((1, 2**64 - 1, 3, OLD, OLD)) == SHA
    memo.close()


@pytest.mark.parametrize("garbage", [b"not a database" * 100, b"SQLite format 3\0" + b"\xff" * 5_000])
def test_a_damaged_memo_is_absent_then_made_anew(tmp_path: Path, garbage: bytes) -> None:
    (tmp_path / "memo.sqlite").write_bytes(garbage)
    (tmp_path / "memo.sqlite").chmod(0o600)
    first = Memo(tmp_path)
    assert first.digest(KEY) is None
    first.remember_digest(KEY, SHA)
    first.close()
    second = Memo(tmp_path)
    second.remember_digest(KEY, SHA)
    assert second.digest(KEY) == SHA
    second.close()


@pytest.mark.parametrize("damage", ["[1]", "[]", '[{"format": 3}]', "{", "[" * 100_000])
def test_damaged_facts_are_absent(tmp_path: Path, damage: str) -> None:
    memo = Memo(tmp_path)
    memo.remember_parts(SHA, "", PARTS)
    with sqlite3.connect(memo.path) as connection:
        connection.execute("UPDATE parses SET parts = ?", (damage,))
    assert memo.parts(SHA) is None
    memo.close()


def test_a_memo_that_others_can_write_is_not_believed(tmp_path: Path) -> None:
    memo = Memo(tmp_path)
    memo.remember_digest(KEY, SHA)
    memo.close()
    assert stat.S_IMODE(memo.path.stat().st_mode) == 0o600
    memo.path.chmod(0o666)
    other = Memo(tmp_path)
    assert other.digest(KEY) is None
    other.close()


def test_no_folder_is_no_error(tmp_path: Path) -> None:
    memo = Memo(tmp_path / "gone")
    assert memo.digest(KEY) is None
    memo.remember_digest(KEY, SHA)
    memo.remember_parts(SHA, "", PARTS)
    assert memo.parts(SHA) is None
    memo.close()


def test_it_is_kept_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MEMO_ROWS", 5)
    memo = Memo(tmp_path)
    for i in range(20):
        memo.remember_digest((i, 2, 3, OLD, OLD), SHA)
        memo.remember_parts(f"{i:064}", "", PARTS)
    memo.close()
    kept = Memo(tmp_path)
    assert [i for i in range(20) if kept.digest((i, 2, 3, OLD, OLD))] == [15, 16, 17, 18, 19]
    assert [i for i in range(20) if kept.parts(f"{i:064}")] == [15, 16, 17, 18, 19]
    monkeypatch.setattr(limits, "MEMO_BYTES", 10)
    kept.remember_parts(SHA, "", PARTS)
    kept.close()
    last = Memo(tmp_path)
    assert last.parts(SHA) is None
    last.close()


def test_several_processes_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from safeload.scanners.memo import Memo\n"
        "for i in range(30):\n"
        "    memo = Memo(Path(sys.argv[1])); key = (int(sys.argv[2]), i, 3, 1600000000000000001, 1600000000000000001)\n"
        "    memo.remember_digest(key, 'ab' * 32); found = memo.digest(key); memo.close()\n"
        "    assert found == 'ab' * 32, (i, found)\n"
    )
    workers = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(n)]) for n in range(3)]
    assert [worker.wait() for worker in workers] == [0, 0, 0]


def test_another_version_of_a_parser_reads_again(tmp_path: Path) -> None:
    """By what lies there: also one that was written over, and given its old times."""
    package = tmp_path / "safeload"
    (package / "parsers" / "models").mkdir(parents=True)
    sources = [package / name for name in ("limits.py", "lean.py", "parsers/zip.py", "parsers/models/onnx.py")]
    for source in sources:
        source.write_text("A = 1\n")
    found = {tuple(memo_module._statuses(package))}
    for source in sources:
        times = source.stat()
        source.write_text("A = 2\n")
        os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))
        found.add(tuple(memo_module._statuses(package)))
    assert len(found) == len(sources) + 1


def test_without_its_source_nothing_is_known_of_a_version(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        list(memo_module._statuses(tmp_path))
