"""State holders turned into an effect: by the name of a method, a method put in place of another, a place in memory."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from safeload.policy.evaluate import evaluate
from safeload.policy.interface import Action
from safeload.policy.presets import STANDARD
from safeload.scanners.interface import Report
from safeload.signals.interface import Assessment

from .conftest import Oracle

np = pytest.importorskip("numpy")
Look = Callable[..., Report]
Really = Callable[..., int]
RUN = "import pickle; value = pickle.load(open(path, 'rb')); "


@pytest.fixture
def really(oracle: Oracle) -> Really:
    """What the real loader does with it, in a process of its own."""
    return lambda data, then="": oracle.run(RUN + then, data)[0]


def action(report: Report) -> Action:
    return evaluate(STANDARD, Assessment(report=report)).action


class Stated:
    """An instance of `kind` with the attributes that a pickle gives it."""

    def __init__(self, kind: type, state: Any) -> None:
        self.kind, self.state = kind, state

    def __reduce_ex__(self, protocol: Any) -> Any:
        import copyreg

        return copyreg._reconstructor, (self.kind, object, None), self.state


def test_a_method_that_setstate_calls_is_not_replaced_by_the_state(look: Look, tmp_path: Path, really: Really) -> None:
    isotonic = pytest.importorskip("sklearn.isotonic")
    marker = tmp_path / "marker"
    state: dict[str, Any] = {"X_thresholds_": str(marker), "y_thresholds_": "w", "_build_f": open}
    really(pickle.dumps(Stated(isotonic.IsotonicRegression, state)))
    assert marker.exists()
    known = pickle.dumps(Stated(isotonic.IsotonicRegression, {**state, "_build_f": np.zeros}))
    assert "pickle-conditions-not-met" in {finding.rule.id for finding in look(known).findings}


def test_a_stacked_model_calls_no_method_of_the_files_choice(look: Look, tmp_path: Path, really: Really) -> None:
    pytest.importorskip("sklearn")
    from sklearn.ensemble import StackingRegressor
    from sklearn.linear_model import Ridge

    marker = tmp_path / "marker"
    model = StackingRegressor([("a", Ridge())], cv=2).fit(np.eye(4), range(4))
    assert action(look(pickle.dumps(model))) is Action.ALLOW
    model.estimators_, model.stack_method_ = [marker], ["touch"]
    data = pickle.dumps(model)
    really(data, "value.transform(420)")
    assert marker.exists()
    assert action(look(data)) is Action.ASK


def test_a_list_of_methods_that_grows_after_it_was_given_is_seen(look: Look) -> None:
    pytest.importorskip("sklearn")
    from sklearn.ensemble import StackingRegressor

    methods = ["predict"]
    data = pickle.dumps((Stated(StackingRegressor, {"stack_method_": methods}), methods), 2)
    at = data.rindex(b"h")  # the list once more, from the memo: append to it before the tuple is made
    grown = data[: at + 2] + b"X\x06\x00\x00\x00to_csva" + data[at + 2 :]
    assert pickle.loads(grown)[0].stack_method_ == ["predict", "to_csv"]
    assert action(look(grown)) is Action.ASK


def test_a_function_kept_for_later_is_one_of_the_known(look: Look) -> None:
    pytest.importorskip("sklearn")
    from sklearn.preprocessing import FunctionTransformer

    assert action(look(pickle.dumps(FunctionTransformer(np.log1p)))) is Action.ALLOW
    assert action(look(pickle.dumps(FunctionTransformer(pickle.loads)))) is Action.BLOCK
    assert action(look(pickle.dumps(FunctionTransformer(action)))) is Action.ASK


def test_a_distribution_runs_a_text_of_its_state(look: Look, tmp_path: Path, really: Really) -> None:
    stats = pytest.importorskip("scipy.stats")
    marker = tmp_path / "marker"
    state = {**stats.norm.__getstate__(), "_parse_arg_template": f"open({str(marker)!r}, 'w')"}
    data = pickle.dumps(Stated(type(stats.norm), state))
    really(data)
    assert marker.exists()
    assert action(look(data)) is not Action.ALLOW


def changed(matrix: Any, **fields: Any) -> bytes:
    matrix.__dict__.update(fields)
    return pickle.dumps(matrix)


FAR = [0, 1, 2**31 - 1]


@pytest.mark.parametrize("kind", ["csr_array", "csc_matrix", "bsr_array"])
def test_a_sparse_matrix_that_points_beyond_itself(look: Look, kind: str, really: Really) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    make = getattr(sparse, kind)
    assert action(look(pickle.dumps(make(np.eye(3))))) is Action.ALLOW
    data = changed(make(np.eye(3)), indices=np.array(FAR, dtype=np.int32))
    assert really(data, "value @ __import__('numpy').ones(3)") < 0  # the process dies
    assert action(look(data)) is Action.BLOCK
    assert action(look(changed(make(np.eye(3)), indptr=np.array([0, 5, 2, 3], dtype=np.int32)))) is Action.BLOCK


def test_coordinates_beyond_a_sparse_matrix(look: Look) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    far = np.array(FAR, dtype=np.int32)
    assert action(look(changed(sparse.coo_array(np.eye(3)), coords=(far, far)))) is Action.BLOCK


def test_codes_that_name_no_category(look: Look) -> None:
    pandas = pytest.importorskip("pandas")
    category = pandas.Categorical([10, 20] * 3)  # no texts: those are of pyarrow, where that is installed
    assert action(look(pickle.dumps(category))) is Action.ALLOW
    data = pickle.dumps(category)
    codes = np.array([0, 1] * 3, dtype=np.int8).tobytes()
    assert data.count(codes) == 1
    assert action(look(data.replace(codes, codes[:-1] + b"\x7f"))) is Action.BLOCK


def test_codes_that_name_no_level(look: Look) -> None:
    pandas = pytest.importorskip("pandas")
    data = pickle.dumps(pandas.MultiIndex.from_product([[3, 4], [1, 2]]))
    codes = np.array([0, 0, 1, 1], dtype=np.int8).tobytes()
    assert action(look(data)) is Action.ALLOW
    assert data.count(codes) == 1
    assert action(look(data.replace(codes, codes[:-1] + b"\x7f"))) is Action.BLOCK


def table(placement: Any) -> bytes:
    """A frame of two columns whose part says that its places are these."""
    pandas = pytest.importorskip("pandas")
    internals, managers = (
        pytest.importorskip("pandas._libs.internals"),
        pytest.importorskip("pandas.core.internals.managers"),
    )
    labels = [pandas.Index(["a", "b"], dtype=object), pandas.RangeIndex(2)]

    class Part:
        def __reduce__(self) -> Any:
            return internals._unpickle_block, (np.ones((2, 2)), placement, 2)

    class Pickler(pickle._Pickler):  # type: ignore[name-defined,misc]
        def reducer_override(self, value: Any) -> Any:
            return (
                (managers.BlockManager, ((Part(),), labels)) if type(value) is managers.BlockManager else NotImplemented
            )

    import io

    file = io.BytesIO()
    Pickler(file, 4).dump(pandas.DataFrame(np.ones((2, 2)), columns=["a", "b"]))
    return file.getvalue()


FAR_AWAY = [slice(10**8, 10**8 + 2, 1), np.array([0, 10**8]), np.array([0, -(10**8)]), slice(-(10**8), 2 - 10**8, 1)]


@pytest.mark.parametrize("placement", FAR_AWAY, ids=["slice", "array", "before", "slice before"])
def test_a_part_of_a_table_that_lies_beyond_it(placement: Any, look: Look, really: Really) -> None:
    assert action(look(table(slice(0, 2, 1)))) is Action.ALLOW
    assert action(look(table(np.array([1, 0])))) is Action.ALLOW
    data = table(placement)
    assert action(look(data)) is Action.BLOCK
    if not isinstance(placement, slice) or placement.start > 0:
        assert really(data, "value['a']") < 0  # memory that is something else's is written


@pytest.mark.parametrize("kind", ["KDTree", "BallTree"])
def test_a_search_tree_that_points_beyond_its_points(look: Look, kind: str) -> None:
    neighbors = pytest.importorskip("sklearn.neighbors")
    tree = getattr(neighbors, kind)(np.random.RandomState(0).rand(8, 2), leaf_size=2)
    data = pickle.dumps(tree)
    assert action(look(data)) is Action.ALLOW
    state = list(tree.__getstate__())
    order = np.asarray(state[1]).tobytes()
    assert data.count(order) == 1
    assert action(look(data.replace(order, order[:-1] + b"\x7f"))) is Action.BLOCK


def test_an_array_that_is_changed_after_it_was_looked_at(look: Look) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    matrix = sparse.csr_array(np.eye(3))
    data = pickle.dumps((matrix, matrix.indices), 2)
    at = data.rindex(b"h")  # indices[0] = 99, between the matrix and the end
    assert action(look(data)) is Action.ALLOW
    late = data[: at + 2] + b"K\x00Kcs" + data[at + 2 :]
    assert pickle.loads(late)[0].indices[0] == 99
    assert action(look(late)) is Action.BLOCK


def test_a_file_of_torch_in_a_pickle_is_read_as_torch_reads_it(look: Look, tmp_path: Path, really: Really) -> None:
    torch = pytest.importorskip("torch")
    import io
    import os

    class Inner:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "marker"),)

    class Outer:
        def __init__(self, *, zipped: bool) -> None:
            self.zipped = zipped

        def __reduce__(self) -> Any:
            file = io.BytesIO()
            torch.save(Inner(), file, _use_new_zipfile_serialization=self.zipped)
            return torch.storage._load_from_bytes, (file.getvalue(),)

    assert action(look(pickle.dumps({"weights": torch.ones(3)}))) is Action.ALLOW
    assert action(look(pickle.dumps(Outer(zipped=False)))) is Action.BLOCK
    assert action(look(pickle.dumps(Outer(zipped=True)))) is not Action.ALLOW
    really(pickle.dumps(Outer(zipped=True)))
    assert (tmp_path / "marker").exists()


def test_getattr_is_the_name_that_it_fetches(look: Look) -> None:
    import zoneinfo

    def fetched(module: str, name: str, attribute: str) -> bytes:
        return f"c__builtin__\ngetattr\n(c{module}\n{name}\nV{attribute}\ntR.".encode()

    assert action(look(pickle.dumps(zoneinfo.ZoneInfo("UTC"), 2))) is Action.ALLOW
    assert action(look(fetched("zoneinfo", "ZoneInfo", "from_file"))) is Action.ASK
    assert action(look(fetched("collections", "OrderedDict", "__init__"))) is Action.BLOCK
    assert action(look(fetched("pathlib", "Path", "unlink"))) is Action.BLOCK


def test_every_field_that_a_condition_speaks_of_is_told() -> None:
    from safeload.parsers.pickles.watched import WATCHED
    from safeload.scanners import names_table

    asked = {
        pair: set(known.condition.fields)
        for pair, known in names_table.everything().pairs()
        if known.condition is not None and known.condition.fields
    }
    for (module, name), fields in WATCHED.items():
        assert asked.get((module, name), set()) == set(fields), (module, name)


def test_every_field_that_a_derived_list_speaks_of_is_told() -> None:
    from safeload.parsers.pickles.watched import watched
    from safeload.scanners import names_file

    folder = Path(names_file.__file__).parent / "imports"
    found = {
        (module, name): set(entry.condition.fields)
        for file in folder.glob("*_classes.toml")
        for entry in names_file.read(file.read_text("utf-8"), file=file.name).entries
        if entry.condition is not None and entry.condition.fields
        for module, names in entry.classes
        for name in names.split()
    }
    assert len(found) > 200
    assert all(fields == set(watched(*pair)) for pair, fields in found.items())


def test_another_spelling_of_a_class_whose_fields_decide_is_a_question(look: Look) -> None:
    torch = pytest.importorskip("torch")
    data = pickle.dumps(
        Stated(torch.optim.Adam, {"_patch_step_function": np.zeros, "defaults": {}, "param_groups": []}), 2
    )
    again = data.replace(b"torch.optim.adam\n", b"torch.optim.adamw\n")
    assert again != data
    assert type(pickle.loads(again.replace(b"_patch_step_function", b"_patch_step_functiom"))) is torch.optim.Adam
    assert [action(look(one)) for one in (data, again)] == [Action.ASK, Action.ASK]
