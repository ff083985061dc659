"""Folders that fight back, through `safeload scan` as a command: an exit code, escaped text, no traceback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
import unicodedata
from pathlib import Path

import jsonschema
import pytest

from safeload import api
from safeload.report import html
from tests.builders import opcodes as op

pytestmark = pytest.mark.heavy

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs" / "schema" / "safeload.review-1.json").read_text())
PLAIN = b"\x80\x02N."
NAMES = [
    "new\nline.pkl",
    "tab\tand\rreturn.pkl",
    "esc\x1b[2J\x1b[31m.pkl",
    "bell\x07\x9b31m.pkl",
    "right-to-left\u202egnp.lkp",
    "isolate\u2066x\u2069.pkl",
    "no-width\u200b\ufeff.pkl",
    "tag\U000e0041.pkl",
    "<script>alert(1)<\u2215script>.pkl",
    "&amp;\"'><b>.pkl",
    "`$(touch x)`;x|y.pkl",
    "x" * 251 + ".pkl",
    "{braces} %s %n.pkl",
    " .pkl",
    "-rf.pkl",
]


def scan(*arguments: str, form: str = "text") -> subprocess.CompletedProcess[bytes]:
    """As a person would."""
    command = [sys.executable, "-m", "safeload", "scan", "--format", form, *arguments]
    done = subprocess.run(command, capture_output=True, timeout=60, cwd=ROOT)
    assert b"Traceback" not in done.stdout + done.stderr
    return done


def is_plain(text: str) -> bool:
    """No character that moves, hides or turns round what stands beside it."""
    return all(one == "\n" or unicodedata.category(one) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for one in text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "model"
    made.mkdir()
    return made


def test_names_are_shown_and_change_nothing(folder: Path) -> None:
    for name in NAMES:
        (folder / name).write_bytes(op.evil(folder.parent / "marker"))
    Path(os.fsdecode(os.fsencode(folder) + b"/no-utf8\xff\xfe.pkl")).write_bytes(PLAIN)
    ran = scan(str(folder), form="json")
    assert ran.returncode == 1
    (line,) = ran.stdout.decode("ascii").splitlines()
    value = json.loads(line)
    jsonschema.validate(value, SCHEMA)
    assert len(value["results"]) == len(NAMES) + 1
    shown = scan(str(folder), *(str(folder / name) for name in NAMES[:5]))
    one = shown.stdout.decode()
    assert shown.returncode == 1
    assert is_plain(one) and is_plain(shown.stderr.decode())
    for part in ("new\\nline.pkl", "esc\\x1b[2J", "right-to-left\\u202e"):
        assert part in one
    assert not (folder.parent / "marker").exists()


def test_names_are_text_in_html(folder: Path) -> None:
    for name in NAMES:
        (folder / name).write_bytes(op.evil(folder.parent / "marker"))
    page = html.render(api.scan(str(folder)))
    assert is_plain(page)
    assert "<script>alert" not in page and "'><b>" not in page
    assert "&lt;script&gt;alert" in page or "alert(1)" not in page


def test_what_is_no_file_is_a_gap_and_is_not_waited_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "good.pkl").write_bytes(PLAIN)
    os.mkfifo(folder / "pipe.pkl")
    for name, target in {
        "device.bin": "/dev/zero",
        "terminal.bin": "/dev/tty",
        "outside.bin": "/etc/passwd",
        "loop": "loop",
        "a": "b",
        "b": "a",
        "up": "..",
        "process.bin": "/proc/self/mem",
    }.items():
        (folder / name).symlink_to(target)
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.pkl")
        began = time.monotonic()
        ran = scan(str(folder), form="json")
    assert time.monotonic() - began < 30
    assert ran.returncode == 3 and ran.stderr == b""
    read = {one["path"]: one["status"] for one in json.loads(ran.stdout)["results"]}
    assert [name for name, status in read.items() if status == "scanned"] == ["good.pkl"]
    assert len(read) == 10 + 1 - ("up" not in read)


@pytest.mark.skipif(os.getuid() == 0, reason="root reads everything")
def test_what_may_not_be_read_is_said(folder: Path) -> None:
    (folder / "good.pkl").write_bytes(PLAIN)
    (folder / "secret.pkl").write_bytes(PLAIN)
    (folder / "secret.pkl").chmod(0)
    ran = scan(str(folder))
    assert ran.returncode in (2, 3)
    assert b"secret.pkl" in ran.stdout + ran.stderr


@pytest.mark.parametrize("target", ["/dev/zero", "no\nsuch\x1b[2J", "x" * 5_000])
def test_a_target_that_is_none_is_one_line(target: str) -> None:
    ran = scan(target)
    assert ran.returncode in (2, 3)
    said = (ran.stdout + ran.stderr).decode()
    assert is_plain(said)
    assert ran.returncode == 3 or (said.count("\n") == 1 and said.startswith("safeload: "))


def test_a_settings_file_of_holes_is_one_line(folder: Path) -> None:
    (folder / "model.bin").write_bytes(PLAIN)
    with (folder / "config.json").open("wb") as file:
        file.truncate(10 << 30)
    ran = scan(str(folder))
    assert ran.returncode == 2
    assert ran.stderr.count(b"\n") == 1 and b"too large" in ran.stderr


@pytest.mark.parametrize("grows", [True, False])
def test_a_file_that_does_not_hold_still_is_never_allowed(grows: bool, folder: Path) -> None:
    path = folder / "model.pkl"
    path.write_bytes(PLAIN * 200_000 if not grows else PLAIN)
    stop = threading.Event()

    def change() -> None:
        size = path.stat().st_size
        while not stop.is_set():
            size = size + 4 if grows else max(4, size - 4)
            os.truncate(path, size)
            time.sleep(0.001)

    changing = threading.Thread(target=change)
    changing.start()
    try:
        ran = scan(str(folder))
    finally:
        stop.set()
        changing.join()
    assert ran.returncode in (2, 3)
    assert is_plain((ran.stdout + ran.stderr).decode())


def test_a_good_file_beside_a_bad_target_is_still_scanned(folder: Path) -> None:
    (folder / "good.pkl").write_bytes(PLAIN)
    os.mkfifo(folder / "pipe")
    ran = scan(str(folder / "pipe"), str(folder / "good.pkl"), str(folder / "gone"), form="json")
    assert [json.loads(line)["action"] for line in ran.stdout.splitlines()][1] == "allow"
    assert ran.returncode == 2


def test_a_file_of_holes_is_named_and_not_hashed(folder: Path) -> None:
    (folder / "good.pkl").write_bytes(PLAIN)
    with (folder / "weights.bin").open("wb") as file:
        file.truncate(10 << 30)
    ran = scan(str(folder))
    assert ran.returncode == 3
    assert b"weights.bin" in ran.stdout and b"only 0 are stored" in ran.stdout.replace(b"\n", b" ")
