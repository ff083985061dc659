"""Tar files as Python's own module walks them; where programs differ is an anomaly, where it stops is a gap."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeload.errors import Malformed
from safeload.parsers.containers import tar
from safeload.parsers.reader import Reader
from tests.builders import opcodes as op
from tests.builders import tars
from tests.builders.checkpoints import torch_zip
from tests.parsers.conftest import Examine, Runs, anomalies, gaps, names

LOAD = "import torch; torch.load(path, weights_only=False)"
REF = op.proto(2) + op.text("1") + op.BINPERSID + op.STOP


def walked(content: bytes) -> list[tuple[str, bytes]]:
    reader = Reader.of_bytes(content)
    files = [entry for entry in tar.directory(reader).entries if entry.regular and not entry.sparse]
    return [(one.name, tar.content(reader, one).read_at(0, one.size)) for one in files]


FILES = {"a.txt": b"text", "b/" + "c" * 90: b"x" * 600, "d" * 300: b"", "grün": b"\0" * 512, "e/f": b"1"}


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_what_python_writes_is_read(form: int, examine: Examine) -> None:
    content = tars.made(FILES, format=form)
    assert walked(content) == list(FILES.items())
    assert anomalies(examine(content)) == ()


def test_large_numbers_and_global_headers(examine: Examine) -> None:
    content = tars.made({"a": b"1"}, format=tarfile.PAX_FORMAT, pax_headers={"comment": "a commit"})
    assert walked(content) == [("a", b"1")] and anomalies(examine(content)) == ()
    block = bytearray(tars.header("b", 0))
    block[124:136] = b"\x80" + (3).to_bytes(11, "big")
    assert walked(tars.tar(tars.checked(block) + b"abc".ljust(512, b"\0"))) == [("b", b"abc")]


def test_torchs_first_format(examine: Examine, real_load: Runs, tmp_path: Path) -> None:
    parts = examine(tars.torch_tar(REF))
    assert parts[0].format == "torch-tar" and gaps(parts) == set() and anomalies(parts) == ()
    assert names(parts) == {"torch.FloatStorage", "torch.FloatTensor"}
    assert all(not part.pickle.odd_persistent for part in parts if part.pickle)
    done = tmp_path / "done"
    real_load(f"{LOAD}; assert torch.load(path, weights_only=False)[1] == 2; open({str(done)!r}, 'w')",
              tars.torch_tar(REF))  # fmt: skip
    assert done.exists()


@pytest.mark.parametrize("where", ["pickle", "storages", "tensors"])
def test_a_payload_in_any_of_its_members(where: str, examine: Examine, real_load: Runs, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    content = tars.torch_tar(op.evil(marker) if where == "pickle" else REF)
    if where != "pickle":
        files = {info.name: data for info, data in _files(content)}
        # Behind the numbers: found only by who skips exactly as many bytes as torch reads.
        files[where] = (
            files[where][: -len(b"\x80\x02]q\x00.")] + op.evil(marker)
            if where == "storages"
            else b"\x80\x02K\x02." + files[where][len(b"\x80\x02K\x01.") :] + op.evil(marker)
        )
        content = tars.made(files)
    parts = examine(content)
    assert "builtins.open" in names(parts)
    real_load(LOAD, content)
    assert marker.exists()


def _files(content: bytes) -> list[tuple[tarfile.TarInfo, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return [(info, archive.extractfile(info).read()) for info in archive.getmembers()]  # type: ignore[union-attr]


def test_members_are_read_by_what_they_are(examine: Examine, tmp_path: Path) -> None:
    bad = op.evil(tmp_path / "marker")
    content = tars.made({"weights.bin": bad, "model": torch_zip(bad), "README": b"text", "w": bytes(range(200, 250))})
    parts = examine(content)
    assert [part.format for part in parts] == ["tar", "pickle", "torch-zip", "pickle", "text", "unknown"]
    assert "zip" not in parts[0].also


def test_a_zip_around_a_tar_is_another_reading(examine: Examine) -> None:
    content = tars.made({"a": b"x" * 100}) + torch_zip(b"\x80\x02}.")
    assert "torch-zip" in examine(content)[0].also


ODD = {
    "path-outside": tars.member("../x", b"1"),
    "path-outside: /etc": tars.member("/etc/x", b"1"),
    "unsafe-name": tars.member("a\nb", b"1"),
    "link-outside": tars.header("a", kind=b"2", target="../../etc/passwd"),
    "link-outside: b": tars.header("b", kind=b"1", target="/etc/passwd"),
    "link-member": tars.header("a", kind=b"2", target="b"),
    "device-member": tars.header("a", kind=b"3"),
    "pipe-member": tars.header("a", kind=b"6"),
    "size-without-data": tars.header("a", 512, kind=b"5"),
    "unknown-member-type": tars.header("a", 0, kind=b"Z"),
    "duplicate-member": tars.member("a", b"1") + tars.member("./A", b"2"),
    "data-behind-the-end": tars.member("a", b"1") + bytes(512) + b"hidden",
}


@pytest.mark.parametrize("code", ODD)
def test_what_is_odd_is_said(code: str, examine: Examine) -> None:
    assert code.split(":")[0] in " ".join(anomalies(examine(tars.tar(ODD[code]))))


def test_a_path_by_an_extended_header_counts(examine: Examine) -> None:
    record = b"18 path=../../etc\n"
    content = tars.tar(tars.member("x", record, kind=b"x") + tars.member("innocent", b"1"))
    assert "path-outside: ../../etc" in anomalies(examine(content))
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        assert archive.getnames() == ["../../etc"]


@pytest.mark.parametrize(
    "content",
    [
        tars.tar(tars.member("a", b"1"), tars.header("b", 99999)),
        tars.tar(tars.member("a", b"1"), b"no header".ljust(512, b"x")),
        tars.tar(tars.member("a", b"1") + tars.header("s", 0, kind=b"S")),
        tars.tar(tars.member("x", b"99 path=b\n", kind=b"x") + tars.member("a", b"")),
        tars.tar(tars.member("x", b"12 size=1e3\n", kind=b"x") + tars.member("a", b"")),
        tars.tar(tars.header("x", 1 << 30, kind=b"L") + tars.member("a", b"")),
    ],
)
def test_what_cannot_be_read_whole_is_a_gap(content: bytes, examine: Examine) -> None:
    assert gaps(examine(content)) & {"malformed", "limit", "unknown-format"}


@given(st.lists(st.tuples(st.sampled_from("01257xgLKSZ\0"), st.integers(0, 700), st.binary(max_size=40)), max_size=4),
       st.integers(0, 3000), st.binary(max_size=8))  # fmt: skip
def test_no_member_that_python_reads_is_missed(blocks: list[tuple[str, int, bytes]], at: int, noise: bytes) -> None:
    """Whatever `tarfile` gives, the walk gives too, or says that something is odd."""
    content = b"".join(
        tars.header(f"m{i}", size, kind.encode()) + data.ljust(size, b"x")[:size] + bytes(-size % 512)
        for i, (kind, size, data) in enumerate(blocks)
    )
    content = tars.tar(content[:at] + noise + content[at + len(noise) :])
    real: list[tuple[str, bytes]] = []
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            for info in archive:
                if info.isreg() and not info.issparse():
                    real.append((info.name, archive.extractfile(info).read()))  # type: ignore[union-attr]
    except (tarfile.TarError, ValueError, OSError, OverflowError):
        return
    try:
        found = tar.directory(Reader.of_bytes(content))
        ours = walked(content)
    except Malformed:
        return
    assert found.anomalies or all((name.rstrip("/"), data) in ours for name, data in real)
