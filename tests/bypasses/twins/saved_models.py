"""TensorFlow: graphs that do more than compute."""

from __future__ import annotations

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

SECRET = "not for the model"


class Writes(tf.saved_model.experimental.TrackableResource):
    """Whoever loads a SavedModel runs what its resources are initialised with."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def _create_resource(self):
        return tf.raw_ops.MutableHashTableV2(key_dtype=tf.string, value_dtype=tf.int64)

    def _initialize(self):
        tf.io.write_file(self.path, "inert")


def make(folder):
    (folder / "secret").write_text(SECRET)
    (folder / "words.txt").write_text("a\nb\n")
    secret, marker = str(folder / "secret"), str(folder / "ran")
    plain = tf.Module()
    _save(plain, folder / "plain", lambda x: x * 2, tf.TensorSpec([2]))
    writes = tf.Module()
    writes.resource = Writes(marker)
    _save(writes, folder / "writes", lambda x: x * 2, tf.TensorSpec([2]))
    _save(tf.Module(), folder / "reads", lambda: tf.io.read_file(secret))
    mapped = {"dtype": tf.uint8, "shape": [len(SECRET)], "memory_region_name": secret}
    _save(tf.Module(), folder / "maps", lambda: tf.raw_ops.ImmutableConst(**mapped))
    _save(tf.Module(), folder / "python", lambda: tf.py_function(lambda: 1.0, [], tf.float32))

    def prints(x):
        tf.print("inert", output_stream=f"file://{marker}")
        return x

    _save(tf.Module(), folder / "prints", prints, tf.TensorSpec([2]))
    table = tf.Module()
    column = tf.lookup.TextFileIndex
    lines = (tf.string, column.WHOLE_LINE, tf.int64, column.LINE_NUMBER)
    words = tf.lookup.TextFileInitializer(str(folder / "words.txt"), *lines)
    table.words = tf.lookup.StaticHashTable(words, -1)
    _save(table, folder / "asset", lambda: table.words.lookup(tf.constant(SECRET)))
    _elsewhere(folder / "asset" / "saved_model.pb", "../../secret")


def _save(module, path, function, *takes):
    module.f = tf.function(function, input_signature=takes)
    tf.saved_model.save(module, str(path))


def _elsewhere(path, name):
    model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    (asset,) = model.meta_graphs[0].asset_file_def
    asset.filename = name
    path.write_bytes(model.SerializeToString())


def load(folder, name):
    tf.saved_model.load(str(folder / name))


def use(folder, name):
    model = tf.saved_model.load(str(folder / name))
    takes = model.f.concrete_functions[0].structured_input_signature[0]
    value = model.f(*[tf.ones(2) for _ in takes]).numpy()
    if name == "maps":
        return value.tobytes().decode()
    return value.decode() if isinstance(value, bytes) else value.tolist()
