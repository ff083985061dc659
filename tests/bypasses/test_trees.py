"""Compiled code follows the nodes of a decision tree: one that leads outside is read wherever it is."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from safeload.policy.interface import Action
from safeload.scanners.interface import Report

from .conftest import Oracle, verdict

np = pytest.importorskip("numpy")
tree = pytest.importorskip("sklearn.tree")
joblib = pytest.importorskip("joblib")

Look = Callable[..., Report]
FAR = 10**9
PREDICTS = "joblib.load(path).predict(__import__('numpy').ones((4, 2)))"


def grown(rows: int = 40, place: int = 0, **changed: int) -> Any:
    numbers = np.random.RandomState(0).rand(rows, 2)
    if rows == 40:
        made = tree.DecisionTreeClassifier(max_depth=2).fit(numbers, numbers[:, 0] > 0.5)
    else:
        made = tree.DecisionTreeRegressor().fit(numbers, numbers.sum(1))
    state = made.tree_.__getstate__()
    for name, value in changed.items():
        state["nodes"][name][place] = value
    made.tree_ = type(made.tree_)(*made.tree_.__reduce__()[1])
    made.tree_.__setstate__(state)
    return made


def joblibbed(value: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    joblib.dump(value, file, **options)
    return file.getvalue()


WRITERS: dict[str, Callable[[Any], bytes]] = {
    "pickle": lambda value: pickle.dumps(value, 2),
    "pickle 5": lambda value: pickle.dumps(value, 5),
    "joblib": joblibbed,
    "joblib, compressed": lambda value: joblibbed(value, compress=3),
}
OUTSIDE = {
    "children": {"left_child": FAR, "right_child": FAR},
    "children before it": {"left_child": -FAR, "right_child": -FAR},
    "a feature": {"feature": FAR},
}


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("case", OUTSIDE)
def test_a_tree_that_leads_outside(case: str, write: str, look: Look, oracle: Oracle) -> None:
    data = WRITERS[write](grown(**OUTSIDE[case]))
    assert verdict(look(data)) is Action.BLOCK
    ended, last = oracle.run(f"import joblib; {PREDICTS}", data)
    assert ended < 0, last  # the process dies


@pytest.mark.parametrize("write", WRITERS)
def test_a_tree_as_it_grew(write: str, look: Look) -> None:
    assert verdict(look(WRITERS[write](grown()))) is Action.ALLOW


@pytest.mark.parametrize("compress", [0, 1])
@pytest.mark.parametrize("place", [0, 4_096, -1])
def test_a_large_tree_is_looked_at_to_the_end(place: int, compress: int, look: Look) -> None:
    """Its nodes are read again where they lie, some thousands at a time."""
    count = 2 * 6_000 - 1
    right = grown(6_000)
    assert right.tree_.node_count == count
    leaf = right.tree_.children_left[place] < 0
    assert verdict(look(joblibbed(right, compress=compress))) is Action.ALLOW
    changed = {"left_child": count, "right_child": count, "feature": 1} if leaf else {"left_child": count}
    assert verdict(look(joblibbed(grown(6_000, place, **changed), compress=compress))) is Action.BLOCK


@pytest.mark.parametrize("changed", [{"left_child": -1}, {"right_child": -1}, {"feature": -2}, {"feature": 2}])
def test_a_node_that_is_half_a_leaf(changed: dict[str, int], look: Look) -> None:
    assert verdict(look(pickle.dumps(grown(**changed)))) is Action.BLOCK


def described(value: Any, **said: Any) -> bytes:
    """The same nodes, and another word about all of them."""
    kind, args, state = value.tree_.__reduce__()

    class Tree:
        def __reduce__(self) -> tuple[Any, ...]:
            return kind, args, {**state, **said}

    value.tree_ = Tree()
    return pickle.dumps(value)


def deep() -> Any:
    rows = np.sort(np.random.RandomState(0).rand(4_000, 2), axis=0)
    made = tree.DecisionTreeClassifier().fit(rows, np.arange(4_000) % 2)
    assert made.tree_.max_depth > 500
    return made


def test_a_tree_that_is_said_to_be_less_deep_than_it_is(look: Look, oracle: Oracle) -> None:
    assert verdict(look(described(deep()))) is Action.ALLOW
    data = described(deep(), max_depth=0)
    assert verdict(look(data)) is Action.BLOCK
    use = "decision_path(__import__('numpy').random.rand(4000, 2))"
    ended, last = oracle.run(f"import joblib; joblib.load(path).{use}", data)
    assert ended < 0, last  # it wrote beyond the room


def test_nodes_with_two_ways_to_each_are_no_tree(look: Look) -> None:
    """Looked at level by level they would be followed for ever: each level has twice as many ways."""
    made = deep()
    _, _, state = made.tree_.__reduce__()
    for side in ("left_child", "right_child"):
        state["nodes"][side][:64] = np.arange(1, 65)
    assert verdict(look(described(made, **state))) is Action.BLOCK


def test_a_tree_without_nodes_is_not_believed(look: Look) -> None:
    data = pickle.dumps(grown(), 0)
    assert data.count(b"Vnodes\n") == 1
    assert verdict(look(data.replace(b"Vnodes\n", b"Vnudes\n"))) is Action.BLOCK


CIRCLES = {"to itself": 0, "back to the root": 2}
PREDICTS_FOREVER = "import resource; resource.setrlimit(resource.RLIMIT_CPU, (2, 2)); import joblib; " + PREDICTS


@pytest.mark.parametrize("case", CIRCLES)
def test_nodes_in_a_circle(case: str, look: Look, oracle: Oracle) -> None:
    """A library writes a node's children behind it. A circle is followed until somebody ends the process."""
    data = pickle.dumps(grown(place=CIRCLES[case], left_child=0, right_child=0, feature=0))
    assert verdict(look(data)) is Action.BLOCK
    ended, last = oracle.run(PREDICTS_FOREVER, data)
    assert ended < 0, last
