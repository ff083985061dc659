"""Kernels that are not there: as much of ipykernel 6 and 7 as the gate touches, with real signatures."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import zmq
from jupyter_client.session import Session

KEY = b"a key of this test"


def message(
    session: Session, comm_id: str, content: Any, *, msg_type: str = "comm_msg", method: str = "custom"
) -> list[Any]:
    """The wire form of what a page sends for `widget.send(content)`."""
    body = {"comm_id": comm_id, "data": {"method": method, "content": content}}
    return framed([b"route", *session.serialize(session.msg(msg_type, body))])


def framed(parts: list[bytes]) -> list[Any]:
    """As a kernel receives it with `copy=False`."""
    return [zmq.Frame(part) for part in parts]


def signed_by(key: bytes) -> Session:
    return Session(key=key)


class Stream:
    def __init__(self) -> None:
        self.receiver: Any = None
        self.waiting: list[list[Any]] = []
        self.queue: Any = None

    def on_recv(self, receiver: Any, copy: bool = True) -> None:
        self.receiver = receiver

    def flush(self) -> None:
        """ipykernel 6: what has arrived goes into the kernel's queue."""
        for item in self.waiting:
            self.queue.put_nowait((1, "dispatch_shell", (item,)))
        self.waiting = []


class Kernel6:
    """Receives on the main thread, into a queue that is worked off after the cell."""

    def __init__(self) -> None:
        self.session = signed_by(KEY)
        self.shell_stream = Stream()
        self.msg_queue: asyncio.Queue[Any] = asyncio.Queue()
        self.shell_stream.queue = self.msg_queue
        self._allow_stdin = True

    def arrive(self, frames: list[Any]) -> None:
        self.shell_stream.waiting.append(frames)


class Loop:
    """Calls back on a thread of its own, as the shell channel's does."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def add_callback(self, callback: Callable[[], None]) -> None:
        thread = threading.Thread(target=callback)
        thread.start()
        thread.join()


class Kernel7:
    """Receives on a thread of its own, which hands every message on."""

    def __init__(self) -> None:
        self.session = signed_by(KEY)
        self.shell_stream = Stream()
        self.shell_channel_thread = type("Thread", (), {"io_loop": Loop()})()
        self.handed_on: list[Any] = []
        self.shell_stream.on_recv(self.shell_channel_thread_main)
        self._allow_stdin = True

    async def shell_channel_thread_main(self, frames: Any) -> None:
        self.handed_on.append(frames)

    def arrive(self, frames: list[Any]) -> None:
        asyncio.run(self.shell_stream.receiver(frames))


def later(seconds: float, action: Callable[[], None]) -> threading.Timer:
    timer = threading.Timer(seconds, action)
    timer.daemon = True
    timer.start()
    return timer
