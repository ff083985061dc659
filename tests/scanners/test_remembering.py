"""Facts that are remembered are those of the same bytes, and no worker is asked for them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from safeload import limits
from safeload.guard.hold import Hold
from safeload.parsers.facts import Part
from safeload.scanners.memo import Memo
from safeload.scanners.remembering import Remembering
from safeload.sources.readable import Readable


class Counting:
    """An examiner that says how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.announced = 0

    def announce(self, readable: Readable, /, *, purpose: str = "") -> None:
        self.announced += 1

    def examine(self, readable: Readable, /, *, name: str, purpose: str = "") -> tuple[Part, ...]:
        self.asked.append(name)
        return (Part(format=f"of {name}"),)


def looked(folder: Path, files: dict[str, bytes], *, purpose: str = "") -> Counting:
    """As a look does: all are announced, examined, remembered."""
    examiner = Counting()
    with closing(Memo(folder / "memo")) as memo:
        remembering = Remembering(examiner=examiner, memo=memo)
        holds = {}
        for name, data in files.items():
            (folder / name).write_bytes(data)
            holds[name] = Hold(folder / name)
            remembering.announce(holds[name], purpose=purpose)
        for name, hold in holds.items():
            assert remembering.examine(hold, name=name, purpose=purpose)[0].format == f"of {name}"
            hold.close()
        remembering.remember()
    return examiner


def test_a_small_file_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "memo").mkdir(mode=0o700)
    first = looked(tmp_path, {"config.json": b"{}"})
    assert (first.asked, first.announced) == (["config.json"], 1)
    again = looked(tmp_path, {"config.json": b"{}"})
    assert (again.asked, again.announced) == ([], 0)


def test_other_bytes_are_another_file(tmp_path: Path) -> None:
    (tmp_path / "memo").mkdir(mode=0o700)
    looked(tmp_path, {"config.json": b"{}"})
    assert looked(tmp_path, {"config.json": b"[]"}).asked == ["config.json"]


def test_another_purpose_is_another_reading(tmp_path: Path) -> None:
    (tmp_path / "memo").mkdir(mode=0o700)
    looked(tmp_path, {"config.json": b"{}"})
    assert looked(tmp_path, {"config.json": b"{}"}, purpose="template").asked == ["config.json"]


def test_of_many_small_files_a_few_are_looked_up(tmp_path: Path) -> None:
    (tmp_path / "memo").mkdir(mode=0o700)
    files = {f"{n}.json": b"[%d]" % n for n in range(limits.REMEMBERED_SMALL + 3)}
    assert len(looked(tmp_path, files).asked) == len(files)
    assert len(looked(tmp_path, files).asked) == 3
