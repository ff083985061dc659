"""A page without a browser: runs cells in a real kernel, and answers its panels over the kernel's own channels."""

from __future__ import annotations

import contextlib
import queue
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

WIDGET = "application/vnd.jupyter.widget-view+json"


@dataclass
class Cell:
    """What one cell did: its outputs as they stand at the end, as a notebook would save them."""

    status: str = ""
    error: list[str] = field(default_factory=list)
    outputs: list[dict[str, Any]] = field(default_factory=list)
    text: str = ""
    prompts: list[str] = field(default_factory=list)
    live: int = 0

    @property
    def html(self) -> str:
        return "\n".join(str(bundle.get("text/html", "")) for bundle in self.outputs)


class Page:
    """`answer` is what its reader clicks: approve, deny, convert, close, hello (and no more), None (no page)."""

    def __init__(self, client: BlockingKernelClient, manager: KernelManager) -> None:
        self._client = client
        self._manager = manager

    def run(
        self,
        code: str,
        *,
        answer: str | None = None,
        typed: str = "",
        allow_stdin: bool = True,
        interrupt: bool = False,
        seconds: float = 60,
    ) -> Cell:
        cell, places = Cell(), {}  # type: tuple[Cell, dict[str, int]]
        opened: dict[str, Mapping[str, Any]] = {}
        asked = self._client.execute(code, allow_stdin=allow_stdin)
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            self._type(cell, typed)
            with contextlib.suppress(queue.Empty):
                message = self._client.get_iopub_msg(timeout=0.1)
                kind, content = message["msg_type"], message["content"]
                if kind == "comm_open" and content["data"].get("state", {}).get("nonce"):
                    cell.live += 1
                    opened[content["comm_id"]] = content
                elif message["parent_header"].get("msg_id") == asked:
                    self._show(cell, places, kind, content)
                    # A page can answer what it shows, not what it was merely told of.
                    view = content.get("data", {}).get(WIDGET, {}) if kind.endswith("display_data") else {}
                    panel = opened.pop(view.get("model_id", ""), None)
                    if panel is not None:
                        self._click(panel, answer)
                    if panel is not None and interrupt:
                        time.sleep(0.5)
                        self._manager.interrupt_kernel()
                    if kind == "status" and content["execution_state"] == "idle":
                        reply = self._client.get_shell_msg(timeout=20)
                        while reply["parent_header"].get("msg_id") != asked:
                            reply = self._client.get_shell_msg(timeout=20)
                        cell.status = reply["content"]["status"]
                        return cell
        raise TimeoutError(f"the cell is still running: {cell}")

    def _show(self, cell: Cell, places: dict[str, int], kind: str, content: Mapping[str, Any]) -> None:
        name = content.get("transient", {}).get("display_id")
        if kind == "update_display_data" and name in places:
            cell.outputs[places[name]] = content["data"]
        elif kind == "display_data":
            if name:
                places[name] = len(cell.outputs)
            cell.outputs.append(content["data"])
        elif kind == "stream":
            cell.text += content["text"]
        elif kind == "error":
            cell.error = content["traceback"]

    def _click(self, opened: Mapping[str, Any], answer: str | None) -> None:
        nonce = opened["data"]["state"]["nonce"]
        if answer is not None:
            self._send(opened["comm_id"], {"type": "hello", "value": None, "nonce": nonce})
        if answer not in (None, "hello"):
            self._send(opened["comm_id"], {"type": "decision", "value": answer, "nonce": nonce})

    def _send(self, comm_id: str, content: Mapping[str, Any]) -> None:
        body = {"comm_id": comm_id, "data": {"method": "custom", "content": content}}
        self._client.shell_channel.send(self._client.session.msg("comm_msg", body))

    def _type(self, cell: Cell, typed: str) -> None:
        with contextlib.suppress(queue.Empty):
            asked = self._client.get_stdin_msg(timeout=0)
            cell.prompts.append(asked["content"]["prompt"])
            self._client.input(typed)


@contextlib.contextmanager
def page(env: Mapping[str, str], folder: str) -> Iterator[Page]:
    """A kernel in `folder`, ended afterwards."""
    manager = KernelManager()
    manager.start_kernel(env=dict(env), cwd=folder)
    client = manager.client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=60)
        yield Page(client, manager)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
