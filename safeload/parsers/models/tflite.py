"""TFLite models and ExecuTorch programs: the operators and backends that they need.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs
https://github.com/pytorch/executorch/blob/main/schema/program.fbs
"""

from __future__ import annotations

from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Final
from safeload.parsers.facts import Part
from safeload.parsers.mentions import Mentions
from safeload.parsers.models.flatbuffers import Buffer
from safeload.parsers.visit import Parts, Visit, gap_of

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader

# OperatorCode: before schema 3a, numbers of operators were one byte; readers take the larger of the two.
_CUSTOM: Final = 32
_ORIGINAL, _NAME, _NUMBER = 0, 1, 3
_CODES: Final = 1
_GROUPS: Final = 8
# Buffer: where its bytes lie behind the tables, which readers add up without looking for an overflow.
_BUFFERS, _OFFSET, _SIZE = 4, 1, 2
# ExecuTorch: Program, ExecutionPlan.
_PLANS: Final = 1
_OPERATORS, _DELEGATES = 6, 7


def read(reader: Reader, visit: Visit) -> Parts:
    """One part of either kind."""
    said = Mentions()
    gap = None
    try:
        (_tflite if visit.kind == "tflite" else _executorch)(reader, said)
    except Malformed as error:
        gap = gap_of(error)
    return (Part(member=visit.member, format=visit.kind, mentions=said.all(), gap=gap),)


def _tflite(reader: Reader, said: Mentions) -> None:
    model = Buffer(reader).root()
    for code in model.tables(_CODES):
        number = max(code.number(_ORIGINAL, "<b"), code.number(_NUMBER))
        name = code.text(_NAME)
        # A name makes an operator a custom one for some readers, whatever its number says.
        if number == _CUSTOM or name:
            said.add("tflite-custom", name or "")
        else:
            said.add("tflite-op", str(number))
    for group in model.tables(_GROUPS):
        said.add("external-data", group.text(0) or "")
    # They lie all over the file. Over a network each is a request: the local scan that a grant needs looks at them.
    for number, buffer in enumerate(model.tables(_BUFFERS) if reader.local else ()):
        offset, size = buffer.number(_OFFSET, "<Q"), buffer.number(_SIZE, "<Q")
        if offset + size > reader.size:
            said.add("odd-place", f"offset {offset}, size {size}", f"buffer {number}")


def _executorch(reader: Reader, said: Mentions) -> None:
    for plan in Buffer(reader).root().tables(_PLANS):
        for operator in plan.tables(_OPERATORS):
            said.add("executorch-op", operator.text(0) or "", plan.text(0) or "")
        for delegate in plan.tables(_DELEGATES):
            said.add("executorch-backend", delegate.text(0) or "", plan.text(0) or "")
