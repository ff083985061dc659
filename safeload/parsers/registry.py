"""Every kind of bytes that is read in the worker, and what reads it: one line a format."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, Final, replace
from safeload.parsers import external, formats, structured, text
from safeload.parsers.containers import archive, untar
from safeload.parsers.models import catboost, gguf, lightgbm, msgpack, openvino, safetensors, ubjson
from safeload.parsers.pickles import joblib, legacy, npy, pickle
from safeload.parsers.programs import pt2, python, torchscript
from safeload.parsers.purposes import PYTHON, TEMPLATE, YAML
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
    seen = text.read_part(reader, visit)
    return None if seen is None else (replace(seen[0], needs=wanted.needs, gap=wanted.gap), *seen[1:])


_TEXTS: Final = frozenset({TEMPLATE, YAML})

# Kinds are what `formats.identify` gives; beside those, what a text is for (`visit.purpose`), read instead of `text`.
READERS: Final[dict[str, Read]] = {
    "zip": archive.read,
    "pickle": _pickle,
    "pickle-like": _pickle_like,
    "safetensors": safetensors.read_part,
    "npy": npy.read,
    "joblib-compat": joblib.read_zfile,
    "tar": untar.read,
    torchscript.SOURCE: torchscript.read,
    pt2.PROGRAM: pt2.read,
    "text": text.read_part,
    "gguf": gguf.read,
    "msgpack": msgpack.read,
    "ubjson": ubjson.read,
    "lightgbm": lightgbm.read,
    "catboost": catboost.read,
    "openvino": openvino.read,
    PYTHON: python.read,
    **structured.READERS,
    **dict.fromkeys(formats.COMPRESSED, joblib.read_compressed),
    **dict.fromkeys(external.KINDS, _elsewhere),
}
