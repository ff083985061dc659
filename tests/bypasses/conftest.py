"""What every bypass test stands on: `attack` holds the real loader against the verdict on the same bytes.

Classes: A names, B opcodes, C decoders, D containers, E interception, G the engine itself. Numbers count them through.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from safeload.policy.evaluate import evaluate
from safeload.policy.interface import Action
from safeload.policy.presets import STANDARD
from safeload.scanners.interface import Report, Unscanned
from safeload.signals.interface import Assessment
from safeload.sources.interface import Role
from tests.scanners.conftest import look, worker

__all__ = ["LOADERS", "Attack", "Oracle", "attack", "look", "marker", "oracle", "rules", "verdict", "worker"]

# The real loaders, as code over `path`.
LOADERS = {
    "pickle": "import pickle; pickle.load(open(path, 'rb'))",
    "pickle from bytes": "import pickle; pickle.loads(open(path, 'rb').read())",
    "python": "import pickle; pickle._Unpickler(open(path, 'rb')).load()",
    "latin-1": "import pickle; pickle.load(open(path, 'rb'), encoding='latin1')",
    "utf-8": "import pickle; pickle.load(open(path, 'rb'), encoding='utf-8')",
    "bytes": "import pickle; pickle.load(open(path, 'rb'), encoding='bytes')",
    "no fix_imports": "import pickle; pickle.load(open(path, 'rb'), fix_imports=False)",
    "every stream": "import pickle\nf = open(path, 'rb')\nwhile f.peek(1): pickle.load(f)",
    "one unpickler": "import pickle\nf = open(path, 'rb')\nu = pickle.Unpickler(f)\nwhile f.peek(1): u.load()",
    "joblib": "import joblib; joblib.load(path)",
    "torch": "import torch; torch.load(path, weights_only=False)",
}
# What takes long to import, by the first of these words that the loader or the file has in it: it is imported once, by
# the server whose children they are.
_NUMBERS = ("sklearn.ensemble", "sklearn.pipeline", "scipy.sparse", "joblib")
_TABLES = ("pandas", "pyarrow")
_HEAVY = {
    "transformers.models.bert": ("transformers.models.bert.modeling_bert",),
    "sentence_transformers": ("sentence_transformers.sentence_transformer.modules",),
    "diffusers": ("diffusers.models.autoencoders.autoencoder_kl", "diffusers.schedulers.scheduling_ddpm"),
    **dict.fromkeys(("sklearn", "scipy"), _NUMBERS),
    **dict.fromkeys(("pandas", "pyarrow"), _TABLES),
    "torch": ("torch",),
    "joblib": _NUMBERS,  # what it inflates is not seen here
}
_SEEN = 1 << 20  # bytes of a file


class Oracle:
    """Runs real loaders in processes of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._servers: dict[tuple[str, ...], subprocess.Popen[str]] = {}

    def run(
        self, loader: str, content: bytes, *, cpu: int = 20, memory: int = 0, fresh: bool = False
    ) -> tuple[int, str]:
        """How the process ended, and its last line. `loader` is a name of LOADERS, or code over `path`.

        With `fresh` no library was imported before.
        """
        path = self._folder / "loaded"
        path.write_bytes(content)
        code = f"path = {str(path)!r}\n{LOADERS.get(loader, loader)}"
        # What has little memory gets nothing that it did not ask for.
        seen = code.encode() + (b"" if memory else content[:_SEEN])
        modules = next((names for word, names in _HEAVY.items() if not fresh and word.encode() in seen), ("pickle",))
        server = self._server(modules)
        assert server.stdin is not None and server.stdout is not None
        server.stdin.write(json.dumps({"code": code, "cpu": cpu, "memory": memory}) + "\n")
        server.stdin.flush()
        ended, last = json.loads(server.stdout.readline())
        return ended, last

    def _server(self, modules: tuple[str, ...]) -> subprocess.Popen[str]:
        if modules not in self._servers:
            there = [name for name in modules if find_spec(name.partition(".")[0])]
            command = [sys.executable, str(Path(__file__).with_name("oracle.py")), *there]
            self._servers[modules] = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=self._folder
            )
        return self._servers[modules]

    def close(self) -> None:
        for server in self._servers.values():
            server.communicate()


@pytest.fixture(scope="session")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    started = Oracle(tmp_path_factory.mktemp("oracle"))
    yield started
    started.close()


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """What an inert payload makes when it runs."""
    return tmp_path / "marker"


@dataclass(frozen=True)
class Attack:
    """Call it with the bytes: the verdict is not to allow them, and the real loader runs the payload."""

    look: Callable[..., Report]
    oracle: Oracle
    marker: Path

    def __call__(self, content: bytes, *, loader: str = "pickle", role: Role = Role.WEIGHTS) -> Report:
        report = self.look(content, role=role)
        assert verdict(report) is not Action.ALLOW, "it is allowed"
        assert report.findings or any(isinstance(result, Unscanned) for result in report.results)
        assert not self.marker.exists(), "it ran while it was scanned"
        ended, last = self.oracle.run(loader, content)
        assert self.marker.exists(), f"no attack: the loader ended with {ended}, {last}"
        return report


@pytest.fixture
def attack(look: Callable[..., Report], oracle: Oracle, marker: Path) -> Attack:
    return Attack(look=look, oracle=oracle, marker=marker)


def verdict(report: Report) -> Action:
    """What the policy of every installation says."""
    return evaluate(STANDARD, Assessment(report=report)).action


def rules(report: Report) -> set[str]:
    return {finding.rule.id for finding in report.findings}
