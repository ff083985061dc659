"""Keras on TensorFlow, and the Keras before it (`tf_keras`): Lambda layers."""

from __future__ import annotations

FILES = {"3.keras": "keras", "3.h5": "keras", "2.keras": "tf_keras", "2.h5": "tf_keras", "2": "tf_keras"}


def make(folder):
    for name in FILES:
        keras = _keras(name)
        marker = folder / f"ran {name}"
        runs = eval(f"lambda x: [x, __import__('os').makedirs({str(marker)!r}, exist_ok=True)][0]")
        layers = [keras.layers.Input((2,)), keras.layers.Dense(1), keras.layers.Lambda(runs)]
        keras.Sequential(layers).save(str(folder / name))
        marker.rmdir()


def load(folder, name, *unsafe):
    options = {"safe_mode": False} if unsafe else {}
    _keras(name).models.load_model(str(folder / name), **options)


def _keras(name):
    import importlib

    return importlib.import_module(FILES[name])
