"""Every kind of bytes that is read in the worker, and what reads it: one line a format."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, Final, replace
from safeload.parsers import external, formats, inert
from safeload.parsers.containers import archive
from safeload.parsers.pickles import joblib, legacy, pickle
from safeload.parsers.purposes import CONFECTION, PROGRAM, PYTHON, SCRIPT, TEMPLATE, YAML
from safeload.parsers.tiers import Later
from safeload.parsers.visit import Parts, Read, Visit

if TYPE_CHECKING:
    from safeload.parsers.facts import Part
    from safeload.parsers.reader import Reader

__all__ = ["READERS"]


def _pickle(reader: Reader, visit: Visit) -> Parts | None:
    return _one(visit, _read_pickle(reader, pickle.read(reader)))


def _pickle_like(reader: Reader, visit: Visit) -> Parts | None:
    ran = pickle.attempt(reader)
    return None if ran is None else _one(visit, _read_pickle(reader, ran))


def _read_pickle(reader: Reader, plain: pickle.Outcome) -> Part:
    return legacy.read(reader) if plain.legacy else joblib.read(reader, plain)


def _one(visit: Visit, part: Part) -> Parts:
    return (replace(part, member=visit.member) if visit.member else part,)


def _elsewhere(reader: Reader, visit: Visit) -> Parts | None:
    """For the worker with other people's libraries; what a text is, is told here already."""
    wanted = visit.elsewhere(visit.kind)
    if visit.kind not in _TEXTS:
        return (wanted,)
    seen = _text(reader, visit)
    return None if seen is None else (replace(seen[0], needs=wanted.needs, gap=wanted.gap), *seen[1:])


_TEXTS: Final = frozenset({TEMPLATE, YAML})
_text: Final = Later("safeload.parsers.text", "read_part")


def _model(module: str, name: str = "read") -> Later:
    return Later(f"safeload.parsers.models.{module}", name)


_tensorflow: Final = ("tf-saved-model", "tf-graph", "keras-metadata", "tf-fingerprint")

# Kinds are what `formats.identify` gives; beside those, what a text is for (`visit.purpose`), read instead of `text`.
# A reader that is named by its module is not in the first worker (`tiers`).
READERS: Final[dict[str, Read]] = {
    "zip": archive.read,
    "pickle": _pickle,
    "pickle-like": _pickle_like,
    "safetensors": _model("safetensors", "read_part"),
    "npy": Later("safeload.parsers.pickles.npy", "read"),
    "joblib-compat": joblib.read_zfile,
    "tar": Later("safeload.parsers.containers.untar", "read"),
    SCRIPT: Later("safeload.parsers.programs.torchscript", "read"),
    PROGRAM: Later("safeload.parsers.programs.pt2", "read"),
    CONFECTION: Later("safeload.parsers.programs.confection", "read"),
    "text": _text,
    "gguf": _model("gguf"),
    "msgpack": _model("msgpack"),
    "ubjson": _model("ubjson"),
    "lightgbm": _model("lightgbm"),
    "catboost": _model("catboost"),
    "openvino": _model("openvino"),
    "native": _model("native"),
    "onnx": _model("onnx"),
    "coreml": _model("coreml"),
    "coreml-weights": _model("milblob"),
    "tf-bundle": _model("bundle"),
    "sentencepiece": _model("sentencepiece"),
    PYTHON: Later("safeload.parsers.programs.python", "read"),
    **dict.fromkeys(inert.FORMATS, inert.read),
    **dict.fromkeys(("parquet", "arrow"), _model("tables")),
    **dict.fromkeys(("tflite", "executorch"), _model("tflite")),
    **dict.fromkeys(_tensorflow, _model("tensorflow")),
    **dict.fromkeys(formats.COMPRESSED, joblib.read_compressed),
    **dict.fromkeys(external.KINDS, _elsewhere),
}
