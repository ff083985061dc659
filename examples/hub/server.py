"""The hub itself: a socket, a log of requests, switches for what goes wrong."""

from __future__ import annotations

import hashlib
import json
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

from hub import api
from hub.faults import Fault, Faults, Kind
from hub.handler import Handler
from hub.store import File, Repo, Store, commit_to


class Hub:
    """A hub over the folder `root`. Not started by making it; `start`, or use it in a `with`."""

    def __init__(self, root: Path, *, port: int = 0) -> None:
        self.root = root
        self.store = Store(root)
        self.port = port
        self.latency = 0.0  # seconds before every answer
        self.page_size: int | None = None  # entries of one page of a tree; None: as the Hub has it
        self.requests: list[dict[str, Any]] = []
        self.faults = Faults()
        self.now = api.started()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._secret = hashlib.sha256(str(root).encode()).hexdigest()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def cdn(self) -> str:
        # Another spelling of this host: clients read the headers of a redirect only when it leaves the host.
        return f"http://localhost:{self.port}/cdn"

    def start(self) -> Hub:
        self._server = _Server(("127.0.0.1", self.port), Handler)
        self._server.hub = self
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="hub", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close the listening socket and every connection; the port is kept for `start`."""
        server, self._server = self._server, None
        if server is None:
            return
        self.faults.clear()
        server.shutdown()
        server.server_close()
        server.drop_connections()
        if self._thread is not None:
            self._thread.join()

    down = stop

    def up(self) -> None:
        if self._server is None:
            self.start()

    def reset(self) -> None:
        """As after the start: up, no faults, no latency, no requests, nothing pushed."""
        self.faults.clear()
        self.latency, self.page_size = 0.0, None
        self.store.forget()
        self.requests.clear()
        self.up()

    def fault(
        self,
        repo: str | None = None,
        path: str | None = None,
        *,
        kind: Kind,
        routes: set[str] | None = None,
        methods: set[str] | None = None,
        then: Callable[[], object] | None = None,
        **numbers: Any,
    ) -> Fault:
        """Switch a fault on until `reset` or `faults.remove`; see `Fault` for what it matches and its numbers."""
        fault = Fault(
            kind=kind,
            repo=repo,
            path=path,
            routes=frozenset(routes) if routes else None,
            methods=frozenset(methods) if methods else None,
            then=then,
            **numbers,
        )
        self.faults.add(fault)
        return fault

    def push(self, repo_id: str, files: Mapping[str, bytes], *, title: str = "Update", author: str = "somebody") -> str:
        """One more commit on main, until `reset`. Gives its id."""
        repo = self.store.get(repo_id) or Repo(id=repo_id)
        added: list[File] = [self.store.add_file(path, content) for path, content in files.items()]
        repo = commit_to(repo, added, title=title, author=author, at=0.0)
        self.store.hold(repo)
        return repo.commits[-1].id

    def head(self, repo_id: str) -> str:
        """The commit that main points to."""
        repo = self.store.get(repo_id)
        if repo is None:
            raise KeyError(repo_id)
        return repo.branches["main"]

    def asked(self, text: str = "", *, method: str | None = None) -> list[dict[str, Any]]:
        """The logged requests with `text` in their path."""
        return [r for r in list(self.requests) if text in r["path"] and method in (None, r["method"])]

    def owner(self, name: str) -> dict[str, Any] | None:
        path = self.root / "owners.json"
        owners: dict[str, dict[str, Any]] = json.loads(path.read_text("utf-8")) if path.exists() else {}
        return owners.get(name)

    def signature(self, path: str) -> str:
        return hashlib.sha256(f"{self._secret}{path}".encode()).hexdigest()[:16]

    def __enter__(self) -> Hub:
        self.up()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    hub: Hub

    def __init__(self, *args: Any) -> None:
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def drop_connections(self) -> None:
        with self._lock:
            open_now = list(self._open)
        for connection in open_now:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the client was faster

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that goes away in the middle is what many tests are about; all else is a mistake of ours.
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)
