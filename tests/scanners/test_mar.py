"""TorchServe archives: handlers that run, packages that are installed."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import PurePosixPath

from safeload.scanners.interface import Report
from tests.scanners.conftest import ids

Look = Callable[..., Report]


def archive(*files: str, **model: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        manifest = {"runtime": "python", "model": {"modelName": "m", **model}, "archiverVersion": "0.12.0"}
        file.writestr("MAR-INF/MANIFEST.json", json.dumps(manifest))
        for name in files:
            file.writestr(name, "import os\n")
    return made.getvalue()


def test_a_handler_of_its_own_is_a_question(look: Look) -> None:
    assert "mar-runs-code" in ids(look(archive("handler.py", handler="handler.py"), name="m.mar").findings)
    assert "mar-runs-code" in ids(look(archive(handler="os:system"), name="m.mar").findings)
    assert "mar-runs-code" in ids(look(archive(handler="image_classifier", modelFile="model.py")).findings)


def test_packages_to_install_are_a_question(look: Look) -> None:
    found = ids(look(archive(handler="image_classifier", requirementsFile="requirements.txt")).findings)
    assert "mar-installs-packages" in found and "mar-runs-code" not in found


def test_a_handler_that_the_server_has_is_ordinary(look: Look) -> None:
    assert not {"mar-runs-code", "mar-installs-packages"} & set(ids(look(archive(handler="image_classifier")).findings))


def test_code_that_stands_in_front_of_the_servers_own_is_a_question(look: Look) -> None:
    """Its folder comes first where Python looks for modules."""
    for name in ("image_classifier.py", "json.py", "torch/__init__.py", "json.pyc", "numpy.so"):
        assert "mar-runs-code" in ids(look(archive(name, handler="image_classifier")).findings)
    for other in ("a/data.pkl", "a/constants.pkl", "archive_format"):  # what else it could be is nothing to the server
        data = archive("image_classifier.py", other, handler="image_classifier")
        assert "mar-runs-code" in ids(look(data).findings)


def tarred(data: bytes, *, folder: str = "") -> bytes:
    """The same archive as a tar.gz, which the server takes, too."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as given, tarfile.open(fileobj=made, mode="w:gz") as file:
        for name in given.namelist():
            info = tarfile.TarInfo(f"{folder}{PurePosixPath(name)}")
            info.size = len(given.read(name))
            file.addfile(info, io.BytesIO(given.read(name)))
    return made.getvalue()


def test_an_archive_in_a_tar_is_judged_as_in_a_zip(look: Look) -> None:
    for folder in ("", "./", "model/"):
        for name in ("image_classifier.py", "json.py", "torch/__init__.pyc"):
            found = ids(look(tarred(archive(name, handler="image_classifier"), folder=folder)).findings)
            assert "mar-runs-code" in found, (folder, name)
        assert not ids(look(tarred(archive("labels.txt", handler="image_classifier"), folder=folder)).findings)


def test_a_link_in_a_tar_can_be_the_module(look: Look) -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as file:
        manifest = json.dumps({"model": {"modelName": "m", "handler": "image_classifier"}}).encode()
        for name, content in (("MAR-INF/MANIFEST.json", manifest), ("labels.txt", b"import os\n")):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("json.py")
        link.type, link.linkname = tarfile.LNKTYPE, "labels.txt"
        file.addfile(link)
    assert "mar-runs-code" in ids(look(made.getvalue()).findings)


def test_the_manifest_of_a_zip_is_found_however_its_name_is_written(look: Look) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("./MAR-INF//MANIFEST.json", json.dumps({"model": {"handler": "image_classifier"}}))
        file.writestr("json.py", "import os\n")
    assert "mar-runs-code" in ids(look(made.getvalue()).findings)
