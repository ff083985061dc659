"""F 45: GGUF headers that overrun a reader written in C (CVE-2024-23496, CVE-2024-21836, CVE-2024-21825)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bypasses.runtimes import Runtime, judged, runtime

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def llama() -> Runtime:
    return runtime("ctransformers", "gguf_files")


@pytest.fixture(scope="module")
def files(llama: Runtime, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return llama.made(tmp_path_factory.mktemp("gguf"))


def test_what_is_no_attack_is_an_error(llama: Runtime, files: Path) -> None:
    """It has no tensors. The reader says so, and goes on."""
    ended = llama.run("use", files, "plain.gguf")
    assert ended.code == 0 and "Failed to create LLM" in str(ended.value)
    assert not judged(files / "plain.gguf")[1]


@pytest.mark.parametrize("name", ["text.gguf", "array.gguf", "tensors.gguf"])
def test_lengths_that_are_believed_end_the_process(name: str, llama: Runtime, files: Path) -> None:
    """What was written behind its memory is noticed late, or not at all."""
    assert judged(files / name)[0] != "allow"
    assert llama.run("use", files, name).code < 0
