"""Text models of LightGBM: trees as lines of numbers, held against themselves.

LightGBM follows children and features as they stand (src/io/tree.cpp), so a number beyond the end reads foreign memory.
"""

from __future__ import annotations

import re

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Final, Iterator
from safeload.parsers.facts import GapReason, Part
from safeload.parsers.mentions import Mentions
from safeload.parsers.models.boosters import ANOMALY
from safeload.parsers.pickles.ledger import Refused

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader
    from safeload.parsers.visit import Parts, Visit

_NODE: Final = ("left_child", "right_child", "split_feature", "threshold", "decision_type")
_LEAVES: Final = 1 << 24


def read(reader: Reader, visit: Visit) -> Parts | None:
    """The model's facts; None when it is no text after all."""
    if reader.size > limits.TEXT:
        raise Refused(f"a text of {reader.size} bytes", reason=GapReason.LIMIT)
    try:
        text = reader.read_at(0, reader.size).decode("utf-8")
    except UnicodeDecodeError:
        return None
    head, *trees = text.split("\nTree=")
    if not trees and "\nend of trees" not in text:
        raise Malformed("a model without trees")
    features = _number(_fields(head).get("max_feature_idx", ""))
    found = Mentions()
    for number, tree in enumerate(trees):
        for code in _oddities(_fields(tree.partition("\nend of trees")[0]), features):
            found.add(ANOMALY, code, f"tree {number}")
    return (Part(member=visit.member, format="lightgbm", mentions=found.all()),)


def _fields(text: str) -> dict[str, str]:
    """Lines of `key=value`; of two with one key LightGBM takes the last."""
    return dict(line.partition("=")[::2] for line in text.splitlines() if "=" in line)


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else -1


def _numbers(text: str) -> list[int]:
    return [_number(item) if item.lstrip("-").isdigit() else -_LEAVES * 2 for item in text.split()]


def _oddities(tree: dict[str, str], features: int) -> Iterator[str]:
    leaves = _number(tree.get("num_leaves", ""))
    if not 1 <= leaves <= _LEAVES:
        yield "no-leaves"
        return
    if len(tree.get("leaf_value", "").split()) != leaves:
        yield "lengths-differ"
    if leaves == 1:
        return
    columns = {name: tree.get(name, "").split() for name in _NODE}
    if any(len(column) != leaves - 1 for column in columns.values()):
        yield "lengths-differ"
        return
    yield from _shape(_numbers(tree["left_child"]), _numbers(tree["right_child"]), leaves)
    if not all(0 <= one <= features for one in _numbers(tree["split_feature"])):
        yield "feature-out-of-range"
    yield from _categories(tree, [int(one) if one.isdigit() else 0 for one in columns["decision_type"]])


def _shape(left: list[int], right: list[int], leaves: int) -> Iterator[str]:
    """Nodes count from 0, leaves from -1 downwards; each is the child of one node."""
    seen: set[int] = set()
    for child in (*left, *right):
        if not -leaves <= child < leaves - 1:
            yield "child-out-of-range"
            return
        if child in seen or child == 0:
            yield "cycle"
            return
        seen.add(child)


def _categories(tree: dict[str, str], decisions: list[int]) -> Iterator[str]:
    """A split by category has its number of the list in place of a threshold, and bounds that ascend."""
    count = _number(tree.get("num_cat", "0"))
    by_category = [one for one, kind in zip(tree["threshold"].split(), decisions, strict=True) if kind & 1]
    if not by_category and count <= 0:
        return
    bounds = _numbers(tree.get("cat_boundaries", ""))
    words = len(tree.get("cat_threshold", "").split())
    whole = len(bounds) == count + 1 and bounds == sorted(bounds) and bounds[0] == 0 and bounds[-1] == words
    if not whole or not all(0 <= _number(one.partition(".")[0]) < count for one in by_category):
        yield "category-out-of-range"
