"""F 45: TFLite in LiteRT, and ExecuTorch: memory that is none of the model's, operators that are not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bypasses import native
from tests.bypasses.runtimes import Runtime, judged, runtime

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def litert() -> Runtime:
    return runtime("litert", "lite")


@pytest.fixture(scope="module")
def models(litert: Runtime, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return litert.made(tmp_path_factory.mktemp("lite"))


def test_an_ordinary_model_is_allowed(litert: Runtime, models: Path) -> None:
    assert litert.run("use", models, "plain.tflite").value == "0000803f" * 4
    assert judged(models / "plain.tflite") == ("allow", set())


def test_a_buffer_in_front_of_the_file_ends_the_process(litert: Runtime, models: Path) -> None:
    """Offset and size are added, the sum overflows, and is then less than the file is long."""
    assert judged(models / "crashes.tflite") == ("block", {"tflite-odd-place"})
    assert litert.run("use", models, "crashes.tflite").code < 0


def test_a_buffer_in_front_of_the_bytes_is_read(litert: Runtime, models: Path) -> None:
    """The model computes from memory of the process that has opened it."""
    assert judged(models / "reads.tflite") == ("block", {"tflite-odd-place"})
    read = litert.run("use_bytes", models, "reads.tflite").value
    assert isinstance(read, str) and len(bytes.fromhex(read)) == 16


@pytest.mark.parametrize(
    ("name", "rule", "words"),
    [
        ("custom.tflite", "tflite-custom-operator", "unresolved custom op: Mine"),
        ("flex.tflite", "tflite-dangerous-operator", "link the Flex delegate"),
    ],
)
def test_litert_itself_refuses(name: str, rule: str, words: str, litert: Runtime, models: Path) -> None:
    assert rule in judged(models / name)[1]
    assert judged(models / name)[0] != "allow"
    assert words in str(litert.run("use", models, name).value)


def test_a_delegate_runs_when_it_is_loaded(litert: Runtime, tmp_path: Path, marker: Path) -> None:
    native.library(tmp_path / "libdelegate.so", marker)
    verdict, rules = judged(tmp_path)
    assert verdict != "allow" and "native-code" in rules
    ended = litert.run("library", tmp_path, "libdelegate.so")
    assert marker.exists(), ended


@pytest.fixture(scope="module")
def executorch() -> Runtime:
    return runtime("executorch", "executorch_programs")


@pytest.fixture(scope="module")
def programs(executorch: Runtime, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return executorch.made(tmp_path_factory.mktemp("programs"))


def test_an_ordinary_program_is_allowed(executorch: Runtime, programs: Path) -> None:
    assert executorch.run("use", programs, "plain.pte").value == [2.0, 2.0]
    assert judged(programs / "plain.pte") == ("allow", set())


@pytest.mark.parametrize("name", ["operator.pte", "root.pte"])
def test_executorch_itself_refuses(name: str, executorch: Runtime, programs: Path) -> None:
    assert judged(programs / name)[0] != "allow"
    assert "RuntimeError: Failed to load" in str(executorch.run("use", programs, name).value)
