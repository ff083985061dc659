"""TFLite and ExecuTorch: operators and backends that a runtime does not have, files elsewhere, hostile offsets."""

from __future__ import annotations

import base64
import io
import random
import zipfile
from collections.abc import Callable

import pytest

from safeload.scanners.interface import Report, Unscanned
from tests.builders.flatbuffers import Piece, Value, executorch, file, table, tflite
from tests.scanners.conftest import ids

Look = Callable[..., Report]
ADD: dict[int, Value] = {0: 0, 3: 0}
# x @ ones + relu, as TensorFlow 2.21's converter wrote it.
REAL = base64.b64decode(
    "HAAAAFRGTDMUACAAHAAYABQAEAAMAAAACAAEABQAAAAcAAAAgAAAANAAAAAQAgAAIAIAAHwHAAADAAAAAQAAAAQAAACu+///DAAAABwAAAA8AA"
    "AADwAAAHNlcnZpbmdfZGVmYXVsdAABAAAABAAAAAT8//8HAAAABAAAAAgAAABvdXRwdXRfMAAAAAABAAAABAAAAHr+//8EAAAAAQAAAHgAAAAC"
    "AAAALAAAAAQAAABE/P//DQAAAAQAAAATAAAAQ09OVkVSU0lPTl9NRVRBREFUQQBo/P//DAAAAAQAAAATAAAAbWluX3J1bnRpbWVfdmVyc2lvbg"
    "AOAAAAPAEAADQBAAAcAQAAAAEAAMwAAADEAAAAvAAAALQAAACsAAAApAAAAJwAAACUAAAAdAAAAAQAAAAa////BAAAAGAAAAAQAAAAAAAAAAgA"
    "DgAIAAQACAAAABAAAAAkAAAAAAAGAAgABAAGAAAABAAAAAAAAAAMABgAFAAQAAwABAAMAAAAtMvObEINgFkBAAAAAgAAAAQAAAAGAAAAMi4yMS"
    "4wAACG////BAAAABAAAAAxLjE1LjAAAAAAAAAAAAAAOPr//zz6//9A+v//RPr//0j6//9M+v//UPr//77///8EAAAAJAAAAAAAgD8AAIA/AACA"
    "PwAAgD8AAIA/AACAPwAAgD8AAIA/AACAP+7///8EAAAABAAAAAAAAAAAAAYACAAEAAYAAAAEAAAACAAAAAAAAAABAAAAsPr//7T6//8PAAAATU"
    "xJUiBDb252ZXJ0ZWQuAAMAAADIAQAAoAAAAAQAAABS/v//FAAAACQAAAAkAAAAKAAAACwAAAANAAAAY29uZF90cnVlXzE2MAAAAAAAAAABAAAA"
    "AAAAAAEAAAAAAAAAAQAAAAQAAABi+///AAAAARQAAAAcAAAAHAAAAAsAAAAsAAAAAgAAAP////8DAAAATPv//xIAAABjb25kX3RydWVfMTYwX2"
    "FyZzAAAAIAAAABAAAAAwAAAOr+//8UAAAAJAAAAFQAAABYAAAAXAAAAA4AAABjb25kX2ZhbHNlXzE3MAAAAQAAAAQAAABm/v//FAAAAAAAACoQ"
    "AAAAFAAAAAQAAADA+///AQAAAAEAAAABAAAAAAAAAAEAAAABAAAAAQAAAAAAAAACAAAAUAAAAAQAAAAu/P//AAAAARQAAAAcAAAAHAAAAAoAAA"
    "AkAAAAAgAAAP////8DAAAAGPz//wgAAABjb25kL05lZwAAAAACAAAAAQAAAAMAAAB2/P//AAAAARQAAAAcAAAAHAAAAAkAAAAsAAAAAgAAAP//"
    "//8DAAAAYPz//xMAAABjb25kX2ZhbHNlXzE3MF9hcmcwAAIAAAABAAAAAwAAAAAADgAYABQAEAAMAAgABAAOAAAAFAAAABwAAAAoAQAALAEAAD"
    "ABAAAEAAAAbWFpbgAAAAAEAAAA0AAAAIwAAABUAAAABAAAAI7///8cAAAAAAAAXCAAAAAkAAAAAwAAAAgADAAIAAQACAAAAAEAAAACAAAAAQAA"
    "AAcAAAACAAAABgAAAAQAAAAAAAoAEAAMAAgABAAKAAAADAAAABAAAAACAAAAAQAAAAYAAAACAAAABQAAAAIAAAAAAA4AGAAUABAADAALAAQADg"
    "AAABQAAAAAAAAbEAAAABQAAAABAAAAaP3//wEAAAAFAAAAAgAAAAQAAAABAAAAAAAOABYAAAAQAAwACwAEAA4AAAAYAAAAAAAACBgAAAAcAAAA"
    "AAAGAAgABwAGAAAAAAAAAQEAAAAEAAAAAwAAAAAAAAADAAAA/////wEAAAAHAAAAAQAAAAAAAAAIAAAA+AEAAKgBAABcAQAADAEAAMAAAACUAA"
    "AAYAAAAAQAAAA+/v//AAAAARQAAAAcAAAAHAAAAAgAAAA0AAAAAgAAAP////8DAAAAKP7//xkAAABTdGF0ZWZ1bFBhcnRpdGlvbmVkQ2FsbDow"
    "AAAAAgAAAAEAAAADAAAA4v7//wAAAAEUAAAAFAAAAAcAAAAAAAAGFAAAAHT+//8HAAAAR3JlYXRlcgAAAAAAWv///wAAAAEQAAAAEAAAAAYAAA"
    "AQAAAAoP7//wMAAABTdW0AAAAAAO7+//8AAAABFAAAABwAAAAcAAAABQAAACQAAAACAAAA/////wMAAADY/v//CwAAAG1hdG11bDtSZWx1AAIA"
    "AAABAAAAAwAAAMr///8AAAABEAAAABAAAAAEAAAAFAAAABD///8GAAAAbWF0bXVsAAACAAAAAwAAAAMAAAAAABYAGAAUAAAAEAAMAAgAAAAAAA"
    "AABwAWAAAAAAAAARAAAAAQAAAAAwAAABgAAABc////CQAAAEdyZWF0ZXIveQAAAAAAAAAAABYAHAAYABcAEAAMAAgAAAAAAAAABwAWAAAAAAAA"
    "ARQAAAAUAAAAAgAAAAAAAAIUAAAAqP///wUAAABDb25zdAAAAAEAAAACAAAAAAAWABwAGAAAABQAEAAMAAAAAAAIAAcAFgAAAAAAAAEUAAAAIA"
    "AAACAAAAABAAAAMAAAAAIAAAD/////AwAAAAQABAAEAAAAEwAAAHNlcnZpbmdfZGVmYXVsdF94OjAAAgAAAAEAAAADAAAABQAAAFAAAAA0AAAA"
    "JAAAABQAAAAEAAAA0P///zsAAAAAAAA73P///3YAAAAAAAB26P///z0AAAAAAAA99P///0oAAAAAAABKDAAMAAsAAAAAAAQADAAAAAkAAAAAAA"
    "AJ"
)


def is_clean(report: Report) -> bool:
    return not report.findings and not any(isinstance(result, Unscanned) for result in report.results)


@pytest.mark.parametrize(
    ("operator", "rule"),
    [
        ({0: 32, 1: "MyKernel", 3: 32}, "tflite-custom-operator"),
        ({0: 32, 1: "MyKernel"}, "tflite-custom-operator"),
        ({1: "MyKernel", 3: 32}, "tflite-custom-operator"),
        ({0: 0, 1: "MyKernel", 3: 0}, "tflite-custom-operator"),
        ({0: 32, 3: 32}, "tflite-custom-operator"),
        ({0: 32, 1: "FlexWriteFile", 3: 32}, "tflite-dangerous-operator"),
        ({0: 32, 1: "FlexPyFunc", 3: 32}, "tflite-dangerous-operator"),
        ({0: 32, 1: "FlexMyKernel", 3: 32}, "tflite-custom-operator"),
    ],
)
def test_an_operator_that_the_runtime_does_not_have_is_found(
    operator: dict[int, int | str], rule: str, look: Look
) -> None:
    assert ids(look(tflite(ADD, operator), name="m.tflite").findings) == [rule]  # type: ignore[arg-type]


def test_ordinary_models_are_clean(look: Look) -> None:
    assert look(REAL).results[0].format == "tflite"
    for data in (
        REAL,
        tflite(ADD, {0: 32, 1: "TFLite_Detection_PostProcess", 3: 32}, {0: 32, 1: "FlexAsString", 3: 32}),
        tflite(ADD, files=("weights.bin",)),
        executorch(("aten::add", "aten::mm"), ("XnnpackBackend",)),
    ):
        report = look(data, name="m.bin")
        assert is_clean(report), report


def test_a_model_with_files_packed_behind_it_is_clean(look: Look) -> None:
    """What TFLite's own metadata writer does: labels in a ZIP at the end of the model."""
    made = io.BytesIO(REAL)
    made.seek(0, 2)
    with zipfile.ZipFile(made, "a") as archive:
        archive.writestr("labels.txt", "cat\ndog\n")
    assert is_clean(look(made.getvalue(), name="m.tflite"))


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", ""])
def test_weights_outside_the_folder_are_found(path: str, look: Look) -> None:
    assert ids(look(tflite(ADD, files=("a.bin", path))).findings) == ["tflite-external-path"]


@pytest.mark.parametrize(("offset", "size"), [(2**64 - 16, 32), (2**64 - 8, 8), (1 << 40, 16), (8, 2**64 - 1)], ids=hex)
def test_weights_outside_the_file_are_found(offset: int, size: int, look: Look) -> None:
    """The runtime adds both numbers without looking for an overflow."""
    report = look(tflite(ADD, buffers=((0, 0), (offset, size))), name="m.tflite")
    assert ids(report.findings) == ["tflite-odd-place"]


def test_weights_behind_the_tables_are_clean(look: Look) -> None:
    tables = tflite(ADD, buffers=((0, 0), (1024, 16)))
    assert is_clean(look(tables.ljust(1024, b"\0") + bytes(16), name="m.tflite"))


def test_a_backend_or_operator_that_nobody_knows_is_a_question(look: Look) -> None:
    assert ids(look(executorch(("mine::launch",)), name="m.pte").findings) == ["tflite-custom-operator"]
    assert ids(look(executorch(("aten::add",), ("MyBackend",)), name="m.pte").findings) == ["tflite-custom-operator"]


def test_offsets_that_lead_nowhere_are_gaps(look: Look) -> None:
    endless = b"\x08\0\0\0TFL3" + b"\x04\0\x04\0" * 10
    many = file(table({1: Piece(b"\xff\xff\xff\x7f" + b"\0" * 64)}), b"TFL3")
    for data in (b"\xff\xff\xff\xffTFL3" + bytes(64), b"\0\0\0\0TFL3" + bytes(64), endless, many, REAL[:90]):
        assert any(isinstance(result, Unscanned) for result in look(data).results)
    rng = random.Random(5)
    for _ in range(200):
        sick = bytearray(REAL)
        for _ in range(rng.randrange(1, 8)):
            sick[rng.choice([*range(4), *range(8, len(sick))])] = rng.randrange(256)
        assert look(bytes(sick)).results
