"""From a configuration to the last file of code that it leads to: reached, read, judged."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from safeload import limits
from safeload.errors import SourceError
from safeload.guard.loaders.transformers_scope import scope_of
from safeload.parsers.sandbox.workers import Workers
from safeload.scanners import engine
from safeload.scanners.interface import How, Report
from safeload.sources.closure import walk
from safeload.sources.interface import Call, Source

from .fakes import FakeSource

EVIL = b"import os\nos.system('x')\n"
MODEL = b"from torch import nn\nfrom .helpers import help\nclass M(nn.Module):\n    pass\n"
WEIGHTS = b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    started = Workers()
    yield started
    started.close()


def looked(workers: Workers, files: dict[str, bytes], *others: FakeSource, entry: str = "") -> Report:
    source = FakeSource("acme/m", {"model.safetensors": WEIGHTS, **files})
    known: dict[str, Source] = {other.origin.name: other for other in others}
    call = Call(target="acme/m", entry=entry or "AutoModel.from_pretrained", trust_remote_code=True)
    closure = walk(call, source, scope_of, open_other=lambda name, revision: known[name])
    return engine.scan(closure.snapshot, closure.open, how=How.RANGES, worker=workers)


def where(report: Report, rule: str) -> list[str]:
    return sorted(f.location.artifact for f in report.findings if f.rule.id == rule)


def config(**settings: object) -> bytes:
    return json.dumps({"model_type": "x", **settings}).encode()


def test_code_that_the_code_of_another_repository_imports(workers: Workers) -> None:
    files = {"config.json": config(auto_map={"AutoModel": "mallory/code--modeling.M"})}
    other = FakeSource("mallory/code", {"modeling.py": MODEL, "helpers.py": EVIL, "unrelated.py": EVIL})
    report = looked(workers, files, other)
    assert where(report, "remote-code") == ["mallory/code--helpers.py", "mallory/code--modeling.py"]
    assert where(report, "code-runs-programs") == ["mallory/code--helpers.py"]


def test_what_a_repository_generates_with(workers: Workers) -> None:
    generate = b"from .helpers import help\ndef generate(model):\n    return model\n"
    files = {
        "config.json": config(model_type="bert"),
        "custom_generate/generate.py": generate,
        "custom_generate/helpers.py": EVIL,
    }
    assert where(looked(workers, files), "code-runs-programs") == ["custom_generate/helpers.py"]


def test_a_tokenizer_and_a_processor_of_the_repository_s_own(workers: Workers) -> None:
    files = {
        "config.json": config(model_type="bert"),
        "tokenizer_config.json": json.dumps({"auto_map": {"AutoTokenizer": ["tok.T", None]}}).encode(),
        "preprocessor_config.json": json.dumps({"auto_map": {"AutoImageProcessor": "ip.P"}}).encode(),
        "tok.py": EVIL,
        "ip.py": EVIL,
    }
    assert where(looked(workers, files, entry="AutoTokenizer.from_pretrained"), "code-runs-programs") == ["tok.py"]
    assert "ip.py" in where(looked(workers, files, entry="AutoImageProcessor.from_pretrained"), "code-runs-programs")


@pytest.mark.parametrize(
    ("kind", "found"), [("planted.models.Thing", True), ("sentence_transformers.models.Pooling", False)]
)
def test_what_a_model_of_sentences_is_made_of(kind: str, found: bool, workers: Workers) -> None:
    modules = json.dumps([{"idx": 0, "name": "0", "path": "", "type": kind}]).encode()
    files = {"config.json": config(model_type="bert"), "modules.json": modules}
    report = looked(workers, files, entry="from_pretrained")
    assert bool(where(report, "config-imports-unknown")) is found


def test_twin_code_that_computes_only_asks(workers: Workers) -> None:
    files = {
        "config.json": config(auto_map={"AutoModel": "modeling.M"}),
        "modeling.py": MODEL,
        "helpers.py": b"def help(x):\n    return x\n",
    }
    report = looked(workers, files)
    assert {f.rule.id for f in report.findings} == {"remote-code", "config-names-code"}
    assert where(report, "remote-code") == ["helpers.py", "modeling.py"]


def test_a_chain_of_code_without_end_is_refused(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CODE_FILES", 5)
    chain = {f"m{i}.py": f"from .m{i + 1} import x\n".encode() for i in range(9)}
    with pytest.raises(SourceError, match="more than 5 files"):
        looked(workers, {"config.json": config(auto_map={"AutoModel": "m0.M"}), **chain})
