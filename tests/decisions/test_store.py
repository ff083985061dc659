from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from safeload.decisions.interface import DeciderKind, Decision
from safeload.decisions.store import Store
from safeload.errors import StateError
from safeload.policy.interface import Action
from safeload.sources.interface import Digest

NOW = "2026-11-20T12:00:00+00:00"


def a_digest(seed: str) -> Digest:
    return Digest(algorithm="sha256", hex=(seed * 64)[:64])


YES = Decision(
    subject=a_digest("a"),
    basis=a_digest("b"),
    action=Action.ALLOW,
    decider=DeciderKind.PERSON,
    who="Ada",
    note="read the code",
    at=NOW,
)


def recalled(store: Store, decision: Decision = YES, now: str = NOW) -> Decision | None:
    return store.recall(decision.subject, decision.basis, now=now)


def test_a_decision_is_remembered(tmp_path: Path) -> None:
    assert recalled(Store(tmp_path)) is None
    Store(tmp_path).remember(YES)
    assert recalled(Store(tmp_path)) == YES


def test_other_bytes_or_another_question_are_not_decided(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.remember(YES)
    assert recalled(store, replace(YES, subject=a_digest("c"))) is None
    assert recalled(store, replace(YES, basis=a_digest("c"))) is None
    other_algorithm = replace(YES.subject, algorithm="git-sha1")
    assert recalled(store, replace(YES, subject=other_algorithm)) is None


def test_the_latest_decision_counts(tmp_path: Path) -> None:
    store = Store(tmp_path)
    no = replace(YES, action=Action.BLOCK, decider=DeciderKind.COMMAND, at="2020-01-01T00:00:00+00:00")
    store.remember(YES)
    store.remember(no)
    assert recalled(store) == no
    assert store.all() == (YES, no)


@pytest.mark.parametrize(
    ("expires", "remembered"),
    [
        ("2026-11-20T12:00:01+00:00", True),
        ("2026-11-20T13:30:00+02:00", False),
        ("2026-11-20T12:00:00+00:00", False),
        ("2026-11-21T00:00:00Z", True),
        ("next year", False),
    ],
)
def test_a_decision_ends_when_it_says(tmp_path: Path, expires: str, remembered: bool) -> None:
    store = Store(tmp_path)
    store.remember(replace(YES, expires=expires))
    assert (recalled(store) is not None) is remembered


def test_an_expired_decision_does_not_bring_back_an_older_one(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.remember(YES)
    store.remember(replace(YES, action=Action.BLOCK, expires="2026-01-01T00:00:00+00:00"))
    assert recalled(store) is None


def test_what_has_no_digest_is_never_remembered(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        Store(tmp_path).remember(replace(YES, subject=None))  # type: ignore[arg-type]
    assert not (tmp_path / "decisions.sqlite").exists()


def test_names_that_are_not_text_are_kept_readable(tmp_path: Path) -> None:
    Store(tmp_path).remember(replace(YES, who="ad\udce4", note="'); DROP TABLE decisions; --"))
    decision = recalled(Store(tmp_path))
    assert decision is not None
    assert (decision.who, decision.note) == ("ad\\udce4", "'); DROP TABLE decisions; --")


def test_only_this_user_can_read_and_write_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = Store(tmp_path)
        store.remember(YES)
        with sqlite3.connect(store.path) as connection:  # keeps the log and the shared memory file there
            connection.execute("SELECT count(*) FROM decisions").fetchone()
            modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == {0o600}


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_what_others_could_have_written_is_not_believed(tmp_path: Path, mode: int) -> None:
    store = Store(tmp_path)
    store.remember(YES)
    store.path.chmod(mode)
    with pytest.raises(StateError, match="can be changed by other users"):
        recalled(store)


def test_a_link_to_somewhere_else_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "decisions.sqlite").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StateError):
        Store(tmp_path).remember(YES)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("garbage", [b"garbage" * 999, b"SQLite format 3\0" + b"\xff" * 8_000])
def test_a_damaged_file_says_what_to_do(tmp_path: Path, garbage: bytes) -> None:
    path = tmp_path / "decisions.sqlite"
    path.write_bytes(garbage)
    path.chmod(0o600)
    for attempt in (lambda s: recalled(s), lambda s: s.remember(YES), lambda s: s.all()):
        with pytest.raises(StateError) as error:
            attempt(Store(tmp_path))
        assert error.value.next
    assert path.read_bytes() == garbage


@pytest.mark.parametrize(
    "damage", ["action = 'ask'", "action = 'perhaps'", "decider = 'nobody'", "subject = 'sha256:xyz'", "basis = x'00'"]
)
def test_a_damaged_row_is_an_error_not_a_yes(tmp_path: Path, damage: str) -> None:
    store = Store(tmp_path)
    store.remember(YES)
    with sqlite3.connect(store.path) as connection:
        connection.execute(f"UPDATE decisions SET {damage}")
    with pytest.raises(StateError, match="damaged"):
        store.all()


def test_a_newer_store_is_left_alone(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.remember(YES)
    with sqlite3.connect(store.path) as connection:
        connection.execute("PRAGMA user_version=99")
    with pytest.raises(StateError, match="newer safeload"):
        recalled(store)


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="cannot be written"):
        Store(tmp_path / "gone").remember(YES)


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    """The size of files is bounded for a child process, which is what a full disk looks like to SQLite."""
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from dataclasses import replace; from safeload.errors import StateError\n"
        "from tests.decisions.test_store import YES, Store\n"
        "store = Store(Path(sys.argv[1])); store.remember(YES)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))\n"
        "try:\n"
        "    store.remember(replace(YES, note='x' * 100_000))\n"
        "except StateError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert "neither known nor kept" in done.stdout
    assert Store(tmp_path).all() == (YES,)


def test_a_lock_that_is_never_released_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    store.remember(YES)
    monkeypatch.setattr("safeload.limits.STATE_WAIT", 0.05)
    blocker = sqlite3.connect(store.path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(StateError, match="in use by another process"):
        store.remember(YES)
    assert recalled(store) == YES  # reading goes on
    blocker.close()


def test_several_processes_decide_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from dataclasses import replace\n"
        "from tests.decisions.test_store import YES, NOW, Store\n"
        "for i in range(25):\n"
        "    store = Store(Path(sys.argv[1])); store.remember(replace(YES, note=f'{sys.argv[2]} {i}'))\n"
        "    assert store.recall(YES.subject, YES.basis, now=NOW)\n"
    )
    workers = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(n)]) for n in range(4)]
    assert [worker.wait() for worker in workers] == [0, 0, 0, 0]
    notes = [decision.note for decision in Store(tmp_path).all()]
    assert len(notes) == len(set(notes)) == 100
