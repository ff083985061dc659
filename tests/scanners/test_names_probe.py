"""The probe sees what a hostile state does, and on a sample of the lists nothing is done.

All lists are probed by `python -m tools.probe`; what that found is in tools/README.md.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.probe.__main__ import listed, probe

pytestmark = pytest.mark.heavy

HOLDERS = {
    "opens when its state is set": "def __setstate__(self, state): open(state['path'], 'w')",
    "runs when it is dropped": "def __del__(self): eval(self.text)",
    "imports when it is a key": "def __hash__(self): return hash(__import__(str(self.name)))",
    "starts a program when it is compared": (
        "def __eq__(self, other): import subprocess; subprocess.run([self.command])"
    ),
    "asks for the net when it takes an item": (
        "def append(self, item): import socket; socket.getaddrinfo(str(self.host), 80)"
    ),
}


def found(folder: Path, body: str) -> list[str]:
    (folder / "made_for_probe.py").write_text(f"class Holder:\n    __hash__ = object.__hash__\n    {body}\n")
    ((_, _, answer),) = probe([("made_for_probe", "Holder", True)], 8, extra=folder)
    effects: list[str] = answer["effects"]
    return effects


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_holder_with_an_effect_is_seen(holder: str, tmp_path: Path) -> None:
    assert found(tmp_path, HOLDERS[holder])


def test_a_plain_holder_is_quiet(tmp_path: Path) -> None:
    assert found(tmp_path, "def size(self): return self.width * 2") == []


def test_a_process_that_dies_is_an_effect(tmp_path: Path) -> None:
    assert "ended with" in found(tmp_path, "def __del__(self): import os; os.abort()")[0]


def test_a_sample_of_the_lists_is_quiet() -> None:
    pytest.importorskip("torch")
    sample = [one for one in listed(["torch"]) if one[2]][::6]
    assert len(sample) > 20
    assert [(module, name) for module, name, answer in probe(sample, 3) if answer.get("effects")] == []
