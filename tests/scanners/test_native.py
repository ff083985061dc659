"""Machine code, and archives inside it."""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from safeload.scanners.interface import Report
from tests.builders.checkpoints import torch_zip
from tests.builders.opcodes import evil
from tests.scanners.conftest import ids

Look = Callable[..., Report]
PE = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + bytes(64)


@pytest.mark.parametrize(
    "data",
    [
        b"\x7fELF\x02\x01\x01" + bytes(64),
        PE,
        b"\xcf\xfa\xed\xfe" + bytes(64),
        b"\xfe\xed\xfa\xce" + bytes(64),
        b"\xca\xfe\xba\xbe\0\0\0\x02" + bytes(64),
        b"MZqFpD='\n\n" + bytes(64),
        b"MZqFpD='\nexec true #'\n",
        b"\0asm\x01\0\0\0",
    ],
    ids=lambda data: repr(data[:8]),
)
@pytest.mark.parametrize("name", ["model.llamafile", "model.bin", "libop.so", "README.md"])
def test_a_program_is_found_under_any_name(data: bytes, name: str, look: Look) -> None:
    assert "native-code" in ids(look(data, name=name).findings)


def test_the_interpreter_of_this_test_is_a_program(look: Look) -> None:
    with open(Path(sys.executable).resolve(), "rb") as file:
        assert "native-code" in ids(look(file.read(1_000_000)).findings)


def test_an_archive_inside_a_program_is_read_too(tmp_path: Path, look: Look) -> None:
    report = look(b"MZqFpD='\n" + bytes(500) + torch_zip(evil(tmp_path / "marker")), name="model.llamafile")
    assert {"native-code", "pickle-dangerous-call"} <= set(ids(report.findings))


@pytest.mark.parametrize("text", [b"MZ is how this text begins, with no header behind its letters at all\n", b"ELF"])
def test_text_is_no_program(text: bytes, look: Look) -> None:
    assert "native-code" not in ids(look(text, name="README.md").findings)
