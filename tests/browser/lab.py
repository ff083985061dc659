"""A real JupyterLab on a free port, and a real Chromium that drives it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_EMPTY: dict[str, Any] = {"metadata": {}, "outputs": [], "execution_count": None}
_START = 60.0  # seconds until JupyterLab answers
_SETTINGS: dict[str, dict[str, Any]] = {
    "apputils-extension/notification": {"checkForUpdates": False, "fetchNews": "false", "doNotDisturbMode": True},
    "notebook-extension/tracker": {"windowingMode": "none"},
}


def chromium() -> str | None:
    """`SAFELOAD_CHROMIUM`, or the first Chromium on the PATH."""
    chosen = os.environ.get("SAFELOAD_CHROMIUM")
    if chosen:
        return chosen if Path(chosen).exists() else None
    return next((found for name in _CHROMIUM_NAMES if (found := shutil.which(name))), None)


class Lab:
    """A running server: `folder` holds the notebooks."""

    def __init__(self, folder: Path, port: int, token: str) -> None:
        self.folder = folder
        self.port = port
        self._token = token

    def url(self, path: str = "", *more: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}?{'&'.join([*more, f'token={self._token}'])}"

    def write(self, name: str, cells: Sequence[str]) -> Path:
        """A notebook with these code cells."""
        spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        code = [{"id": f"cell-{i}", "cell_type": "code", "source": source, **_EMPTY} for i, source in enumerate(cells)]
        notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": spec}, "cells": code}
        path = self.folder / name
        path.write_text(json.dumps(notebook), encoding="utf-8")
        return path


@contextlib.contextmanager
def running_lab(home: Path, env: Mapping[str, str]) -> Iterator[Lab]:
    """JupyterLab with all its folders under `home`, ended afterwards together with its kernels."""
    folder, token, port = home / "notebooks", secrets.token_hex(16), _free_port()
    folder.mkdir(parents=True)
    for name, values in _SETTINGS.items():
        path = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")
    with (home / "lab.log").open("wb") as log:
        process = subprocess.Popen(
            _command(folder, port, token), env=_environment(home, env), cwd=folder, stdout=log, stderr=log
        )
        try:
            lab = Lab(folder, port, token)
            _wait(lab, process, home / "lab.log")
            yield lab
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _environment(home: Path, env: Mapping[str, str]) -> dict[str, str]:
    return {
        **env,
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
    }


def _command(folder: Path, port: int, token: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        f"--ServerApp.root_dir={folder}",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={token}",
        "--LabApp.expose_app_in_browser=True",
        "--LabApp.extension_manager=readonly",
        "--LabApp.news_url=",
    ]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _wait(lab: Lab, process: subprocess.Popen[bytes], log: Path) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    limit = time.monotonic() + _START
    while time.monotonic() < limit:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            direct.open(lab.url("api/status"), timeout=2).close()
            return
        if process.poll() is not None:
            break
        time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text(errors='replace')[-4000:]}")
