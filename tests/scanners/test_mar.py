"""TorchServe archives: handlers that run, packages that are installed."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable

from safeload.scanners.interface import Report
from tests.scanners.conftest import ids

Look = Callable[..., Report]


def archive(**model: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        manifest = {"runtime": "python", "model": {"modelName": "m", **model}, "archiverVersion": "0.12.0"}
        file.writestr("MAR-INF/MANIFEST.json", json.dumps(manifest))
        file.writestr("handler.py", "import os\n")
    return made.getvalue()


def test_a_handler_of_its_own_is_a_question(look: Look) -> None:
    assert "mar-runs-code" in ids(look(archive(handler="handler.py"), name="m.mar").findings)
    assert "mar-runs-code" in ids(look(archive(handler="os:system"), name="m.mar").findings)
    assert "mar-runs-code" in ids(look(archive(handler="image_classifier", modelFile="model.py")).findings)


def test_packages_to_install_are_a_question(look: Look) -> None:
    found = ids(look(archive(handler="image_classifier", requirementsFile="requirements.txt")).findings)
    assert "mar-installs-packages" in found and "mar-runs-code" not in found


def test_a_handler_that_the_server_has_is_ordinary(look: Look) -> None:
    assert not {"mar-runs-code", "mar-installs-packages"} & set(ids(look(archive(handler="image_classifier")).findings))
