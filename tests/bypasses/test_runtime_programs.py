"""F 45: archives of TorchServe in the server, and a llamafile in the shell."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import socket
import subprocess
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.bypasses.runtimes import judged, runtime

Serve = Callable[[Path], str]
WAIT = 90  # seconds for the server to start and to load one model


@pytest.fixture
def serve() -> Iterator[Serve]:
    """The real server with one archive; gives what it said."""
    java = shutil.which("java")
    python = runtime("torchserve", "").python
    if java is None:
        pytest.skip("TorchServe needs Java")
    place = Path(tempfile.mkdtemp(prefix="serve"))  # its sockets need a short path
    started: list[subprocess.Popen[bytes]] = []

    def run(archive: Path) -> str:
        settings = place / "config.properties"
        settings.write_text(_settings())
        said = place / "said"
        code = "import sys; from ts.model_server import start; sys.argv[0] = 'torchserve'; start()"
        with said.open("wb") as output:
            started.append(
                subprocess.Popen(
                    [str(python), "-c", code, "--start", "--foreground", "--ncs", "--disable-token-auth",
                     "--model-store", str(archive.parent), "--models", archive.name, "--ts-config", str(settings)],
                    env={**os.environ, "PATH": f"{python.parent}:{os.environ['PATH']}", "TEMP": str(place),
                         "LOG_LOCATION": str(place), "METRICS_LOCATION": str(place)},
                    cwd=place, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
                )
            )  # fmt: skip
        until = time.monotonic() + WAIT
        while time.monotonic() < until and started[0].poll() is None:
            text = said.read_text(errors="replace")
            if "Backend response time" in text or "Backend worker error" in text:
                break
            time.sleep(0.2)
        return said.read_text(errors="replace")[-3000:]

    yield run
    for one in started:
        os.killpg(one.pid, signal.SIGKILL)
        one.wait()
    shutil.rmtree(place, ignore_errors=True)


def _settings() -> str:
    names = (
        "inference_address",
        "management_address",
        "metrics_address",
        "grpc_inference_port",
        "grpc_management_port",
    )
    free = [socket.create_server(("127.0.0.1", 0)) for _ in names]
    ports = [one.getsockname()[1] for one in free]
    for one in free:
        one.close()
    lines = [
        f"{name}={port if 'port' in name else f'http://127.0.0.1:{port}'}"
        for name, port in zip(names, ports, strict=True)
    ]
    return "\n".join((*lines, "default_workers_per_model=1", "enable_metrics_api=false"))


def archive(path: Path, handler: str, **files: str) -> Path:
    manifest = {"runtime": "python", "model": {"modelName": "m", "modelVersion": "1.0", "handler": handler}}
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("MAR-INF/MANIFEST.json", json.dumps({**manifest, "archiverVersion": "0.12.0"}))
        for name, text in files.items():
            made.writestr(f"{name}.py", text)
    return path


@pytest.mark.heavy
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("handler", "file"),
    [("mine.py", "mine"), ("image_classifier", "image_classifier"), ("image_classifier", "json")],
    ids=["its own handler", "a handler of the server", "a module that the server imports"],
)
def test_a_server_runs_what_an_archive_brings(
    handler: str, file: str, serve: Serve, tmp_path: Path, marker: Path
) -> None:
    """The folder of the archive comes first where Python looks for modules, whatever the manifest names."""
    runs = f"import os\nos.makedirs({str(marker)!r}, exist_ok=True)\ndef handle(data, context):\n    return None\n"
    path = archive(tmp_path / "m.mar", handler, **{file: runs})
    verdict, rules = judged(path)
    assert verdict != "allow" and "mar-runs-code" in rules
    assert not marker.exists()
    said = serve(path)
    assert marker.exists(), said


@pytest.mark.heavy
@pytest.mark.timeout(300)
def test_a_server_runs_what_a_tar_brings(serve: Serve, tmp_path: Path, marker: Path) -> None:
    runs = f"import os\nos.makedirs({str(marker)!r}, exist_ok=True)\ndef handle(data, context):\n    return None\n"
    path = tmp_path / "m.tar.gz"
    packed = archive(tmp_path / "packed", "image_classifier", image_classifier=runs)
    with zipfile.ZipFile(packed) as given, tarfile.open(path, "w:gz") as made:
        for name in given.namelist():
            info = tarfile.TarInfo(f"m/{name}")
            info.size = len(given.read(name))
            made.addfile(info, io.BytesIO(given.read(name)))
    packed.unlink()
    verdict, rules = judged(path)
    assert verdict != "allow" and "mar-runs-code" in rules
    assert not marker.exists()
    said = serve(path)
    assert marker.exists(), said


def test_a_llamafile_is_a_program_of_the_shell(tmp_path: Path, marker: Path) -> None:
    """Its first bytes are the start of an assignment to the shell, and of a program to Windows; it ends as a ZIP."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        made.writestr(".args", "-m\nmodel.gguf\n")
    path = tmp_path / "model.llamafile"
    path.write_bytes(b"MZqFpD='\n'\nmkdir '" + os.fsencode(marker) + b"'\nexit 0\n" + bytes(512) + packed.getvalue())
    path.chmod(0o700)
    verdict, rules = judged(path)
    assert verdict != "allow" and "native-code" in rules
    assert not marker.exists()
    assert subprocess.run(["sh", "-c", '"$0"', str(path)], timeout=60).returncode == 0
    assert marker.exists()
