"""Keras, with torch behind it."""

from __future__ import annotations

LOADERS = ("keras",)
DISTRIBUTION = "keras"
ATTACK = "a Lambda layer, loaded with `safe_mode=False`"


def make(folder, marker):
    import os

    import keras

    layers = [keras.layers.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")]
    if marker:
        layers.append(keras.layers.Lambda(eval(f"lambda x: [x, __import__('os').mkdir({str(marker)!r})][0]")))
    model = keras.Sequential(layers)
    if marker:
        os.rmdir(marker)
    model.save(folder / "a.keras")
    model.save(folder / "a.h5")


def ways():
    import keras
    from keras.models import load_model

    def used(model):
        return repr(model.predict(keras.ops.ones((1, 2)), verbose=0).tolist())

    return {
        "keras.saving.load_model": (
            "a.keras",
            lambda path: used(keras.saving.load_model(path, safe_mode=False)),
        ),
        "keras.models.load_model, HDF5": (
            "a.h5",
            lambda path: used(keras.models.load_model(str(path), safe_mode=False)),
        ),
        "from keras.models import load_model": ("a.keras", lambda path: used(load_model(path, safe_mode=False))),
        "from keras.models import load_model, HDF5": ("a.h5", lambda path: used(load_model(path, safe_mode=False))),
    }
