"""Files that come with a model: recognised ones ask nobody, whatever else they are is found, and no weights are one."""

from __future__ import annotations

import base64
import importlib.util
import io
import struct
import subprocess
import sys
import zipfile
from array import array
from collections.abc import Callable
from pathlib import Path

import pytest

from safeload import limits
from safeload.policy.evaluate import evaluate
from safeload.policy.interface import Action
from safeload.policy.presets import STANDARD
from safeload.scanners.interface import Report
from safeload.signals.interface import Assessment
from safeload.sources.interface import Role
from tests.builders.protobufs import field
from tests.scanners.conftest import ids

Look = Callable[..., Report]

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0" + bytes(4) + b"\0\0\0\0IEND\xaeB`\x82"


def checked(length: int) -> bytes:
    """The length of a TFRecord and its checksum: CRC-32C, turned and moved."""
    raw, crc = struct.pack("<Q", length), 0xFFFFFFFF
    for byte in raw:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 * (crc & 1))
    crc ^= 0xFFFFFFFF
    return raw + struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


EVENT = checked(24) + b"\x09\0\0\x80\x99\x1d\x48\xda\x41\x1a\x0dbrain.Event:2" + bytes(4)
INERT = {
    "figure.png": PNG,
    "photo.jpg": b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xd9",
    "moving.gif": b"GIF89a\1\0\1\0\0\0\0;",
    "picture.webp": b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f" + bytes(13),
    "sample.wav": b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x44\xac\0\0\x88\x58\1\0\2\0\x10\0data\0\0\0\0",
    "old.bmp": b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\1\0\0\0\1\0\0\0\1\0\x18\0" + bytes(28),
    "scan.tiff": b"II*\0\x08\0\0\0\0\0\0\0\0\0",
    "favicon.ico": b"\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0\4\0\0\0\x16\0\0\0" + bytes(4),
    "demo.mp4": b"\0\0\0\x18ftypisom\0\0\2\0isommp41" + b"\0\0\0\x08free",
    "paper.pdf": b"%PDF-1.4\n1 0 obj<<>>endobj\n%%EOF\n",
    "events.out.tfevents.1": EVENT,
    "letters.woff2": b"wOF2\0\1\0\0" + bytes(40),
}


def action(report: Report) -> Action:
    return evaluate(STANDARD, Assessment(report=report, signals=()), wants_weights=False).action


def vocabulary(*more: bytes, piece: bytes = b"<unk>") -> bytes:
    score = b"\x15" + struct.pack("<f", -1.0)
    pieces = [field(1, field(1, text) + score) for text in (piece, b"a", b"b", b"c")]
    return b"".join([*pieces, *more])


def rules(units: list[int], texts: bytes = b"a\0", length: int | None = None) -> bytes:
    trie = array("I", units).tobytes()
    return field(3, field(2, struct.pack("<I", len(trie) if length is None else length) + trie + texts))


@pytest.mark.parametrize("name", INERT)
@pytest.mark.parametrize("role", [Role.FOUND, Role.CONFIG])
def test_what_no_loader_runs_asks_nobody(name: str, role: Role, look: Look) -> None:
    report = look(INERT[name], name=name, role=role)
    assert action(report) is Action.ALLOW
    assert report.results[0].format != "text"


@pytest.mark.parametrize("name", INERT)
@pytest.mark.parametrize("role", [Role.WEIGHTS, Role.TARGET])
def test_it_is_no_model_either(name: str, role: Role, look: Look) -> None:
    assert action(look(INERT[name], name=name, role=role)) is Action.ASK


def test_a_folder_of_pictures_has_no_weights(look: Look) -> None:
    report = look(PNG, name="figure.png", role=Role.FOUND)
    verdict = evaluate(STANDARD, Assessment(report=report, signals=()))
    assert [reason.clause for reason in verdict.reasons] == ["nothing-to-load"]


def test_a_picture_that_is_a_pickle_too_is_found(tmp_path: Path, look: Look) -> None:
    """`GIF89a…` is a number to a pickle, and what follows its eight bytes is run."""
    evil = b"GIF89a\0\0\0" + b"0cposix\nmkdir\n(S'ran'\ntR."
    code = f"import pickle; pickle.loads({evil!r})"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=100)
    assert (tmp_path / "ran").is_dir()
    assert "pickle-dangerous-call" in ids(look(evil, name="a.gif", role=Role.FOUND).findings)


def test_an_archive_behind_a_picture_is_found(look: Look) -> None:
    made = io.BytesIO(PNG)
    with zipfile.ZipFile(made, "a") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02]q\x00.")
    assert "polyglot" in ids(look(made.getvalue(), name="a.png", role=Role.FOUND).findings)


@pytest.mark.parametrize("start", ["BM not a picture", "RIFF and raff", "%PDF", "GIF8", "II*"])
def test_a_few_letters_make_no_picture(start: str, look: Look) -> None:
    assert action(look(start.encode() + bytes(range(255, -1, -1)), name="x", role=Role.FOUND)) is Action.ASK


ARROW = b"\xff\xff\xff\xff\x40\0\0\0\x10\0\0\0" + bytes(60)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"PAR1" + bytes(9) + struct.pack("<I", 9) + b"PAR1", "a.parquet"),
        (b"ARROW1\0\0" + bytes(64) + b"ARROW1", "a.feather"),
        (ARROW, "a.arrow"),
    ],
)
def test_a_table_is_ordinary(data: bytes, name: str, look: Look) -> None:
    assert action(look(data, name=name, role=Role.FOUND)) is Action.ALLOW


@pytest.mark.parametrize("before", [b"", b"x", b"xx", b"xxx"])
def test_a_table_with_a_pickled_type_is_found(before: bytes, look: Look) -> None:
    """CVE-2023-47248: the schema says that a type is to be unpickled."""
    key = before + b"ARROW:extension:name\0arrow.py_extension_type\0"
    schema = base64.b64encode(key)
    parquet = b"PAR1" + bytes(9) + schema + struct.pack("<I", len(schema)) + b"PAR1"
    for data in (parquet, ARROW + key, b"ARROW1\0\0" + bytes(3 << 20) + key + b"ARROW1"):
        assert ids(look(data, name="x", role=Role.FOUND).findings) == ["arrow-pickled-type"]


@pytest.mark.parametrize("role", [Role.FOUND, Role.TOKENIZER, Role.TARGET])
def test_a_sentencepiece_vocabulary_is_ordinary(role: Role, look: Look) -> None:
    for data in (
        vocabulary(),
        vocabulary(rules([0] * 256)),
        vocabulary(field(2, b""), field(3, field(1, b"identity"))),
    ):
        assert action(look(data, name="tokenizer.model", role=role)) is Action.ALLOW


@pytest.mark.parametrize(
    "data",
    [
        vocabulary(rules([0x3FFFFF << 10] + [0] * 255)),  # the next letters are far behind the end
        vocabulary(rules([0] * 255 + [1 << 31 | 9])),  # a text that is not there
        vocabulary(rules([0] * 3)),
        vocabulary(rules([0] * 256, texts=b"a")),
        vocabulary(rules([0] * 256, length=1 << 30)),
        vocabulary(field(3, field(2, b"\1"))),
        vocabulary(piece=b"a" * (limits.PIECE + 1)),
        vocabulary(field(7, b"x")),
    ],
)
def test_a_vocabulary_that_would_crash_its_library_asks(data: bytes, look: Look) -> None:
    assert action(look(data, name="tokenizer.model", role=Role.TOKENIZER)) is Action.ASK


@pytest.mark.skipif(importlib.util.find_spec("sentencepiece") is None, reason="sentencepiece is not here")
def test_a_real_vocabulary_is_ordinary(tmp_path: Path, look: Look) -> None:
    (tmp_path / "text").write_text("a text of a few words that say hello\n" * 200)
    code = "import sentencepiece as s; s.SentencePieceTrainer.train(input='text', model_prefix='m', vocab_size=24)"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, timeout=100)
    assert action(look((tmp_path / "m.model").read_bytes(), name="m.model", role=Role.TOKENIZER)) is Action.ALLOW
