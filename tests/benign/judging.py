"""How a benign suite is judged: every way in which a case is written, under the policy that applies when none is given.

A library's file holds `CASES` (a name, and what builds the object) and `ASKS` (which of them ask, and why). A case is
one kind of object; its verdict is the strictest over all that its ways of writing give.
"""

from __future__ import annotations

import io
import pickle
import random
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from safeload.parsers.sandbox.process import Worker
from safeload.policy.evaluate import evaluate
from safeload.policy.interface import Action, Verdict
from safeload.policy.presets import STANDARD
from safeload.scanners import engine
from safeload.scanners.interface import How
from safeload.signals.interface import Assessment
from tests.scanners.conftest import OnDisk, snapshot_of

Write = Callable[[Any], Iterable[bytes]]


@dataclass(kw_only=True)
class Suite:
    """One library's cases. Built and judged when first asked for, each once."""

    library: str
    cases: Mapping[str, Callable[[], Any]]
    asks: Mapping[str, str]
    write: Write
    _seen: dict[str, tuple[Action, tuple[str, ...]]] = field(default_factory=dict)

    def verdict(self, name: str, worker: Worker) -> tuple[Action, tuple[str, ...]]:
        """The strictest answer for a case, with the reasons for it."""
        if name not in self._seen:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what the libraries say about tiny data
                _seed()
                written = list(self.write(self.cases[name]()))
            verdicts = [judge(data, worker) for data in written]
            worst = max(verdicts, key=lambda verdict: verdict.action.strictness)
            self._seen[name] = worst.action, tuple(reason.text for reason in worst.reasons)
        return self._seen[name]

    def check(self, name: str, worker: Worker) -> None:
        """A case allows, unless the list says that it asks. None blocks."""
        action, why = self.verdict(name, worker)
        assert action is (Action.ASK if name in self.asks else Action.ALLOW), why

    def check_share(self, worker: Worker, record: Callable[[str, object], None]) -> None:
        """The figures of this library; each case's own test holds the lists to the truth."""
        assert self.asks.keys() <= self.cases.keys()
        record(self.library, f"{len(self.cases)} cases, {len(self.asks)} ask")


def _seed() -> None:
    """The same numbers in every run: those of torch are bytes of the file."""
    random.seed(0)
    for name in ("numpy", "torch"):
        module: Any = sys.modules.get(name)
        if module is not None:
            (module.random.seed if name == "numpy" else module.manual_seed)(0)


def judge(data: bytes, worker: Worker) -> Verdict:
    """What `standard` says of one file."""
    report = engine.scan(snapshot_of("model.bin"), lambda artifact: OnDisk(data), how=How.LOCAL, worker=worker)
    return evaluate(STANDARD, Assessment(report=report))


def pickled(value: Any) -> list[bytes]:
    """In every protocol that the object can be written in: some need the second."""
    written = []
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        try:
            written.append(pickle.dumps(value, protocol))
        except TypeError:
            assert protocol < 2
        except pickle.PicklingError:
            assert protocol < 4
    return written


def joblibbed(value: Any) -> bytes:
    import joblib

    file = io.BytesIO()
    joblib.dump(value, file)
    return file.getvalue()
