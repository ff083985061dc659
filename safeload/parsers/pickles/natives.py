"""Stand-ins for what compiled code reads without looking: sparse matrices, search trees, categories.

They index one array with the numbers of another. scipy, scikit-learn and pandas check that when such an object is made,
and not when it is unpickled: a number beyond the end then reads, or writes, memory that is something else's.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise

from safeload.lean import TYPE_CHECKING, Any, Callable, Final
from safeload.parsers.pickles.contents import Unread, column, integers, shape
from safeload.parsers.pickles.standins import Inert

if TYPE_CHECKING:
    from array import array

Fits = Callable[[Any], bool]


def checked(fits: Fits) -> type[Inert]:
    """A stand-in whose states are held against `fits` when the run is over: arrays can change until then."""

    class Checked(Inert):
        __slots__ = ()

        def __setstate__(self, state: Any) -> None:
            page = type(self).page
            page.state(state, odd=not page.first(state))
            page.check(partial(_answer, fits, dict(state) if type(state) is dict else state))

        def __setitem__(self, key: Any, value: Any) -> None:
            type(self).page.state(None, odd=True)

    return Checked


def _answer(fits: Fits, state: Any) -> bool | None:
    try:
        return fits(state)
    except Unread:
        return None


def _within(numbers: array[int] | None, below: int, *, least: int = 0) -> bool:
    return numbers is not None and (not numbers or (min(numbers) >= least and max(numbers) < below))


def _sides(state: Any) -> tuple[int, ...] | None:
    """The shape of a sparse matrix."""
    sides = state.get("_shape") if type(state) is dict else None
    return sides if type(sides) is tuple and all(type(side) is int and side >= 0 for side in sides) else None


def _compressed(state: Any, *, major: int) -> bool:
    sides = _sides(state)
    if sides is None or len(sides) not in (1, 2):
        return False
    rows, width = (1, sides[0]) if len(sides) == 1 else (sides[major], sides[1 - major])
    indices, data = shape(state.get("indices")), shape(state.get("data"))
    if indices is None or data is None or len(indices) != 1 or indices[0] > data[0]:
        return False
    if len(data) == 3:  # blocks
        if major or not all(data[1:]) or rows % data[1] or width % data[2]:
            return False
        rows, width = rows // data[1], width // data[2]
    elif len(data) != 1:
        return False
    return _ascends(integers(state.get("indptr")), rows, indices[0]) and _within(integers(state["indices"]), width)


def _ascends(starts: array[int] | None, rows: int, total: int) -> bool:
    if starts is None or len(starts) != rows + 1 or starts[0] != 0 or starts[-1] > total:
        return False
    return all(before <= after for before, after in pairwise(starts))


def _coordinates(state: Any) -> bool:
    sides = _sides(state)
    data = shape(state.get("data")) if sides is not None else None
    if sides is None or data is None or len(data) != 1:
        return False
    places = state.get("coords", (state.get("row"), state.get("col")))
    if "coords" in state and ("row" in state or "col" in state):
        return False  # each release of scipy would believe another one
    if type(places) is not tuple or len(places) != len(sides):
        return False
    return all(shape(one) == data and _within(integers(one), side) for one, side in zip(places, sides, strict=True))


def _diagonals(state: Any) -> bool:
    sides = _sides(state)
    data, offsets = (shape(state.get(name)) for name in ("data", "offsets")) if sides is not None else (None, None)
    return sides is not None and len(sides) == 2 and data is not None and len(data) == 2 and offsets == data[:1]


def _search_tree(state: Any) -> bool:
    """scikit-learn's KDTree and BallTree: points, their order, nodes over that order, bounds of the nodes."""
    if type(state) is not tuple or len(state) != 13 or not all(type(n) is int for n in state[4:11]):
        return False
    points, nodes, bounds = shape(state[0]), shape(state[2]), shape(state[3])
    if points is None or nodes is None or bounds is None or len(points) != 2 or len(nodes) != 1:
        return False
    count, wide = points
    leaf_size, levels, total = state[4:7]
    if nodes != (total,) or not 0 < levels < 64 or total != 2**levels - 1 or leaf_size < 1 or count < 1:
        return False
    if len(bounds) != 3 or bounds[0] not in (1, 2) or bounds[1:] != (total, wide):
        return False
    order = integers(state[1])
    if order is None or len(order) != count or not _within(order, count):
        return False
    if state[12] is not None and shape(state[12]) != (count,):
        return False
    return _nodes(state[2], count, total)


def _nodes(records: Any, count: int, total: int) -> bool:
    starts, ends, leaves = (column(records, name) for name in ("idx_start", "idx_end", "is_leaf"))
    if starts is None or ends is None or leaves is None:
        return False
    if not all(0 <= start <= end <= count for start, end in zip(starts, ends, strict=True)):
        return False
    return all(leaves[total // 2 :])  # the last level has no children


def _metric(state: Any) -> bool:
    """Of the metrics that are listed, none reads the vector and the matrix that a state brings along."""
    return type(state) is tuple and len(state) == 3 and all(shape(item) is not None for item in state[1:])


def _spline(state: Any) -> bool:
    """scipy's BSpline: as many knots and coefficients as its degree needs."""
    if type(state) is not dict or type(state.get("k")) is not int or not 0 <= state["k"] < 1_000:
        return False
    if ("_t" in state and "t" in state) or ("_c" in state and "c" in state):
        return False  # each release of scipy would believe another one
    knots = shape(state.get("_t", state.get("t")))
    weights = shape(state.get("_c", state.get("c")))
    if knots is None or weights is None or len(knots) != 1 or not weights:
        return False
    needed = knots[0] - state["k"] - 1
    axis = state.get("axis", 0)
    return needed > state["k"] and type(axis) is int and axis == 0 and weights[0] >= needed


def _sparse(name: str, fits: Fits) -> dict[tuple[str, str], type[Inert]]:
    """Matrix and array, under the module's name of scipy 1.8 and later, and of those before."""
    stand_in = checked(fits)
    homes = (f"scipy.sparse._{name}", f"scipy.sparse.{name}")
    return {(home, f"{name}_{kind}"): stand_in for home in homes for kind in ("matrix", "array")}


SPECIALS: Final[dict[tuple[str, str], type[Inert]]] = {
    **_sparse("csr", partial(_compressed, major=0)),
    **_sparse("bsr", partial(_compressed, major=0)),
    **_sparse("csc", partial(_compressed, major=1)),
    **_sparse("coo", _coordinates),
    **_sparse("dia", _diagonals),
    ("sklearn.neighbors._kd_tree", "newObj"): checked(_search_tree),
    ("sklearn.neighbors._ball_tree", "newObj"): checked(_search_tree),
    ("sklearn.metrics._dist_metrics", "newObj"): checked(_metric),
    ("scipy.interpolate._bsplines", "BSpline"): checked(_spline),
}
