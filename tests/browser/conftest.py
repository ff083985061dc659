"""One JupyterLab and one Chromium for all browser tests; a notebook, a kernel and a home for each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.lab import CHROMIUM_ARGS, Lab, chromium, running_lab
from tests.conftest import EXAMPLES, MARKER, environment

if TYPE_CHECKING:
    from hub.server import Hub
    from playwright.sync_api import Browser

    from tests.browser.notebook import Notebook

_MISSING = "there is no Chromium here: put one on the PATH, or name it in SAFELOAD_CHROMIUM"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Skipped with its reason where there is no Chromium; a failure under SAFELOAD_REQUIRE_BROWSER=1."""
    path = chromium()
    if path is None:
        if os.environ.get("SAFELOAD_REQUIRE_BROWSER") == "1":
            pytest.fail(_MISSING)
        pytest.skip(_MISSING)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def lab(browser: Browser, running_hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    home = tmp_path_factory.mktemp("lab")
    env = environment(home, running_hub.endpoint, os.environ)
    paths = [str(EXAMPLES), *filter(None, [env.get("PYTHONPATH")])]
    with running_lab(home, {**env, "PYTHONPATH": os.pathsep.join(paths)}) as started:
        yield started


@pytest.fixture
def notebook(
    browser: Browser, lab: Lab, isolated: Path, marker: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Notebook]]:
    """Makes and opens a notebook whose first cell gives its kernel homes and a marker of its own."""
    from tests.browser.notebook import Notebook

    pages = []
    homes = {"HF_HOME": str(isolated / "hf"), "SAFELOAD_HOME": str(isolated / "safeload"), MARKER: str(marker)}

    def make(*cells: str, scheme: str = "light", width: int = 1280) -> Notebook:
        page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 1000})  # type: ignore[arg-type]
        pages.append(page)
        name = f"{request.node.name.replace('[', '-').replace(']', '')}.ipynb"
        lab.write(name, [f"import os; os.environ.update({homes})", *cells])
        return Notebook(page, lab, name).open()

    yield make
    for page in pages:
        if kept := os.environ.get("SAFELOAD_SHOTS"):  # how it looked at the end, also of a test that failed
            page.screenshot(path=Path(kept) / f"{request.node.name}.png")
        page.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")
        page.close()
