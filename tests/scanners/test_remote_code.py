"""Code of a repository: what it does to the computer, and that ordinary model code does nothing."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from safeload.parsers.facts import Part
from safeload.parsers.programs import python
from safeload.scanners.code_rules import RULES
from safeload.scanners.interface import Finding, Report, Severity, Unscanned
from safeload.scanners.remote_code import CodeScanner
from safeload.sources.interface import Artifact, Role

from .conftest import ids

Look = Callable[..., Report]
_ORDER = list(Severity)


def judged(source: str) -> tuple[Finding, ...]:
    part = Part(format="text", code=python.facts_of(source))
    return CodeScanner().judge(part, Artifact(path="modeling_x.py", role=Role.CODE))


NOW = [
    ("import os\nos.system('x')", "code-runs-programs"),
    ("import subprocess as s\ns.run(['x'])", "code-runs-programs"),
    ("from subprocess import Popen\nPopen('x')", "code-runs-programs"),
    ("import os\nos.execvp('x', ['x'])", "code-runs-programs"),
    ("import _posixsubprocess\n_posixsubprocess.fork_exec()", "code-runs-programs"),
    ("import pty\npty.spawn('x')", "code-runs-programs"),
    ("import torch\ntorch.os.system('x')", "code-runs-programs"),
    ("import os, threading\nthreading.Thread(target=os.system, args=('x',)).start()", "code-runs-programs"),
    ("import os\ndef run(m):\n    m.system('x')\nrun(os)", "code-runs-programs"),
    ("import os, operator\noperator.methodcaller('system', 'x')(os)", "code-runs-programs"),
    ("import os\nos.system.__call__('x')", "code-runs-programs"),
    ("import os\ndef g():\n    return os\ng().system('x')", "code-runs-programs"),
    ("import os\nclass A:\n    f = os.system\nA.f('x')", "code-runs-programs"),
    ("from .helpers import m\nm.system('x')", "code-runs-programs"),
    ("import os\nl = [os]\nl[0].system('x')", "code-runs-programs"),
    ("import os\nnext(iter([os])).system('x')", "code-runs-programs"),
    ("import sys\nsys.modules[input()].system('x')", "code-runs-programs"),
    ("__import__(input()).system('x')", "code-runs-programs"),
    ("def f(m):\n    getattr(m, 'sys' + 'tem')('x')\nf(__import__(input()))", "code-runs-programs"),
    ("from os import *\nsystem = print\nfrom os import *\nsystem('x')", "code-runs-programs"),
    ("__name__ = '__main__'\nif __name__ == '__main__':\n    import os\n    os.system('x')", "code-runs-programs"),
    ("import asyncio\nasyncio.run(asyncio.create_subprocess_shell('x'))", "code-runs-programs"),
    ("import sys\nsys.path.insert(0, 'x')\nimport planted", "code-imports-elsewhere"),
    ("__import__(input())", "code-hidden"),
    ("import os\nos.__dict__[input()]('x')", "code-hidden"),
    ("import os, json\njson.dumps(dict(os.environ))", "code-reads-secrets"),
    ("eval(input())", "code-evaluates-text"),
    ("__builtins__['exec']('x')", "code-evaluates-text"),
    ("import types\ntypes.FunctionType(None, {})()", "code-evaluates-text"),
    ("import marshal\nexec(marshal.loads(b''))", "code-hidden"),
    ("import base64\nexec(base64.b64decode('eA=='))", "code-hidden"),
    ("import requests\nexec(requests.get('http://x').text)", "code-hidden"),
    ("import os\ngetattr(os, input())('x')", "code-hidden"),
    (f"import zlib\nx = '{'aB3dE6gH9jK2mN5p' * 30}'\neval(x)", "code-hidden"),
    ("x = 1  # \u202e", "code-hidden"),
    ("().__class__.__bases__[0].__subclasses__()", "code-rewires-python"),
    ("import socket\nsocket.create_connection(('x', 1))", "code-network"),
    ("import urllib.request\nurllib.request.urlopen('http://x')", "code-network"),
    ("import requests\nrequests.Session().post('http://x')", "code-network"),
    ("import os\nos.environ['HF_TOKEN']", "code-reads-secrets"),
    ("import os\nos.getenv('AWS_SECRET_ACCESS_KEY')", "code-reads-secrets"),
    ("import os\ndict(os.environ.items())", "code-reads-secrets"),
    ("open('/root/.ssh/id_rsa').read()", "code-reads-secrets"),
    ("from pathlib import Path\nPath.home() / '.aws' / 'credentials'", "code-reads-secrets"),
    ("open('/etc/cron.d/x', 'w')", "code-names-start-files"),
    ("from huggingface_hub import get_token\nget_token()", "code-reads-secrets"),
    ("from pathlib import Path\nPath('~/.bashrc').expanduser().open('a')", "code-names-start-files"),
    ("import shutil\nshutil.rmtree('x')", "code-deletes-files"),
    ("open('x', 'w').write('x')", "code-writes-files"),
    ("import pathlib\npathlib.Path('x').write_text('x')", "code-writes-files"),
    ("import ctypes\nctypes.CDLL(None)", "code-native-code"),
    ("import torch\ntorch.ops.load_library('x.so')", "code-native-code"),
    ("from torch.utils.cpp_extension import load_inline\nload_inline('x', 'y')", "code-native-code"),
    ("from huggingface_hub import hf_hub_download\nhf_hub_download('a/b', 'c')", "code-downloads"),
    ("import torch\ntorch.hub.load('a/b', 'c')", "code-runs-foreign-code"),
    ("from transformers import AutoModel\nAutoModel.from_pretrained('a/b', trust_remote_code=True)",
     "code-runs-foreign-code"),
    ("import pickle\npickle.load(open('x', 'rb'))", "code-unpickles"),
    ("import safeload\nsafeload.remove()", "code-rewires-python"),
    ("import sys\nsys.modules['safeload'] = None", "code-rewires-python"),
    ("import builtins\nbuiltins.print = None", "code-rewires-python"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "rule"), NOW)
def test_what_loading_does_is_a_finding(source: str, rule: str) -> None:
    assert rule in ids(judged(source))


@pytest.mark.parametrize(("source", "rule"), NOW)
def test_what_a_function_could_do_is_less(source: str, rule: str) -> None:
    """Twin: the same lines in a function that nothing calls."""
    if source.startswith("x = 1"):
        pytest.skip("its text hides something wherever it stands")
    lines = ["def later():", *(f"    {line}" for line in source.splitlines() if " import *" not in line)]
    found = judged("\n".join(lines))
    assert rule not in ids(found)
    worst = max((_ORDER.index(f.rule.severity) for f in judged(source)), default=0)
    assert all(_ORDER.index(f.rule.severity) <= worst for f in found)


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.path.join('a', os.environ.get('HF_HOME', ''))",
        "import os\nos.environ['TOKENIZERS_PARALLELISM'] = 'false'",
        "import os\nMAX = int(os.environ.get('MAX_TOKENS', '1').lower())",
        "import subprocess\ntry:\n    pass\nexcept subprocess.CalledProcessError:\n    pass",
        "import torch\nx = torch.compile(torch.nn.Linear(1, 1).eval())",
        "import re\nre.compile('x')",
        "import numpy as np\nnp.load('x.npy')",
        "import torch\ntorch.load('x', weights_only=True)",
        "import yaml\nyaml.load('', Loader=yaml.SafeLoader)",
        "import importlib.util\nimportlib.util.find_spec('flash_attn') is not None",
        "import sys\nsys.modules[__name__] = object()",
        "import platform\nplatform.system() == 'Linux'",
        "class A:\n    def system(self): pass\n    def __init__(self):\n        self.system()",
        "open('vocab.json').read()",
        "URL = 'https://x.us-east-1.aws.endpoints.huggingface.cloud/'",
        "def save(self, path):\n    with open(path, 'w') as f:\n        f.write('x')",
    ],
)
def test_what_model_code_does_all_the_time_is_nothing(source: str) -> None:
    assert judged(source) == ()


def test_a_finding_names_file_line_and_snippet(look: Look) -> None:
    source = b"import os\n\nclass Net:\n    def __init__(self):\n        os.system('touch x')\n"
    report = look(source, name="modeling_x.py", role=Role.CODE)
    (found,) = [f for f in report.findings if f.rule.id == "code-runs-programs"]
    assert found.location.artifact == "modeling_x.py"
    assert found.message == (
        "modeling_x.py starts a program when the model is made: line 5, os.system (called with str:touch x)."
    )
    assert found.evidence == ("line 5: os.system('touch x')",)


def test_evidence_is_escaped_and_bounded(look: Look) -> None:
    source = "import os\n" + "".join(f"os.system('\x1b{i}')  # \u202e\n" for i in range(50))
    findings = look(source.encode(), name="m.py", role=Role.CODE).findings
    assert any("\\x1b" in text for found in findings for text in found.evidence)
    for found in findings:
        assert len(found.evidence) <= 8
        assert not {"\x1b", "\u202e"} & set("".join((found.message, *found.evidence)))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (b"import os\nfrom torch import nn\nfrom .other import X\n'\\d'\n", ".other, os, torch"),
        (b"import os, sys as s; from a.b import (c,\n d)\nif 1: import json # import no", "a.b, json, os, sys"),
        (b"# import no\nx = 'import_this'\nimportant = 1", "none that can be seen"),
    ],
)
def test_imports_stand_in_the_question(look: Look, source: bytes, said: str) -> None:
    report = look(source, name="m.py", role=Role.CODE)
    assert ids(report.findings) == ["remote-code"]
    assert report.findings[0].evidence == (f"imports: {said}",)


@pytest.mark.parametrize(
    "source", [b"def", b"-" * 1_000_000 + b"1", b"a" + b".b" * 300_000, b"\0", b"\xff\xfe", b"x" * 3_000_000]
)
def test_code_that_cannot_be_parsed_is_asked_about_and_a_gap(look: Look, source: bytes) -> None:
    report = look(source, name="m.py", role=Role.CODE)
    assert "remote-code" in ids(report.findings)
    assert isinstance(report.results[0], Unscanned)


def test_code_in_an_archive_and_in_a_folder_is_judged(look: Look) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("code/handler.py", "import os\nos.system('x')")
    report = look(file.getvalue(), name="x.mar", role=Role.FOUND)
    found = [f for f in report.findings if f.rule.id == "code-runs-programs"]
    assert [f.location.member for f in found] == [("code/handler.py",)]
    assert "code-runs-programs" in ids(look(b"import os\nos.system('x')", name="m.py", role=Role.FOUND).findings)


def test_rules_explain_themselves() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert all(rule.why and rule.fix and rule.cwe for rule in RULES)


@pytest.mark.heavy
def test_twin_the_real_library_runs_the_payload(tmp_path: Path) -> None:
    """`auto_map` with trust: transformers imports the file, and so runs what it does at import."""
    pytest.importorskip("transformers")
    marker, model = tmp_path / "ran", tmp_path / "model"
    model.mkdir()
    source = (
        f"import os\nfrom transformers import PretrainedConfig\nos.system('touch {marker}')\n"
        "class C(PretrainedConfig):\n    model_type = 'c'\n"
    )
    (model / "configuration_c.py").write_text(source)
    (model / "config.json").write_text('{"model_type": "c", "auto_map": {"AutoConfig": "configuration_c.C"}}')
    load = f"from transformers import AutoConfig; AutoConfig.from_pretrained({str(model)!r}, trust_remote_code=True)"
    env = {"HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1", "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-c", load], check=True, capture_output=True, timeout=100, env=env)
    assert marker.exists()
    assert "code-runs-programs" in ids(judged(source))


def _corpus() -> list[Path]:
    transformers = pytest.importorskip("transformers")
    models = Path(transformers.__file__).parent / "models"
    kinds = ("modeling", "configuration", "tokenization", "processing", "image_processing", "feature_extraction")
    return sorted(path for kind in kinds for path in models.glob(f"*/{kind}_*.py"))[::25]


@pytest.mark.heavy
def test_the_code_of_real_models_adds_nothing_to_the_question() -> None:
    """Every 25th file of transformers' own models: at most 3 % give more than the question that code runs at all."""
    corpus = _corpus()
    noisy = [
        path.name
        for path in corpus
        if any(f.rule.severity is not Severity.LOW for f in judged(path.read_text("utf-8")))
    ]
    assert len(corpus) > 50
    assert len(noisy) <= 0.03 * len(corpus), noisy
