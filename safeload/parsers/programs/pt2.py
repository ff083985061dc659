"""A program of torch.export: the operators that it calls, the expressions and types that loading it evaluates.

Loading resolves targets attribute by attribute below `torch`, and hands expressions to sympy, which evaluates them.
"""

from __future__ import annotations

import json

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Any, Final, Iterator
from safeload.parsers import text
from safeload.parsers.facts import GapReason, Mention, Part
from safeload.parsers.pickles.ledger import Refused
from safeload.parsers.purposes import PROGRAM

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader
    from safeload.parsers.visit import Parts, Visit


TARGET: Final = "export-target"
EXPRESSION: Final = "export-expression"
TYPE: Final = "export-type"
GUARD: Final = "export-guard"

_TARGETS: Final = frozenset({"target", "as_operator"})
_SPECS: Final = frozenset({"in_spec", "out_spec", "treespec", "spec"})
_LEAF: Final = "null"


def read(reader: Reader, visit: Visit) -> Parts | None:
    """Raises `Malformed` for what is no JSON object without doubled keys."""
    found = text.read_part(reader, visit)
    if found is None:
        return None
    if reader.size > limits.HEADER:
        raise Refused(f"a program of {reader.size} bytes", reason=GapReason.LIMIT)
    said: dict[tuple[str, str], int] = {}
    for kind, value in _walk(_json(reader.read_at(0, reader.size))):
        key = (kind, value[: limits.NAME])
        said[key] = said.get(key, 0) + 1
    mentions = tuple(Mention(kind=kind, text=value, count=n) for (kind, value), n in said.items())
    return (Part(member=visit.member, format=PROGRAM, text=found[0].text, mentions=mentions),)


def _json(raw: bytes | str) -> Any:
    try:
        return json.loads(raw, object_pairs_hook=text.strict_pairs)
    except (ValueError, RecursionError) as error:
        raise error if isinstance(error, Malformed) else Malformed("a program that is not JSON") from error


def _walk(value: Any) -> Iterator[tuple[str, str]]:
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            for key, item in value.items():
                yield from _field(key, item)
                waiting.append(item)


def _field(key: str, item: Any) -> Iterator[tuple[str, str]]:
    if key == "range_constraints" and isinstance(item, dict):
        yield from ((EXPRESSION, name) for name in item)
    elif key == "guards_code" and isinstance(item, list):
        yield from ((GUARD, str(code)) for code in item)
    elif not isinstance(item, str):
        return
    elif key in _TARGETS:
        yield TARGET, item
    elif key.endswith("expr_str") or key == "as_sym_expr":
        yield EXPRESSION, item
    elif key in _SPECS and item:
        yield from _types(item)


def _types(spec: str) -> Iterator[tuple[str, str]]:
    """The node types of a tree, which stand in JSON within a string; a context beside a plain type is a type too."""
    waiting = [_json(spec)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            yield TYPE, str(node.get("type")) if node.get("type") is not None else _LEAF
            waiting += [item for key, item in node.items() if key != "context"]
