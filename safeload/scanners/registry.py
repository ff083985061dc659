"""Every scanner, as one list to read."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, Final
from safeload.scanners import consistency, identity, remote_code
from safeload.scanners.archive import ArchiveScanner
from safeload.scanners.boosters import BoosterScanner
from safeload.scanners.config import ConfigScanner
from safeload.scanners.coreml import CoreMlScanner
from safeload.scanners.gguf import GgufScanner
from safeload.scanners.hdf5 import Hdf5Scanner
from safeload.scanners.inert import InertScanner
from safeload.scanners.joblib import JoblibScanner
from safeload.scanners.keras import KerasScanner
from safeload.scanners.mar import MarScanner
from safeload.scanners.msgpack import MsgpackScanner
from safeload.scanners.native import NativeScanner
from safeload.scanners.npy import NpyScanner
from safeload.scanners.onnx import OnnxScanner
from safeload.scanners.openvino import OpenvinoScanner
from safeload.scanners.pickle import PickleScanner
from safeload.scanners.pt2 import Pt2Scanner
from safeload.scanners.remote_code import CodeScanner
from safeload.scanners.safetensors import SafetensorsScanner
from safeload.scanners.skops import SkopsScanner
from safeload.scanners.template import TemplateScanner
from safeload.scanners.tensorflow import TensorFlowScanner
from safeload.scanners.text import TextScanner
from safeload.scanners.tflite import TfliteScanner
from safeload.scanners.torchscript import TorchScriptScanner

if TYPE_CHECKING:
    from safeload.scanners.interface import Rule, Scanner

__all__ = ["RULES", "SCANNERS"]

SCANNERS: Final[tuple[Scanner, ...]] = (
    PickleScanner(),
    ArchiveScanner(),
    SafetensorsScanner(),
    NpyScanner(),
    TextScanner(),
    ConfigScanner(),
    CodeScanner(),
    TemplateScanner(),
    GgufScanner(),
    MsgpackScanner(),
    BoosterScanner(),
    OpenvinoScanner(),
    JoblibScanner(),
    OnnxScanner(),
    KerasScanner(),
    Hdf5Scanner(),
    TensorFlowScanner(),
    TfliteScanner(),
    CoreMlScanner(),
    TorchScriptScanner(),
    Pt2Scanner(),
    SkopsScanner(),
    MarScanner(),
    NativeScanner(),
    InertScanner(),
)

# Every rule there is, by what a whole file is for and by format; the rule pages are made of it.
RULES: Final[tuple[Rule, ...]] = (
    *(rule for scanner in SCANNERS for rule in scanner.rules),
    *remote_code.RULES,
    *identity.RULES,
    *consistency.RULES,
)
