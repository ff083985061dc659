"""Two dtypes that say the same, as two pickles within one file write them."""

from __future__ import annotations

from safeload.lean import Any
from safeload.parsers.pickles.dtypes import Dtype, settled
from safeload.parsers.pickles.sealed import unsealed


def same(one: Any, other: Any) -> bool:
    """Do both describe elements of one kind, down to the fields of their fields?"""
    if one is other:
        return isinstance(one, Dtype)
    layout = settled(one)
    if layout is None or layout != settled(other) or one.spec != other.spec:
        return False
    first, second = one.described, other.described
    if first is None or second is None:
        return first is second
    return first[1] == second[1] and _subarrays(first[2], second[2]) and _fields(first, second)


def _subarrays(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    return bool(one[1] == other[1]) and same(one[0], other[0])


def _fields(one: Any, other: Any) -> bool:
    if one[3] != other[3]:
        return False
    if one[4] is None or other[4] is None:
        return one[4] is other[4]
    mine, its = unsealed(one[4]), unsealed(other[4])
    return all(mine[name][1] == its[name][1] and same(mine[name][0], its[name][0]) for name in one[3])
