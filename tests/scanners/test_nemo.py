"""NeMo archives: classes that a configuration names, weights that are pickles, in tar and tar.gz."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from safeload.parsers.sandbox.workers import Workers
from safeload.scanners import engine
from safeload.scanners.interface import How, Report, Unscanned
from tests.builders.checkpoints import torch_zip
from tests.builders.opcodes import EMPTY_DICT, STOP, evil, proto
from tests.scanners.conftest import OnDisk, ids, snapshot_of

pytest.importorskip("yaml")
Scan = Callable[[bytes], Report]
WEIGHTS = torch_zip(proto(2) + EMPTY_DICT + STOP)
ORDINARY = """
target: nemo.collections.asr.models.ctc_bpe_models.EncDecCTCModelBPE
sample_rate: 16000
preprocessor:
  _target_: nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor
  features: 80
encoder:
  _target_: nemo.collections.asr.modules.ConformerEncoder
  d_model: 256
optim:
  name: adamw
  betas: [0.9, 0.98]
"""


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    both = Workers()
    yield both
    both.close()


@pytest.fixture(params=["w", "w:gz"])
def scan(request: pytest.FixtureRequest, workers: Workers) -> Callable[..., Report]:
    def run(config: str, weights: bytes = WEIGHTS) -> Report:
        data = nemo(config, weights, request.param)
        return engine.scan(snapshot_of("m.nemo"), lambda artifact: OnDisk(data), how=How.LOCAL, worker=workers)

    return run


def nemo(config: str, weights: bytes, mode: str) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in (("./model_config.yaml", config.encode()), ("./model_weights.ckpt", weights)):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return made.getvalue()


def test_an_ordinary_archive_is_clean(scan: Callable[..., Report]) -> None:
    report = scan(ORDINARY)
    assert not report.findings
    assert not any(isinstance(result, Unscanned) for result in report.results)


@pytest.mark.parametrize("key", ["_target_", "target", "cls"])
@pytest.mark.parametrize("name", ["os.system", "subprocess.Popen", "builtins.eval"])
def test_a_program_in_the_configuration_is_found(key: str, name: str, scan: Callable[..., Report]) -> None:
    for config in (f"{key}: {name}\n", f"{ORDINARY}\nloss:\n  - inner:\n      {key}: {name}\n"):
        assert any("dangerous" in rule for rule in ids(scan(config).findings)), config


def test_a_class_that_nobody_knows_is_a_question(scan: Callable[..., Report]) -> None:
    assert scan("target: my_package.models.Thing\n").findings


def test_weights_that_run_code_are_found(scan: Callable[..., Report], tmp_path: Path) -> None:
    assert "pickle-dangerous-call" in ids(scan(ORDINARY, torch_zip(evil(tmp_path / "marker"))).findings)
