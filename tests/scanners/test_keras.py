"""Keras: code and foreign names in configurations, in archives, JSON and HDF5.

CVE-2024-3660, CVE-2025-1550, CVE-2025-8747, CVE-2025-9905, CVE-2025-9906, CVE-2025-12058, CVE-2025-49655.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from safeload.scanners.interface import Report, Unscanned
from tests.scanners.conftest import ids

pytestmark = pytest.mark.heavy

Look = Callable[..., Report]
needs_keras = pytest.mark.skipif(importlib.util.find_spec("keras") is None, reason="keras is not here")


def keras_file(config: Any) -> bytes:
    """What Keras 3 writes, without weights."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.1", "date_saved": "2026-11-01@00:00:00"}))
        archive.writestr("config.json", config if isinstance(config, (str, bytes)) else json.dumps(config))
    return made.getvalue()


def built(name: str, config: Any, module: str | None = "keras.layers", **more: Any) -> dict[str, Any]:
    return {"module": module, "class_name": name, "config": config, "registered_name": None, **more}


def model(*layers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return built("Sequential", {"name": "s", "layers": list(layers)}, "keras", **more)


HUB = built("ResNetBackbone", {}, "keras_hub.src.models.resnet.resnet_backbone") | {
    "registered_name": "keras_hub>ResNetBackbone"
}
DENSE = built("Dense", {"units": 1, "activation": "relu"})


def is_clean(report: Report) -> bool:
    return not report.findings and not any(isinstance(result, Unscanned) for result in report.results)


def in_keras(code: str, folder: Path) -> str:
    environment = {**os.environ, "KERAS_BACKEND": "torch", "KERAS_HOME": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", f"folder = {str(folder)!r}\n{code}"],
        env=environment, capture_output=True, text=True, timeout=100, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


LAMBDA = """
import keras
def evil():
    layer = eval(f"lambda x: [x, open({folder + '/ran'!r}, 'w').close()][0]")
    return keras.Sequential([keras.layers.Input((2,)), keras.layers.Lambda(layer)])
"""


@needs_keras
def test_a_lambda_runs_when_the_model_is_loaded_and_is_found(tmp_path: Path, look: Look) -> None:
    in_keras(f"{LAMBDA}\nevil().save(folder + '/m.keras')", tmp_path)
    (tmp_path / "ran").unlink(missing_ok=True)
    in_keras("import keras\nkeras.saving.load_model(folder + '/m.keras', safe_mode=False)", tmp_path)
    assert (tmp_path / "ran").exists()
    report = look((tmp_path / "m.keras").read_bytes(), name="m.keras")
    assert "keras-lambda" in ids(report.findings)
    assert any("open" in text for finding in report.findings for text in finding.evidence)


@pytest.mark.parametrize(
    ("config", "rule"),
    [
        # CVE-2025-1550: any module was imported, any function of it called by a layer that takes one.
        (model(built("function", "system", "os")), "keras-dangerous-name"),
        (model(built("Popen", {"args": "id"}, "subprocess")), "keras-dangerous-name"),
        (model(built("Dense", {"activation": built("function", "eval", "builtins")})), "keras-dangerous-name"),
        # CVE-2025-8747: a function of Keras itself that downloads and unpacks.
        (model(built("function", "get_file", "keras.utils")), "keras-dangerous-name"),
        # CVE-2025-9906: the configuration turns the protection off first.
        (model(built("function", "enable_unsafe_deserialization", "keras.config")), "keras-dangerous-name"),
        # CVE-2025-49655: a torch module, pickled, in base64.
        (model(built("TorchModuleWrapper", {"module": "gASVAA=="})), "keras-dangerous-name"),
        (model(built("TFSMLayer", {"filepath": "/tmp/other"})), "keras-dangerous-name"),
        # CVE-2025-12058: a vocabulary that is a path.
        (model(built("StringLookup", {"vocabulary": "/etc/passwd"})), "keras-reads-file"),
        (model(built("TextVectorization", {"vocabulary": "https://host/x"})), "keras-reads-file"),
        # CVE-2024-3660: bytecode, as Keras 3 and Keras 2 wrote it.
        (model(built("Lambda", {"function": built("__lambda__", {"code": "4wEAAABvcw=="}, None)})), "keras-lambda"),
        (model(built("Lambda", {"function": ["4wEAAABvcw==", None, None], "function_type": "lambda"})), "keras-lambda"),
        (model(built("Lambda", {"output_shape": ["4wEAAABvcw==", None, None]})), "keras-lambda"),
        # Everything else that is not known asks.
        (model(built("MyLayer", {}, "my_package.layers", registered_name="my_package>MyLayer")), "keras-unknown-name"),
        (model(built("Dense", {}, "my_package")), "keras-unknown-name"),
        (model(built("Dense", {"units": 1}, registered_name="mine>Dense")), "keras-unknown-name"),
        (model(HUB | {"module": "mine"}), "keras-unknown-name"),
        (model(HUB | {"registered_name": "mine>ResNetBackbone"}), "keras-unknown-name"),
        (model(HUB | {"class_name": "BytePairTokenizer"}), "keras-unknown-name"),  # it reads a file that it names
        (model(built("function", "relu", "keras.utils")), "keras-unknown-name"),
        (model(built("function", "deserialize", "keras.layers")), "keras-unknown-name"),
        (model(built("Lambda", {"function": "relu", "function_type": "function"})), "keras-unknown-name"),
        (model(built("TFOpLambda", {"function": "io.write_file"}, None)), "keras-unknown-name"),
        (model(built(["Dense"], {})), "keras-unknown-name"),
    ],
)
def test_what_a_configuration_names_is_found_wherever_it_stands(config: Any, rule: str, look: Look) -> None:
    nested = {"anything": [{"at": [config]}]}
    compiled = model(DENSE, compile_config={"loss": config["config"]["layers"][0]})
    for one in (config, nested, [config], compiled):
        assert rule in ids(look(keras_file(one), name="m.keras").findings)
        assert rule in ids(look(json.dumps(one).encode(), name="config.json").findings)


def test_classes_of_keras_hub_that_compute_are_known(look: Look) -> None:
    assert is_clean(look(keras_file(model(HUB, DENSE)), name="m.keras"))


def test_escapes_do_not_hide_a_name(look: Look) -> None:
    text = json.dumps(model(built("function", "system", "os"))).replace("class_name", "\\u0063lass_name")
    assert "keras-dangerous-name" in ids(look(keras_file(text)).findings)


def test_a_configuration_beside_pickles_is_read_too(look: Look) -> None:
    """Keras takes config.json from any archive, whatever else is in it."""
    made = io.BytesIO(keras_file(model(built("function", "system", "os"))))
    with zipfile.ZipFile(made, "a") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}.")
        archive.writestr("archive/version", b"3\n")
    assert "keras-dangerous-name" in ids(look(made.getvalue()).findings)


def test_a_configuration_that_is_no_text_is_a_gap(look: Look) -> None:
    report = look(keras_file(json.dumps(model(DENSE)).encode("utf-16")))
    assert any(isinstance(result, Unscanned) for result in report.results)


@needs_keras
def test_real_models_are_clean(tmp_path: Path, look: Look) -> None:
    in_keras(
        """
import keras, zipfile
from keras import layers
inputs = keras.Input((16, 16, 3))
x = layers.Rescaling(1 / 255)(inputs)
x = layers.Conv2D(4, 3, activation="relu", kernel_regularizer=keras.regularizers.L2(1e-4))(x)
x = layers.BatchNormalization()(x)
x = layers.GlobalAveragePooling2D()(x)
x = layers.Dropout(0.1)(x)
x = keras.ops.concatenate([x, x * 2.0], axis=-1)
outputs = layers.Dense(3, activation=keras.activations.softmax)(x)
functional = keras.Model(inputs, outputs)
steps = keras.optimizers.schedules.CosineDecay(1e-3, 10)
loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
functional.compile(optimizer=keras.optimizers.AdamW(steps), loss=loss, metrics=["accuracy", keras.metrics.AUC()])
lstm = layers.Bidirectional(layers.LSTM(4))
rnn = keras.Sequential([layers.Input((None,)), layers.Embedding(10, 4), lstm, layers.Dense(1)])
rnn.compile("adam", loss=keras.losses.mean_squared_error)
attention = layers.MultiHeadAttention(2, 2)
token = keras.Input((4, 4))
att = keras.Model(token, layers.LayerNormalization()(attention(token, token) + token))
for name, one in {"functional": functional, "rnn": rnn, "att": att}.items():
    open(f"{folder}/{name}.json", "w").write(one.to_json())
    one.save(f"{folder}/{name}.keras")
    with zipfile.ZipFile(f"{folder}/{name}.keras") as whole, zipfile.ZipFile(f"{folder}/{name}.b.keras", "w") as part:
        for member in ("metadata.json", "config.json"):
            part.writestr(member, whole.read(member))
""",
        tmp_path,
    )
    assert look((tmp_path / "rnn.keras").read_bytes(), name="rnn.keras").results[0].format == "keras"
    for path in sorted([*tmp_path.glob("*.json"), *tmp_path.glob("*.b.keras")]):
        assert [(f.rule.id, f.evidence) for f in look(path.read_bytes(), name=path.name).findings] == []


def test_a_mark_of_byte_order_hides_no_lambda(look: Look) -> None:
    """Python's `json.loads` of bytes passes over the mark, so Keras builds the layer."""
    layer = built("Lambda", {"function": ["4wEA", None, None], "function_type": "lambda"})
    marked = keras_file(b"\xef\xbb\xbf" + json.dumps(model(layer)).encode())
    assert "keras-lambda" in ids(look(marked).findings)


def test_a_configuration_too_deep_to_read_is_a_gap(look: Look) -> None:
    """How deep is too deep depends on how many calls stand above: Keras may still read what was not read here."""
    layer = json.dumps(model(built("Lambda", {"function": ["4wEA", None, None], "function_type": "lambda"})))
    for depth in (*range(940, 1_000, 6), 9_000, 200_000):
        report = look(keras_file(layer[:-1] + ', "x": ' + "[" * depth + "]" * depth + "}"))
        assert not is_clean(report)
    assert any(isinstance(result, Unscanned) for result in report.results)


@needs_keras
def test_twin_keras_reads_behind_a_mark_of_byte_order(tmp_path: Path) -> None:
    in_keras(
        "import keras, zipfile\n"
        "keras.Sequential([keras.layers.Input((2,)), keras.layers.Lambda(lambda x: x)]).save(folder + '/a.keras')\n"
        "with zipfile.ZipFile(folder + '/a.keras') as a, zipfile.ZipFile(folder + '/b.keras', 'w') as b:\n"
        "    for name in a.namelist():\n"
        "        b.writestr(name, (b'\\xef\\xbb\\xbf' if name == 'config.json' else b'') + a.read(name))\n"
        "assert keras.models.load_model(folder + '/b.keras', safe_mode=False).layers\n",
        tmp_path,
    )
