"""What every test stands on: its own homes, no secrets, no network but the local hub."""

from __future__ import annotations

import copyreg
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

# The same examples in every run, and no clock: a slow machine is no defect of what is tested.
settings.register_profile("safeload", deadline=None, derandomize=True)
settings.load_profile("safeload")

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
sys.path.insert(0, str(EXAMPLES))

if TYPE_CHECKING:
    from hub.server import Hub

NOWHERE = "http://127.0.0.1:9"  # nobody listens: a test without the hub that asks one fails at once
MARKER = "SAFELOAD_DEMO_MARKER"
SECRETS_AND_SWITCHES = (
    "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HUB_CACHE", "HF_XET_CACHE",
    "HUGGINGFACE_HUB_CACHE", "HF_ASSETS_CACHE", "HF_MODULES_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE",
    "TRANSFORMERS_CACHE", "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "TORCH_FORCE_WEIGHTS_ONLY_LOAD", "TRUST_REMOTE_CODE",
    "XDG_CACHE_HOME", "SAFELOAD_POLICY",
)  # fmt: skip


def environment(home: Path, endpoint: str, before: Mapping[str, str]) -> dict[str, str]:
    """`before` without secrets and switches, with homes under `home` and loopback kept off any proxy."""
    loopback = "127.0.0.1,localhost"
    skipped = [before[name] for name in ("NO_PROXY", "no_proxy") if before.get(name)]
    no_proxy = ",".join([loopback, *skipped[:1]])
    return {
        **{name: value for name, value in before.items() if name not in SECRETS_AND_SWITCHES},
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(home / "hf"),
        "SAFELOAD_HOME": str(home / "safeload"),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        # A `.bin` load otherwise leaves a thread behind that asks the hub about a conversion.
        "DISABLE_SAFETENSORS_CONVERSION": "1",
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
        MARKER: str(home / "marker"),
    }


@pytest.fixture(autouse=True)
def errors_as_python_pickles_them() -> None:
    """Without what dask registers for them (tblib): LightGBM and XGBoost import it where it is installed."""
    for kind in [kind for kind in copyreg.dispatch_table if issubclass(kind, BaseException)]:
        del copyreg.dispatch_table[kind]


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path) -> Iterator[Path]:
    """HF_HOME and SAFELOAD_HOME under `tmp_path`, no token, no hub; also for libraries that are imported already."""
    with pytest.MonkeyPatch.context() as patch:
        _settle(patch, environment(tmp_path, NOWHERE, os.environ))
        yield tmp_path


@pytest.fixture
def marker(isolated: Path) -> Path:
    """What the inert payloads of the sample models touch when they run. Not there at first."""
    return Path(os.environ[MARKER])


@pytest.fixture(scope="session")
def hub_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample models, made once a session and shared by its workers; SAFELOAD_TEST_HUB keeps them longer."""
    from filelock import FileLock

    kept = os.environ.get("SAFELOAD_TEST_HUB")
    base = tmp_path_factory.getbasetemp()
    root = Path(kept) if kept else (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "hub"
    root.mkdir(parents=True, exist_ok=True)
    with FileLock(root.with_name(f"{root.name}.lock")):
        # In a process of its own: making models imports torch, and many tests are about not importing it.
        made = subprocess.run(
            [sys.executable, str(EXAMPLES / "hub"), "--root", str(root), "--build-only"],
            capture_output=True,
            text=True,
            timeout=110,
        )
    assert made.returncode == 0, made.stderr
    return root


@pytest.fixture(scope="session")
def running_hub(hub_root: Path) -> Iterator[Hub]:
    from hub.server import Hub

    with Hub(hub_root) as hub:
        yield hub


@pytest.fixture
def hub(running_hub: Hub) -> Iterator[Hub]:
    """The local hub, as after its start. Use `hub_env` too (or `child_env`) to have the libraries ask it."""
    running_hub.reset()
    yield running_hub
    running_hub.reset()


@pytest.fixture
def hub_env(hub: Hub, isolated: Path) -> Iterator[Hub]:
    """The local hub as this process' Hub: in the environment, and in what the libraries keep of it."""
    import huggingface_hub.hf_api  # noqa: F401

    with pytest.MonkeyPatch.context() as patch:
        _settle(patch, environment(isolated, hub.endpoint, os.environ))
        yield hub


@pytest.fixture
def child_env(hub: Hub, isolated: Path) -> dict[str, str]:
    """The environment for a child process that uses the local hub and can import the demo's packages."""
    env = environment(isolated, hub.endpoint, os.environ)
    paths = [str(EXAMPLES), *filter(None, [env.get("PYTHONPATH")])]
    return {**env, "PYTHONPATH": os.pathsep.join(paths)}


def _settle(patch: pytest.MonkeyPatch, wanted: dict[str, str]) -> None:
    """Make `wanted` the environment, and tell the libraries that read it when they were imported."""
    for name in set(os.environ) - set(wanted):
        patch.delenv(name)
    for name, value in wanted.items():
        if os.environ.get(name) != value:
            patch.setenv(name, value)
    _settle_huggingface_hub(patch, wanted["HF_ENDPOINT"], wanted["HF_HOME"])
    _settle_transformers(patch, os.path.join(wanted["HF_HOME"], "modules"))


def _settle_huggingface_hub(patch: pytest.MonkeyPatch, endpoint: str, home: str) -> None:
    """Nothing where it is not imported yet: then it will read the environment. Stale values of an import in the middle
    of some earlier test are overwritten here."""
    constants = sys.modules.get("huggingface_hub.constants")
    if constants is None:
        return
    cache = os.path.join(home, "hub")
    for name, value in {
        "ENDPOINT": endpoint,
        "HUGGINGFACE_CO_URL_TEMPLATE": endpoint + "/{repo_id}/resolve/{revision}/{filename}",
        "HF_HOME": home,
        "HF_HUB_CACHE": cache,
        "HUGGINGFACE_HUB_CACHE": cache,
        "HF_ASSETS_CACHE": os.path.join(home, "assets"),
        "HF_XET_CACHE": os.path.join(home, "xet"),
        "HF_TOKEN_PATH": os.path.join(home, "token"),
        "HF_STORED_TOKENS_PATH": os.path.join(home, "stored_tokens"),
        "AGENT_HARNESSES_PATH": os.path.join(home, ".agent_harnesses.json"),
        "HF_HUB_OFFLINE": False,
        "HF_HUB_DISABLE_TELEMETRY": True,
    }.items():
        patch.setattr(constants, name, value, raising=False)
    if hf_api := sys.modules.get("huggingface_hub.hf_api"):
        patch.setattr(hf_api.api, "endpoint", endpoint)
    for module, name, value in (
        ("huggingface_hub.utils._cache_manager", "HF_HUB_CACHE", cache),
        ("huggingface_hub.utils._cache_assets", "HF_ASSETS_CACHE", os.path.join(home, "assets")),
        ("huggingface_hub.utils._git_credential", "ENDPOINT", endpoint),
    ):
        if module in sys.modules:
            patch.setattr(sys.modules[module], name, value, raising=False)
    http: Any = sys.modules.get("huggingface_hub.utils._http")
    if hasattr(http, "_HUB_ORIGINS"):
        patch.setattr(http, "_HUB_ORIGINS", frozenset({http._url_origin(endpoint)}))
    if hasattr(http, "close_session"):
        http.close_session()  # it keeps connections, and the proxies that were set when it was made


def _settle_transformers(patch: pytest.MonkeyPatch, modules: str) -> None:
    """Repository code goes to this test's folder, and no test sees the modules of another."""
    for name in ("transformers.utils.hub", "transformers.utils", "transformers.dynamic_module_utils",
                 "diffusers.utils", "diffusers.utils.constants", "diffusers.utils.dynamic_modules_utils"):  # fmt: skip
        if name in sys.modules and "HF_MODULES_CACHE" in vars(sys.modules[name]):
            patch.setattr(sys.modules[name], "HF_MODULES_CACHE", modules)
    patch.setattr(sys, "path", [p for p in sys.path if not p.endswith(os.path.join("hf", "modules"))])
    for name in [n for n in sys.modules if n.split(".")[0] in ("transformers_modules", "diffusers_modules")]:
        del sys.modules[name]
