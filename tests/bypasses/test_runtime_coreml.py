"""F 45: Core ML in coremltools on Linux: packages that are made of files elsewhere, and what only macOS would run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bypasses.runtimes import Runtime, judged, runtime

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def coremltools() -> Runtime:
    return runtime("coremltools", "core_ml")


@pytest.fixture(scope="module")
def models(coremltools: Runtime, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return coremltools.made(tmp_path_factory.mktemp("core-ml"))


def test_an_ordinary_package_is_allowed(coremltools: Runtime, models: Path) -> None:
    assert coremltools.run("weights", models, "plain.mlpackage").value == [0.0, 1.0, 2.0]
    assert judged(models / "plain.mlpackage") == ("allow", set())


def test_a_package_whose_model_lies_outside_of_it(coremltools: Runtime, models: Path) -> None:
    verdict, rules = judged(models / "item.mlpackage")
    assert verdict == "block" and "coreml-external-path" in rules
    assert coremltools.run("load", models, "item.mlpackage").value == "mlProgram"


def test_coremltools_itself_looks_for_weights_in_the_package_alone(coremltools: Runtime, models: Path) -> None:
    """It takes the last part of the path. Core ML, which runs models, is not there to be tried."""
    verdict, rules = judged(models / "weights.mlpackage")
    assert verdict == "block" and "coreml-external-path" in rules
    assert "Could not open" in str(coremltools.run("weights", models, "weights.mlpackage").value)


def test_a_custom_layer_does_not_run_here(coremltools: Runtime, models: Path) -> None:
    verdict, rules = judged(models / "custom.mlmodel")
    assert verdict == "ask" and rules == {"coreml-custom-class"}
    assert coremltools.run("load", models, "custom.mlmodel").value == "neuralNetwork"
    assert "refused" in str(coremltools.run("use", models, "custom.mlmodel").value)
