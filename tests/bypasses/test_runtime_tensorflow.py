"""F 45: TensorFlow and Keras for real: what a SavedModel and a Lambda layer do, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bypasses.runtimes import Runtime, judged, runtime

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(600)]
SECRET = "not for the model"


@pytest.fixture(scope="module")
def tensorflow() -> Runtime:
    return runtime("tensorflow", "saved_models")


@pytest.fixture(scope="module")
def models(tensorflow: Runtime, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tensorflow.made(tmp_path_factory.mktemp("saved-models"))


@pytest.fixture
def marker(models: Path) -> Path:
    (models / "ran").unlink(missing_ok=True)
    return models / "ran"


def test_an_ordinary_model_is_allowed(tensorflow: Runtime, models: Path) -> None:
    assert tensorflow.run("use", models, "plain").value == [2.0, 2.0]
    assert judged(models / "plain") == ("allow", set())


def test_a_model_that_writes_a_file_while_it_is_loaded(tensorflow: Runtime, models: Path, marker: Path) -> None:
    assert judged(models / "writes") == ("block", {"tensorflow-dangerous-operator"})
    assert not marker.exists()
    ended = tensorflow.run("load", models, "writes")
    assert marker.read_text() == "inert", ended


def test_a_model_that_prints_into_a_file(tensorflow: Runtime, models: Path, marker: Path) -> None:
    assert judged(models / "prints") == ("block", {"tensorflow-dangerous-operator"})
    ended = tensorflow.run("use", models, "prints")
    assert "inert" in marker.read_text(), ended


@pytest.mark.parametrize("name", ["reads", "maps"])
def test_a_model_that_gives_what_stands_in_a_file(name: str, tensorflow: Runtime, models: Path) -> None:
    assert judged(models / name) == ("block", {"tensorflow-dangerous-operator"})
    assert tensorflow.run("use", models, name).value == SECRET


def test_an_asset_that_lies_outside(tensorflow: Runtime, models: Path) -> None:
    """The only line of that file is found in what should be the model's vocabulary."""
    verdict, rules = judged(models / "asset")
    assert verdict == "block" and "tensorflow-asset-path" in rules
    assert tensorflow.run("use", models, "asset").value == 0


def test_tensorflow_itself_refuses_python_of_another_process(tensorflow: Runtime, models: Path) -> None:
    assert judged(models / "python") == ("block", {"tensorflow-dangerous-operator"})
    ended = tensorflow.run("use", models, "python")
    assert "Could not find callback" in str(ended.value)


@pytest.fixture(scope="module")
def keras() -> Runtime:
    return runtime("tensorflow", "keras_files")


@pytest.fixture(scope="module")
def lambdas(keras: Runtime, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return keras.made(tmp_path_factory.mktemp("lambdas"))


@pytest.mark.parametrize(
    ("name", "unsafe"),
    [("2.h5", ()), ("2", ()), ("2.keras", ("unsafe",)), ("3.keras", ("unsafe",)), ("3.h5", ("unsafe",))],
)
def test_a_lambda_runs(name: str, unsafe: tuple[str, ...], keras: Runtime, lambdas: Path) -> None:
    """In HDF5 and in SavedModels of the Keras before 3 without being asked to."""
    verdict, rules = judged(lambdas / name)
    assert verdict == "block" and "keras-lambda" in rules
    marker = lambdas / f"ran {name}"
    assert not marker.exists()
    ended = keras.run("load", lambdas, name, *unsafe)
    assert marker.exists(), ended
    marker.rmdir()


@pytest.mark.parametrize("name", ["2.keras", "3.keras", "3.h5"])
def test_keras_itself_refuses_a_lambda_unless_it_is_told_not_to(name: str, keras: Runtime, lambdas: Path) -> None:
    ended = keras.run("load", lambdas, name)
    assert "Lambda" in str(ended.value) and "disallowed" in str(ended.value), ended
    assert not (lambdas / f"ran {name}").exists()
