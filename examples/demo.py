"""Start the local Hub with its sample models, then JupyterLab on the quickstart notebook."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
STATE = HERE.parent / ".demo"
TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH")


def main() -> int:
    STATE.mkdir(exist_ok=True)
    hub = subprocess.Popen(
        [sys.executable, str(HERE / "hub"), "--port", "0", "--root", str(STATE / "hub")],
        stdout=subprocess.PIPE,
        text=True,
        env=_environment(),
    )
    try:
        endpoint = _endpoint(hub)
        print(f"The sample models are served at {endpoint}", flush=True)
        return subprocess.call(_lab(), env=_environment(endpoint), cwd=STATE)
    except KeyboardInterrupt:
        return 0
    finally:
        hub.terminate()
        hub.wait()


def _environment(endpoint: str = "") -> dict[str, str]:
    """A private home for every cache, no token, and no proxy between this machine and itself."""
    env = {key: value for key, value in os.environ.items() if key not in TOKENS}
    env |= {
        "HF_HOME": str(STATE / "huggingface"),
        "SAFELOAD_HOME": str(STATE / "safeload"),
        "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        # What the samples' harmless payloads would touch, were they to run.
        "SAFELOAD_DEMO_MARKER": str(STATE / "PAYLOAD-RAN"),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(HERE), env.get("PYTHONPATH", "")])),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", "")]),
    }
    for name in ("NO_PROXY", "no_proxy"):
        env[name] = ",".join(filter(None, [env.get(name, ""), "127.0.0.1", "localhost"]))
    if endpoint:
        env |= {"HF_ENDPOINT": endpoint, "JUPYTERLAB_SETTINGS_DIR": str(_quiet_lab())}
    return env


def _endpoint(hub: subprocess.Popen[str]) -> str:
    """The URL that the Hub prints once it serves; the first start makes the models, which takes some seconds."""
    print("Making the sample models (the first time takes about half a minute) …", flush=True)
    assert hub.stdout is not None
    for line in hub.stdout:
        if "http://" in line:
            return line[line.index("http://") :].split()[0]
    raise SystemExit(f"The local Hub did not start (exit code {hub.wait()}).")


def _quiet_lab() -> Path:
    """JupyterLab's own settings for the demo: no news, no look for updates, so no request leaves this machine."""
    folder = STATE / "lab"
    place = folder / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text('{"fetchNews": "false", "checkForUpdates": false}')
    return folder


def _lab() -> list[str]:
    notebook = STATE / "quickstart.ipynb"
    # A copy: running the cells must not change the file that is under version control.
    shutil.copy(HERE / "quickstart.ipynb", notebook)
    port, token = _free_port(), secrets.token_hex(16)
    print(f"\nOpen  http://127.0.0.1:{port}/lab/tree/quickstart.ipynb?token={token}\n", flush=True)
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={STATE}", f"--port={port}"]
    command += [f"--IdentityProvider.token={token}", "--ServerApp.port_retries=0", "quickstart.ipynb"]
    if not (sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    return command


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    raise SystemExit(main())
