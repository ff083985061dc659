"""One notebook in one page: run, click, look, save."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page

from tests.browser.lab import Lab

# The page shows "idle" before its session has a kernel.
_READY = """name => {
    const widget = window.jupyterapp?.shell.currentWidget;
    return widget?.context?.path === name && widget.sessionContext?.session?.kernel?.status === 'idle';
}"""
_SLOW = 90_000  # milliseconds; importing torch and transformers on a small machine
# A request that is sent while a kernel starts is lost now and then, before any of our code: ask until one is answered.
_ANSWERS = """async () => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const late = () => new Promise(resolve => setTimeout(() => resolve(null), 4000));
    for (let i = 0; i < 10; i++) {
        const answer = kernel.requestExecute({ code: 'None', silent: true, store_history: false }).done;
        if (await Promise.race([answer, late()])) return true;
    }
    return false;
}"""


class Notebook:
    """A notebook of `lab`, open in `page`."""

    def __init__(self, page: Page, lab: Lab, name: str) -> None:
        self.page = page
        self._lab = lab
        self._name = name

    def open(self) -> Notebook:
        self.page.goto(self._lab.url(f"lab/tree/{self._name}", "reset"))
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=_SLOW)
        self.page.wait_for_function(_READY, arg=self._name, timeout=_SLOW)
        assert self.page.evaluate(_ANSWERS), "the kernel does not answer"
        return self

    def run_all(self) -> None:
        """Start it; cells that wait for a click keep it running."""
        self.page.evaluate(
            """() => {
                window.safeloadDone = false;
                const run = window.jupyterapp.commands.execute('notebook:run-all-cells');
                run.finally(() => { window.safeloadDone = true; });
            }"""
        )

    def command(self, name: str) -> None:
        self.page.evaluate("name => { window.jupyterapp.commands.execute(name) }", name)

    def finished(self) -> None:
        """Until what `run_all` started is over, and no cell is running or waiting."""
        self.page.wait_for_function(
            """() => window.safeloadDone && [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]
                 .every(prompt => !prompt.textContent.includes('*'))""",
            timeout=_SLOW,
        )

    def output(self, index: int) -> Locator:
        """The output of the code cell at `index`, from 0."""
        return self.page.locator(".jp-CodeCell").nth(index).locator(".jp-OutputArea").first

    def panel(self, index: int) -> Locator:
        return self.output(index).locator(".safeload").first

    def error(self, index: int) -> str:
        """The text of the cell's error, without surrounding space."""
        found = self.output(index).locator('[data-mime-type="application/vnd.jupyter.stderr"]')
        return "\n".join(found.all_inner_texts()).strip()

    def count_of(self, index: int) -> str:
        """`[3]:` for a cell that ran, `[ ]:` for one that did not."""
        return self.page.locator(".jp-CodeCell").nth(index).locator(".jp-InputPrompt").first.inner_text()

    def saved(self) -> list[dict[str, Any]]:
        """Save, and read the code cells from the file."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        text = Path(self._lab.folder / self._name).read_text(encoding="utf-8")
        return [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]

    def shoot(self, index: int, path: Path) -> None:
        self.output(index).screenshot(path=path)
