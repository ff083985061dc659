"""The program for mobile devices in a TorchScript archive: a pickle of plain values, with instructions in it.

https://github.com/pytorch/pytorch/blob/main/torch/csrc/jit/mobile/import.cpp, and the list of instructions in
https://github.com/pytorch/pytorch/blob/main/torch/csrc/jit/runtime/instruction.h
"""

from __future__ import annotations

import io
import pickle

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Any, Final, Iterator
from safeload.parsers.facts import GapReason, Mention
from safeload.parsers.mentions import Mentions
from safeload.parsers.pickles.ledger import Refused
from safeload.parsers.programs.torchscript import CLASS, DEFINED, METHOD, OPERATOR

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader

_KEYS: Final = ["instructions", "operators", "constants", "types", "register_size"]
_METHOD: Final = "INTERFACE_CALL"
# Those that move values about. What starts threads (FORK), or calls what a value names (CALL), is not among them.
_MOVES: Final = frozenset(
    {"OP", "OPN", "LOAD", "MOVE", "STOREN", "STORE", "DROP", "DROPR", "LOADC", "JF", "JMP", "LOOP", "RET", "GET_ATTR",
     "SET_ATTR", "LIST_CONSTRUCT", "TUPLE_CONSTRUCT", "TUPLE_SLICE", "TUPLE_INDEX", "NAMED_TUPLE_CONSTRUCT",
     "DICT_CONSTRUCT", "DICT_INDEX", "CREATE_OBJECT", "ISINSTANCE", "RAISE_EXCEPTION", "UNCHECKED_CAST", "WARN",
     "UNINITIALIZED", "LIST_UNPACK", "TO_LIST", "NUM_TO_TENSOR", "IS_NONE", "IS", "ISN_T", "__IS__", "__ISNT__",
     "__NOT__", "DTYPE", "DEVICE", "DIM", "UN_INITIALIZED", "UNPACK_TUPLE", "TUPLE_UNPACK", "FORMAT", _METHOD}
)  # fmt: skip


# What a pickle of nothing but values can raise.
_BROKEN: Final = (pickle.UnpicklingError, EOFError, ValueError, TypeError, LookupError, AttributeError, OverflowError)


class _Values(pickle._Unpickler):
    """Values only: in Python, where what is looked up, called or made by a name is in plain sight here."""

    def find_class(self, module: str, name: str) -> Any:
        raise Malformed(f"a program for mobile devices that names {module!a}.{name!a}")

    def persistent_load(self, key: Any) -> Any:
        return None  # a tensor


def read(reader: Reader) -> tuple[Mention, ...]:
    """What its functions call, as `programs.torchscript` says it. Raises `Malformed` for all but what torch writes."""
    if reader.size > limits.PURE_BYTES:
        raise Refused(f"a program for mobile devices of {reader.size:,} bytes", reason=GapReason.LIMIT)
    try:
        whole = _Values(io.BytesIO(reader.read_at(0, reader.size))).load()
    except _BROKEN as error:
        raise Malformed(f"a program for mobile devices that is no pickle ({type(error).__name__})") from error
    if not isinstance(whole, tuple) or not whole or type(whole[0]) is not int:
        raise Malformed("a program for mobile devices without a version")
    found = Mentions()
    for function in whole[1:]:
        for kind, text in _function(function):
            found.add(kind, text)
    return found.all()


def _function(function: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(function, tuple) or len(function) not in (2, 3) or not isinstance(function[0], str):
        raise Malformed("a function without a name")
    table = function[1]
    pairs = isinstance(table, tuple) and all(isinstance(one, tuple) and len(one) == 2 for one in table)
    if not pairs or [one[0] for one in table] != _KEYS:
        raise Malformed("a function with other parts than torch writes")
    instructions, operators, constants, types, _ = (held for _, held in table)
    if not all(isinstance(one, tuple) for one in (instructions, operators, constants, types)):
        raise Malformed("a function whose parts are no tuples")
    yield DEFINED, function[0].rpartition(".")[2]
    yield from (_operator(one) for one in operators)
    yield from (pair for one in instructions for pair in _instruction(one, constants))
    for text in types:
        if not isinstance(text, str):
            raise Malformed("a type that is no text")
        if "torch.classes" in text or not text.isascii():
            yield CLASS, text


def _operator(one: Any) -> tuple[str, str]:
    """`("aten::linear", "", 3)`."""
    if not isinstance(one, tuple) or len(one) not in (2, 3) or not all(isinstance(text, str) for text in one[:2]):
        raise Malformed("an operator without a name")
    space, mark, name = one[0].partition("::")
    if not mark or not space.isidentifier() or not name.isidentifier():
        raise Malformed(f"an operator with the name {one[0][:80]!a}")
    return OPERATOR, f"ops.{space}.{name}"


def _instruction(one: Any, constants: tuple[Any, ...]) -> Iterator[tuple[str, str]]:
    if not isinstance(one, tuple) or len(one) != 3 or one[0] not in _MOVES:
        raise Malformed(f"an instruction that is not known: {str(one)[:80]!a}")
    if one[0] == _METHOD:
        name = constants[one[1]] if type(one[1]) is int and 0 <= one[1] < len(constants) else None
        if not isinstance(name, str):
            raise Malformed("a call of a method without a name")
        yield METHOD, name
