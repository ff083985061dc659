"""skops: types, methods and operators that a schema names. CVE-2025-54412, CVE-2025-54413."""

from __future__ import annotations

import io
import itertools
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from safeload.scanners.interface import Report, Unscanned
from tests.scanners.conftest import ids

Look = Callable[..., Report]
IDS = itertools.count(1)


def skops_file(node: dict[str, Any]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("schema.json", json.dumps({**node, "protocol": 2, "_skops_version": "0.12"}))
    return made.getvalue()


def node(loader: str, dotted: str, **more: Any) -> dict[str, Any]:
    module, _, name = dotted.rpartition(".")
    return {"__loader__": loader, "__module__": module, "__class__": name, "__id__": next(IDS), **more}


JSON = node("JsonNode", "builtins.str", content='"x"', is_json=True)


@pytest.mark.heavy
def test_without_us_a_schema_runs_a_function_that_is_trusted_by_its_name(tmp_path: Path) -> None:
    """What `trusted=get_untrusted_types(...)` amounts to: everybody passes on what the file asks for."""
    pytest.importorskip("skops")
    args = node("TupleNode", "builtins.tuple", content=[node("JsonNode", "builtins.str", content=json.dumps("ran"))])
    evil = node("ConstructorFromReduceNode", "os.mkdir", content=args)
    (tmp_path / "m.skops").write_bytes(skops_file(evil))
    code = "import skops.io as s; s.load('m.skops', trusted=s.get_untrusted_types(file='m.skops'))"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False, capture_output=True, timeout=100)
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("evil", "rule"),
    [
        (node("ConstructorFromReduceNode", "os.mkdir", content=JSON), "skops-dangerous-name"),
        (node("FunctionNode", "os.system", content=JSON), "skops-dangerous-name"),
        (node("TypeNode", "subprocess.Popen", content=JSON), "skops-dangerous-name"),
        (node("FunctionNode", "x.y", content={"module_path": "os", "function": "system"}), "skops-dangerous-name"),
        # CVE-2025-54413: a method of anything, by its name.
        (node("MethodNode", "sklearn.base.x", content={"func": "__globals__", "obj": JSON}), "skops-method"),
        # CVE-2025-54412: the module that is shown is not the one that is used.
        (node("OperatorFuncNode", "sklearn.base.methodcaller", attrs=JSON), "skops-dangerous-name"),
        (node("ObjectNode", "my_package.Thing", content=JSON), "skops-unknown-name"),
        (node("NewNode", "builtins.dict", content=JSON), "skops-unknown-name"),
        (node("ObjectNode", "builtins.eval", content=JSON), "skops-dangerous-name"),
        ({"__loader__": "ObjectNode", "__module__": 1, "__class__": "x"}, "skops-unknown-name"),
    ],
)
def test_what_a_schema_names_is_found_at_any_depth(evil: dict[str, Any], rule: str, look: Look) -> None:
    deep = node("DictNode", "builtins.dict", content={"a": node("ListNode", "builtins.list", content=[JSON, evil])})
    assert rule in ids(look(skops_file(evil), name="m.skops").findings)
    assert rule in ids(look(skops_file(deep), name="m.skops").findings)


@pytest.mark.heavy
def test_a_real_estimator_is_clean(look: Look) -> None:
    skops = pytest.importorskip("skops.io")
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = [[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 3.0]], [0, 1, 0, 1]
    for estimator in (LogisticRegression(), make_pipeline(StandardScaler(), LogisticRegression(C=2))):
        report = look(skops.dumps(estimator.fit(x, y)), name="m.skops")
        assert [(f.rule.id, f.evidence) for f in report.findings] == []
        assert not [r for r in report.results if isinstance(r, Unscanned)]
