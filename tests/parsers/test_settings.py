"""Settings in JSON and YAML: what they name for a library, and what YAML hides."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from safeload import limits
from safeload.parsers import external
from safeload.parsers.facts import Part
from safeload.parsers.programs import settings
from safeload.parsers.sandbox.workers import Workers
from tests.parsers.conftest import Ranges, gaps

yaml = pytest.importorskip("yaml")


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    started = Workers()
    yield started
    started.close()


def read(workers: Workers, text: str | bytes, name: str = "x.yaml") -> Part:
    data = text.encode() if isinstance(text, str) else text
    purpose = "yaml" if name.endswith(".yaml") else ""
    return workers.examine(Ranges(data), name=name, purpose=purpose)[0]


def said(part: Part) -> list[tuple[str, str]]:
    return [(mention.kind, mention.text) for mention in part.mentions]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"auto_map": {"AutoModel": "m.N", "AutoTokenizer": ["t.T", None]}},
         [("code-reference", "m.N"), ("code-reference", "t.T")]),
        ({"a": {"attn_implementation": {"": "eager", "x": "a/b"}}}, [("kernel", "a/b")]),
        ({"a": [[1, {"_target_": "x.Y"}]]}, [("import", "x.Y")]),
        ({"_target_": "x.Y", "a": {"b": "$import os"}}, [("import", "x.Y"), ("expression", "$import os")]),
        ([{"idx": 0, "name": "0", "path": "", "type": "x.Y"}], [("module-type", "x.Y")]),
        ({"types": {"a": "x.Y"}, "structure": {"a": ["a"]}}, [("module-type", "x.Y")]),
        ({"_class_name": "U", "down_block_types": ["DownBlock2D", "DownBlock2D"]}, []),
        ({"activation_function": "torch.nn.Tanh", "tokenizer_class": "BertTokenizer"}, [("import", "torch.nn.Tanh")]),
        ({"backbone": [[-1, 1, "Conv", [64, "None"]]], "head": [["eval('x')"]], "activation": "nn.SiLU()"},
         [("expression", "eval('x')")]),
        ({"trust_remote_code": True}, [("trust", "trust_remote_code: true")]),
        ({"py/reduce": [{"py/function": "x.f"}]}, [("import", "x.f")]),
        ({"model_type": "bert", "price": "$5", "type": "BPE", "vocab": {"auto": 1}}, []),
    ],
)  # fmt: skip
def test_what_settings_name(value: object, expected: list[tuple[str, str]]) -> None:
    found = [(mention.kind, mention.text) for mention in settings.mentions(value)]
    assert list(dict.fromkeys(found)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"_class_name": "P", "unet": ["diffusers", "U"], "n": [None, None], "_v": ["a", "b"]}, ["diffusers:U"]),
        ({"_class_name": ["pipeline", "P"]}, ["pipeline:P"]),
    ],
)
def test_what_the_index_of_a_pipeline_names(value: object, expected: list[str]) -> None:
    found = settings.mentions(value, index=True)
    assert [(mention.kind, mention.text) for mention in found] == [("pipeline-class", text) for text in expected]


def test_the_way_there_is_told(workers: Workers) -> None:
    part = read(workers, '{"a": {"b": {"_target_": "x.Y"}}}', "x.json")
    assert [mention.where for mention in part.mentions] == ["a.b._target_"]


def test_a_flood_of_names_is_a_gap(workers: Workers) -> None:
    many = ",".join(f'{{"_target_": "x.Y{i}"}}' for i in range(limits.MENTIONS + 1))
    assert gaps((read(workers, f"[{many}]", "x.json"),)) == {"limit"}


@pytest.mark.parametrize(
    "text",
    [
        "a:\n  _target_: x.Y\n",
        "name: &n x.Y\na:\n  _target_: *n\n",
        "---\nb: 1\n---\na:\n  _target_: x.Y\n",
        "base: &b\n  _target_: x.Y\na:\n  <<: *b\n",
        '"_tar\\u0067et_": x.Y\n',
        "? _target_\n: x.Y\n",
        "? {_target_: x.Y}\n: 1\n",
        '{"_target_": "x.Y"}',
    ],
)
def test_yaml_in_all_its_spellings(workers: Workers, text: str) -> None:
    assert ("import", "x.Y") in said(read(workers, text))


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("a: !!python/object/apply:os.getcwd []\n", "tag:yaml.org,2002:python/object/apply:os.getcwd"),
        ("%TAG !p! tag:yaml.org,2002:python/\n---\na: !p!name:os.getcwd\n", "tag:yaml.org,2002:python/name:os.getcwd"),
        ("a: !<tag:yaml.org,2002:python/module:os> ''\n", "tag:yaml.org,2002:python/module:os"),
        ("a: !new:x.Y {}\n", "!new:x.Y"),
    ],
)
def test_tags_are_told_whole(workers: Workers, text: str, tag: str) -> None:
    assert ("yaml-tag", tag) in said(read(workers, text))


def test_twin_ordinary_yaml_names_nothing(workers: Workers) -> None:
    part = read(workers, "a: !!str 1\nb: !!set {x, y}\nc: [1, 2.5, 2020-01-01]\nd: |\n  _target_ is a word\n")
    assert said(part) == []
    assert part.gap is None


def test_keys_that_stand_twice_are_told(workers: Workers) -> None:
    part = read(workers, "a: 1\nb: {c: 1, c: 2}\n")
    assert part.text is not None
    assert part.text.anomalies == ("duplicate-key: 'c'",)


LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 10)}]\n" for i in range(9))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (LAUGHS, "limit"),
        ("[" * 300 + "]" * 300, "limit"),
        ("a: [1\n", "malformed"),
        ("a: *nobody\n", None),
        ("a: &a [*a]\n", None),
        ("a: b: c\n", "malformed"),
    ],
)
def test_what_is_no_settings_is_a_gap(workers: Workers, text: str, reason: str | None) -> None:
    found = gaps((read(workers, text),))
    assert found == ({reason} if reason else set()) or (text.endswith("nobody\n") and found == {"malformed"})


def test_a_missing_library_is_a_gap_that_names_the_command() -> None:
    assert external.how_to_get("yaml") == "pyyaml reads this: pip install 'safeload[formats]'"


def test_twin_the_real_library_runs_what_a_tag_names(tmp_path: Path, workers: Workers) -> None:
    marker, file = tmp_path / "ran", tmp_path / "x.yaml"
    file.write_text(f"a: !!python/object/apply:os.system ['touch {marker}']\n")
    read(workers, file.read_text())
    assert not marker.exists()
    load = f"import yaml; yaml.load(open({str(file)!r}), Loader=yaml.UnsafeLoader)"
    subprocess.run([sys.executable, "-c", load], check=True, timeout=60)
    assert marker.exists()
