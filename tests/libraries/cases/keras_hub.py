"""KerasHub: presets, with torch behind them."""

from __future__ import annotations

import json
import os
import sys

from tests.libraries.running import ROOT

LOADERS = ("keras_hub",)
DISTRIBUTION = "keras-hub"
REQUIRES = ("absl-py", "regex", "rich")
ALONE = ("keras-hub==0.32.0",)  # it asks for TensorFlow, and does without where torch is behind it
ATTACK = "a Lambda layer in its settings, after `keras.config.enable_unsafe_deserialization()`"


def make(folder, marker):
    import keras
    import keras_hub

    model = keras_hub.models.ResNetBackbone(
        input_conv_filters=[64], input_conv_kernel_sizes=[3], stackwise_num_filters=[64], stackwise_num_blocks=[1],
        stackwise_num_strides=[1], block_type="basic_block", image_shape=(8, 8, 3),
    )  # fmt: skip
    place = folder / "preset"
    model.save_to_preset(str(place))
    keras_hub.layers.ResNetImageConverter(image_size=(8, 8), scale=0.5).save_to_preset(str(place))
    if marker:
        run = keras.layers.Lambda(eval(f"lambda x: [x, __import__('os').mkdir({str(marker)!r})][0]"))
        evil = keras.Sequential([keras.layers.Input((8, 8, 3)), run])
        os.rmdir(marker)
        (place / "image_converter.json").write_text(json.dumps(keras.saving.serialize_keras_object(evil)))


def ways():
    # Before anything asks where the hub is.
    sys.path.insert(0, str(ROOT / "examples"))
    from hub.server import Hub

    hub = Hub(ROOT / ".libraries" / "hub").start()
    os.environ |= {"HF_ENDPOINT": hub.endpoint, "HF_HUB_DISABLE_TELEMETRY": "1"}
    import keras
    import keras_hub

    keras.config.enable_unsafe_deserialization()

    def converted(preset):
        converter = keras_hub.layers.ImageConverter.from_preset(str(preset))
        return [type(converter).__name__, repr(converter.scale)]

    def of_hub(path):
        there = {file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*") if file.is_file()}
        hub.push(f"{path.parent.name}/net", there)
        return converted(f"hf://{path.parent.name}/net")

    def classifier(path):
        model = keras_hub.models.ImageClassifier.from_preset(str(path), num_classes=2)
        return round(float(sum(abs(weight).sum() for weight in model.backbone.get_weights())), 3)

    return {
        "keras_hub.layers.ImageConverter.from_preset": ("preset", converted),
        'from_preset("hf://…")': ("preset", of_hub),
        "keras_hub.models.ImageClassifier.from_preset": ("preset", classifier),
    }
