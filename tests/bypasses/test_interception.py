"""E: a guard that patches functions misses references taken before it, and callers that fall back to another loader."""

from __future__ import annotations

import pytest

from tests.builders import opcodes as op
from tests.builders.checkpoints import torch_zip
from tests.bypasses.conftest import Attack, Oracle, rules

FIRST = "import safeload; safeload.install()\n"
CAUGHT = "try: {call}\nexcept Exception: pass\n"
# 36: who has taken what before the guard is there (GHSA-wccx-j62j-r448, GHSA-fphw-536r-4p88).
CAPTURED = {
    "pickle.load": ("from pickle import load", "load(open(path, 'rb'))"),
    "pickle.Unpickler": ("from pickle import Unpickler", "Unpickler(open(path, 'rb')).load()"),
    "_pickle": ("import _pickle", "_pickle.load(open(path, 'rb'))"),
    "pickle._Unpickler": ("from pickle import _Unpickler", "_Unpickler(open(path, 'rb')).load()"),
    "joblib": ("from joblib import load", "load(path)"),
}
# 40: a loader that refuses, and a caller that then asks another one.
FALLBACK = """
import torch
try: torch.load(path, weights_only=True)
except Exception: torch.load(path, weights_only=False)
"""


@pytest.mark.parametrize("case", CAPTURED)
def test_a_reference_taken_before_the_guard_is_guarded(case: str, attack: Attack) -> None:
    before, call = CAPTURED[case]
    attack.oracle.run(f"{before}\n{FIRST}{CAUGHT.format(call=call)}", op.evil(attack.marker), fresh=True)
    assert not attack.marker.exists()
    assert "pickle-dangerous-call" in rules(attack(op.evil(attack.marker), loader=f"{before}\n{call}"))


def test_the_loader_that_a_caller_falls_back_to_is_guarded(attack: Attack) -> None:
    content = torch_zip(op.evil(attack.marker))
    guarded = "\n".join((FIRST, "try:", *(f"    {line}" for line in FALLBACK.splitlines()), "except Exception: pass"))
    attack.oracle.run(guarded, content)
    assert not attack.marker.exists()
    assert "pickle-dangerous-call" in rules(attack(content, loader=FALLBACK))


@pytest.mark.heavy
@pytest.mark.parametrize("library", ["joblib", "pandas", "sklearn.ensemble", "torch"])
def test_libraries_that_come_after_the_guard_work_as_before(library: str, oracle: Oracle) -> None:
    """37: a guard in the way of its host is one that people remove."""
    pytest.importorskip(library)
    code = f"import {library}, pickle\nassert pickle.loads(pickle.dumps([1])) == [1]"
    assert oracle.run(FIRST + code, b"", fresh=True) == (0, "")


@pytest.mark.parametrize("name", ["safeload.remove", "safeload.patch.remove"])
def test_a_pickle_does_not_turn_the_guard_off(name: str, attack: Attack) -> None:
    """38: the first call takes the guard away, the second is the payload."""
    module, _, attribute = name.rpartition(".")
    away = op.glob(module, attribute) + op.EMPTY_TUPLE + op.REDUCE + op.POP
    content = op.proto(4) + away + op.touch(attack.marker) + op.STOP
    attack.oracle.run(FIRST + CAUGHT.format(call="import pickle; pickle.load(open(path, 'rb'))"), content)
    assert not attack.marker.exists()
    report = attack(content, loader="import safeload, safeload.patch, pickle; pickle.load(open(path, 'rb'))")
    assert any(name in text for finding in report.findings for text in finding.evidence)
