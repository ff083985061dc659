"""Settings that name code: each kind with an attack, and with what ordinary models write there."""

from __future__ import annotations

import base64
import importlib.util
import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from safeload.parsers.facts import Part, TextFacts
from safeload.parsers.sandbox.workers import Workers
from safeload.scanners import engine
from safeload.scanners.config import ConfigScanner
from safeload.scanners.interface import How, Report, Unscanned
from safeload.sources.interface import Artifact, Role
from tests.builders import opcodes as op

from .conftest import OnDisk, ids, snapshot_of

Look = Callable[..., Report]


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    started = Workers()
    yield started
    started.close()


@pytest.fixture
def config(workers: Workers) -> Look:
    def scan(value: object, *, name: str = "config.json", role: Role = Role.CONFIG) -> Report:
        data = value if isinstance(value, bytes) else (value if isinstance(value, str) else json.dumps(value)).encode()
        return engine.scan(snapshot_of(name, role=role), lambda a: OnDisk(data), how=How.LOCAL, worker=workers)

    return scan


@pytest.mark.parametrize(
    "text",
    [
        '{"attn_implementation": "mallory/kernel"}',
        '{"_attn_implementation_internal": "mallory/kernel@main"}',
        '{"text_config": {"experts_implementation": "mallory/kernel:f"}}',
        '{"\\u0061ttn_implementation": "mallory/kernel"}',
        '{"attn_implementation": {"": "eager", "vision": "mallory/kernel"}}',
    ],
)
def test_a_kernel_repository_is_found(config: Look, text: str) -> None:
    assert ids(config(text).findings) == ["remote-kernel"]


@pytest.mark.parametrize("name", ["../../../x", "/etc/x", "..\\x", "C:x", "a/b", "", "a\nb"])
def test_a_template_that_is_named_like_a_path_is_found(config: Look, name: str) -> None:
    """CVE-2026-9856: a tokenizer is saved with a file for each template, by its name."""
    for held in ([{"name": name, "template": ""}, {"name": "default", "template": "x"}], {name: "x"}):
        assert ids(config({"chat_template": held}, name="tokenizer_config.json").findings) == ["config-template-path"]


def test_templates_with_names_are_ordinary(config: Look) -> None:
    held = [{"name": name, "template": "{{ messages }}"} for name in ("default", "tool_use", "rag-2", "with space")]
    assert config({"chat_template": held}, name="tokenizer_config.json").findings == ()


def test_code_that_a_configuration_names_is_low(config: Look) -> None:
    report = config({"auto_map": {"AutoModel": "mallory/code--m.Net"}})
    assert ids(report.findings) == ["config-names-code"]
    assert report.findings[0].evidence == ("mallory/code--m.Net (at auto_map)",)


DANGEROUS = [
    ([{"idx": 0, "name": "0", "path": "", "type": "os.system"}], "modules.json"),
    ([{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.util.os.system"}], "modules.json"),
    ({"types": {"query": "subprocess.Popen"}, "structure": {}}, "router_config.json"),
    ({"_class_name": "P", "unet": ["subprocess", "Popen"]}, "model_index.json"),
    ({"unet": ["subprocess", "Popen"]}, "model_index.json"),
    ({"unet": ["diffusers", "UNet2DModel", {"type_hint": ["subprocess", "Popen"]}]}, "modular_model_index.json"),
    ({"unet": ["diffusers", "UNet2DModel", {"type_hint": {"subprocess": 0, "Popen": 0}}]}, "modular_model_index.json"),
    ({"activation_function": "torch.hub.load"}, "1_Dense/config.json"),
    ({"activation_fn": "torch.utils.cpp_extension.load"}, "config.json"),
    ({"model": {"_target_": "os.system", "command": "x"}}, "model_config.json"),
    ({"model": {"_target_": "nemo.collections.asr.models.subprocess.Popen"}}, "model_config.json"),
    ({"model": {"_target_": "builtins.exec"}}, "model_config.json"),
    ({"a": {"class_path": "subprocess.Popen"}}, "config.json"),
    ({"py/reduce": [{"py/function": "os.system"}, "x"]}, "x.json"),
    # The bytes of each part may be encoded in any way before.
    ({"zarr_format": 2, "dtype": "|O", "filters": [{"id": "pickle"}, {"id": "base64"}]}, ".zarray"),
    ("model:\n  _target_: os.system\n", "model_config.yaml"),
    ("a: !!python/object/apply:os.system [x]\n", "hparams.yaml"),
    ("a: !!python/object/new:subprocess.Popen [x]\n", "hparams.yaml"),
    ("a: !apply:os.system [x]\n", "hyperparams.yaml"),
]
UNKNOWN = [
    ([{"idx": 0, "name": "0", "path": "", "type": "custom_st.Transformer"}], "modules.json"),
    ([{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.base.model.torch"}], "modules.json"),
    ([{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.torch"}], "modules.json"),
    ({"_class_name": ["pipeline", "MyPipeline"]}, "model_index.json"),
    ({"_class_name": "P", "unet": ["planted", "Net"]}, "model_index.json"),
    ({"auto_mapping": {"base_model_class": "X", "parent_library": "planted"}}, "adapter_config.json"),
    ({"megatron_core": "planted.core"}, "adapter_config.json"),
    ({"model": {"_target_": "planted.Net"}}, "model_config.json"),
    ("a: !!python/object:planted.Net {}\n", "hparams.yaml"),
    ("flavors:\n  python_function:\n    loader_module: planted\n    code: code\n", "MLmodel"),
    ("a: !somebody x\n", "hparams.yaml"),
    # Functions of libraries, which a load of a model does not call, and classes that import what they are told.
    ({"_target_": "transformers.utils.import_utils.direct_transformers_import", "path": "planted"}, "config.json"),
    ({"_target_": "transformers.pipeline", "model": "planted"}, "config.json"),
    ({"_target_": "mlflow.sklearn", "loader_module": "mlflow.sklearn"}, "config.json"),
    ({"_target_": "monai.bundle.ConfigWorkflow", "config_file": "planted"}, "config.json"),
    ({"_target_": "lightning.pytorch.cli.LightningCLI"}, "config.json"),
    ({"class_path": "torchtune.config.Thing"}, "config.json"),
]
ORDINARY = [
    ([{"idx": i, "name": str(i), "path": "", "type": f"sentence_transformers.models.{name}"}
      for i, name in enumerate(["Transformer", "Pooling", "Dense", "Normalize", "Asym", "Router"])], "modules.json"),
    ([{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.sparse_encoder.models.MLMTransformer"},
      {"idx": 1, "name": "1", "path": "", "type": "sentence_transformers.base.modules.transformer.Transformer"},
      {"idx": 2, "name": "2", "path": "", "type": "sentence_transformers.sentence_transformer.modules.dropout.Dropout"},
      {"idx": 3, "name": "3", "path": "", "type": "pylate.models.Dense.Dense"}], "modules.json"),
    ({"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.30.0",
      "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
      "unet": ["diffusers", "UNet2DConditionModel"],
      "text_encoder": ["transformers", "CLIPTextModel"], "image_encoder": [None, None]}, "model_index.json"),
    ({"_class_name": "Blocks", "unet": ["diffusers", "UNet2DModel", {"type_hint": ["diffusers", "UNet2DModel"],
      "subfolder": "unet", "variant": None}]}, "modular_model_index.json"),
    # Lists of a component's own settings, which nothing imports.
    ({"_class_name": "UNet2DConditionModel", "_diffusers_version": "0.42.1", "mid_block_type": "UNetMidBlock2D",
      "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"], "block_out_channels": [32, 64],
      "up_block_types": ["UpBlock2D", "UpBlock2D"]}, "unet/config.json"),
    ({"in_features": 8, "activation_function": "torch.nn.modules.activation.Tanh"}, "2_Dense/config.json"),
    ({"sentence_transformers": {"activation_fn": "torch.nn.modules.linear.Identity"}}, "config.json"),
    ({"activation_function": "gelu_new", "tokenizer_class": "GPT2Tokenizer", "architectures": ["GPT2LMHeadModel"],
      "attn_implementation": "sdpa", "_name_or_path": "openai/gpt2", "torch_dtype": "float32"}, "config.json"),
    ({"auto_mapping": {"base_model_class": "BertModel", "parent_library": "transformers.models.bert.modeling_bert"},
      "megatron_core": "megatron.core", "megatron_config": None}, "adapter_config.json"),
    ({"quantization_config": {"quant_method": "bitsandbytes", "llm_int8_skip_modules": ["lm_head"]}},
     "config.json"),
    ("target: nemo.collections.asr.models.ctc_bpe_models.EncDecCTCModelBPE\nencoder:\n"
     "  _target_: nemo.collections.asr.modules.ConformerEncoder\n  d: 512\n", "model_config.yaml"),
    ("flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n    model_path: model.pkl\n", "MLmodel"),
    ("layer:\n  _target_: torch.nn.Linear\n  in_features: 1\n  out_features: 1\n", "config.yaml"),
    ("a: !!python/tuple [1, 2]\nb: !!python/object/apply:collections.OrderedDict [[]]\n", "hparams.yaml"),
    ({"zarr_format": 2, "dtype": "|O", "filters": [{"id": "vlen-utf8"}]}, ".zarray"),
    ({"conv": {"filters": [64, 128]}, "filters": 3}, "config.json"),
    ("a: !new:torch.nn.Linear {in_features: 1, out_features: 1}\nb: !ref <a>\n", "hyperparams.yaml"),
    ("nc: 80\nactivation: nn.SiLU()\nbackbone:\n  - [-1, 1, Conv, [64, 3, 2]]\n"
     "head:\n  - [-1, 1, nn.Upsample, [None, 2, 'nearest']]\n", "yolo.yaml"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "name"), DANGEROUS)
@pytest.mark.parametrize("role", [Role.CONFIG, Role.FOUND])
def test_a_dangerous_name_is_found(config: Look, value: object, name: str, role: Role) -> None:
    assert "config-imports-dangerous" in ids(config(value, name=name, role=role).findings)


@pytest.mark.parametrize(("value", "name"), UNKNOWN)
def test_a_name_that_nobody_vouched_for_asks(config: Look, value: object, name: str) -> None:
    assert ids(config(value, name=name).findings) == ["config-imports-unknown"]


@pytest.mark.parametrize("value", ["true", "True", "yes", "on", "1"])
def test_settings_of_a_library_that_switch_remote_code_on_ask(config: Look, value: str) -> None:
    text = f"tokenizer:\n  library: huggingface\n  type: mallory/code\n  trust_remote_code: {value}\n"
    assert ids(config(text, name="model_config.yaml").findings) == ["config-trusts-remote-code"]
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as file:
        info = tarfile.TarInfo("./model_config.yaml")
        info.size = len(text)
        file.addfile(info, io.BytesIO(text.encode()))
    assert ids(config(made.getvalue(), name="model.nemo", role=Role.FOUND).findings) == ["config-trusts-remote-code"]


@pytest.mark.parametrize(("text", "name", "role"), [
    ("a:\n  trust_remote_code: false\n", "model_config.yaml", Role.CONFIG),
    ("a:\n  trust_remote_code: No\n", "model_config.yaml", Role.CONFIG),
    ("trust_remote_code: true\n", "axolotl.yml", Role.FOUND),
    ('{"trust_remote_code": true}', "config.json", Role.CONFIG),
])  # fmt: skip
def test_where_nobody_believes_it_the_switch_is_no_question(config: Look, text: str, name: str, role: Role) -> None:
    assert "config-trusts-remote-code" not in ids(config(text, name=name, role=role).findings)


@pytest.mark.parametrize(("value", "name"), ORDINARY)
def test_what_ordinary_models_write_is_nothing(config: Look, value: object, name: str) -> None:
    report = config(value, name=name)
    assert report.findings == ()
    assert not [result for result in report.results if isinstance(result, Unscanned)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("backbone: []\nhead:\n  - [-1, 1, \"__import__('os').system('x')\", []]\n", "yolo.yaml"),
        ("backbone: []\nhead: []\nactivation: \"exec('x')\"\n", "yolo.yaml"),
        ('{"network": {"_target_": "torch.nn.ReLU"}, "run": "$__import__(\'os\').system(\'x\')"}', "inference.json"),
    ],
)
def test_text_that_a_library_evaluates_is_found(config: Look, text: str, name: str) -> None:
    assert ids(config(text, name=name).findings) == ["config-expression"]


@pytest.mark.parametrize(("text", "name"), [('{"auto_map": 1, "auto_map": 2}', "c.json"), ("a: 1\na: 2\n", "c.yaml")])
def test_a_setting_that_stands_twice_is_found(config: Look, text: str, name: str) -> None:
    assert "config-ambiguous" in ids(config(text, name=name).findings)


def test_a_file_of_settings_on_its_own_is_read_as_one(config: Look) -> None:
    text = '{"attn_implementation": "mallory/kernel", "attn_implementation": "eager"}'
    assert ids(config(text, role=Role.TARGET).findings) == ["config-ambiguous"]


def test_where_nothing_reads_settings_a_key_may_stand_twice() -> None:
    part = Part(format="json", text=TextFacts(json=True, anomalies=("duplicate-key: 'a'",)))
    assert ConfigScanner().judge(part, Artifact(path="x.json", role=Role.BESIDE)) == ()


def test_settings_too_deep_to_read_are_a_gap(config: Look) -> None:
    assert isinstance(config("[" * 200_000 + "]" * 200_000).results[0], Unscanned)


def test_evidence_is_escaped(config: Look) -> None:
    (found,) = config({"_target_": "a.\u202eb"}).findings
    assert "\u202e" not in found.message + "".join(found.evidence)


def ran(code: str, marker: Path) -> bool:
    """Does this code, in a process of its own, make the marker? Whatever it says of the rest."""
    env = {"HF_HOME": str(marker.parent / "hf"), "HF_HUB_OFFLINE": "1", "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, timeout=100, env=env)
    return marker.exists()


@pytest.mark.heavy
def test_twin_hydra_calls_what_is_named(tmp_path: Path, config: Look) -> None:
    """Hydra refuses names that it knows as dangerous; a list of those is never whole."""
    pytest.importorskip("hydra")
    marker = tmp_path / "ran"
    settings = {"_target_": "torch.utils.collect_env.run", "command": f"touch {marker}"}
    assert ran(f"from hydra.utils import instantiate; instantiate({settings!r})", marker)
    assert ids(config(settings).findings) == ["config-imports-dangerous"]


@pytest.mark.heavy
def test_twin_hydra_has_a_library_import_a_folder(tmp_path: Path, config: Look) -> None:
    """A function of a library that everybody has, which takes the path of a package and imports it."""
    pytest.importorskip("hydra")
    marker, package = tmp_path / "ran", tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text(f"open({str(marker)!r}, 'w').close()\n")
    settings = {"_target_": "transformers.utils.import_utils.direct_transformers_import", "path": str(package)}
    assert ran(f"from hydra.utils import instantiate; instantiate({settings!r})", marker)
    assert ids(config(settings).findings) == ["config-imports-unknown"]


@pytest.mark.heavy
def test_twin_sentence_transformers_runs_the_module_that_is_named(tmp_path: Path) -> None:
    """`modules.json` names a class in a file of the repository, which a trusting load imports."""
    if importlib.util.find_spec("sentence_transformers") is None:
        pytest.skip("sentence-transformers is not here")
    marker, model = tmp_path / "ran", tmp_path / "model"
    model.mkdir()
    (model / "custom_st.py").write_text(f"import os\nos.system('touch {marker}')\nclass M:\n    pass\n")
    (model / "modules.json").write_text(json.dumps(UNKNOWN[0][0]).replace("Transformer", "M"))
    (model / "config_sentence_transformers.json").write_text("{}")
    load = f"SentenceTransformer({str(model)!r}, trust_remote_code=True, device='cpu')"
    assert ran(f"from sentence_transformers import SentenceTransformer\n{load}", marker)


@pytest.mark.heavy
def test_twin_transformers_asks_a_kernel_hub_for_what_is_named(tmp_path: Path) -> None:
    """The name with a slash goes to `get_kernel`, which downloads and imports."""
    if importlib.util.find_spec("transformers") is None:
        pytest.skip("transformers is not here")
    marker = tmp_path / "ran"
    code = (
        "import transformers.modeling_utils as m\n"
        "from transformers import BertConfig, BertModel\n"
        "from pathlib import Path\n"
        f"def asked(*a, **k):\n    Path({str(marker)!r}).write_text(str(a))\n    raise SystemExit\n"
        "m.lazy_import_flash_attention = m.load_and_register_attn_kernel = asked\n"
        "m.is_kernels_available = lambda *a, **k: True\n"
        "BertModel(BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8,"
        " vocab_size=9, attn_implementation='mallory/kernel'))"
    )
    assert ran(code, marker)
    assert "mallory/kernel" in marker.read_text()


def test_twin_numcodecs_unpickles_what_a_filter_names(tmp_path: Path) -> None:
    """Zarr undoes the filters of an array one after the other; the newest numcodecs has to be told that it may."""
    if importlib.util.find_spec("numcodecs") is None:
        pytest.skip("numcodecs is not here")
    marker = tmp_path / "ran"
    packed = base64.b64encode(op.evil(marker))
    may = "numcodecs.pickles.ALLOW_UNSAFE_PICKLE_DECODE = True"
    code = f"import numcodecs\n{may}\ndata = {packed!r}\nfor one in ('base64', 'pickle'):\n"
    assert ran(f"{code}    data = numcodecs.get_codec({{'id': one}}).decode(data)", marker)
