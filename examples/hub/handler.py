"""One connection of the hub: requests in, answers out."""

from __future__ import annotations

import json
import time
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from hub import api
from hub.access import Refused, token_of, visible
from hub.bodies import Body, answer_file
from hub.faults import Fault, Kind
from hub.store import Commit, Repo

if TYPE_CHECKING:
    from hub.server import Hub


class Answered(Exception):
    """A fault has answered already."""


class Handler(BaseHTTPRequestHandler):
    """Speaks HTTP/1.1 with keep-alive; every request leaves one entry in `hub.requests`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120
    hub: Hub

    def setup(self) -> None:
        super().setup()
        self.hub = self.server.hub  # type: ignore[attr-defined]

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        return None

    # What was asked.

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        self.query = parse_qs(parts.query)
        self.entry: dict[str, Any] = {
            "method": self.command,
            "path": unquote(parts.path),
            "query": parts.query,
            "host": self.headers.get("Host", ""),
            "range": self.headers.get("Range"),
            "auth": self.headers.get("Authorization") is not None,
            "status": None,
            "bytes": 0,
        }
        self.posted = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.hub.requests.append(self.entry)
        self.faults: dict[Kind, Fault] = {}
        self.about: dict[str, Any] = {}
        try:
            self._route([unquote(s) for s in parts.path.split("/")[1:]])
        except Refused as refused:
            self._refuse(refused)
        except Answered:
            return

    def _route(self, at: list[str]) -> None:
        match at:
            case ["api", "models" | "datasets" as kind, org, name, *rest]:
                repo_id = f"{org}/{name}" if kind == "models" else f"{kind}/{org}/{name}"
                route = rest[0] if rest and rest[0] != "revision" else "info"
                self._trouble(repo_id, "", route)
                self._api(self._repo(repo_id, files=False), route, rest[1:])
            case ["api", "users" | "organizations" as kind, name, "overview"]:
                self._trouble(name, "", "overview")
                self._overview(kind, name)
            case ["api", "whoami-v2"]:
                self._trouble("", "", "whoami")
                token = token_of(self.headers.get("Authorization", ""))
                if not token:
                    raise Refused(401, "", "Invalid username or password.")
                self._json({"type": "user", "name": token.removeprefix("hf_"), "orgs": [], "auth": {}})
            case ["datasets", org, name, "resolve", revision, *path] if path:
                self._resolve(f"datasets/{org}/{name}", revision, "/".join(path))
            case [org, name, "resolve", revision, *path] if path:
                self._resolve(f"{org}/{name}", revision, "/".join(path))
            case ["cdn", "datasets", org, name, commit_id, *path]:
                self._cdn(f"datasets/{org}/{name}", commit_id, "/".join(path))
            case ["cdn", org, name, commit_id, *path]:
                self._cdn(f"{org}/{name}", commit_id, "/".join(path))
            case [""]:
                self._text("\n".join(["A local hub for demonstrations. Models:", *self.hub.store.ids(), ""]))
            case ["api", "models" | "datasets" | "spaces", _, *_]:
                raise Refused(401, "RepoNotFound", "Invalid username or password.")
            case ["api", *_]:
                raise Refused(404, "", "Sorry, we can't find the page you are looking for.")
            case _:
                raise Refused(401, "RepoNotFound", "Invalid username or password.")

    def _trouble(self, repo: str, path: str, route: str) -> None:
        """Latency and the faults that come before any answer; the others wait in `self.faults`."""
        ranged = self.headers.get("Range") is not None
        self.about = {"repo": repo, "path": path, "route": route, "method": self.command, "ranged": ranged}
        self.faults = faults = self.hub.faults.take(**self.about)
        if self.hub.latency:
            time.sleep(self.hub.latency)
        if (call := faults.get("call")) and call.then:
            call.then()
        if slow := faults.get("slow"):
            slow.cleared.wait(slow.delay)
        if hang := faults.get("hang"):
            hang.cleared.wait()
        if error := faults.get("error"):
            raise Refused(error.status, "", "Internal Error - We're working hard to fix this as soon as possible!")
        if "html" in faults:
            self._text("<html><body>Please sign in to this network.</body></html>", "text/html")
            raise Answered
        if "bad-json" in faults:
            self._text('{"id": ', "application/json")
            raise Answered

    def take_body_faults(self) -> None:
        """Called where a body is about to be sent."""
        if self.about and self.command == "GET":
            self.faults |= self.hub.faults.take(**self.about, body=True)

    # Answers.

    def _repo(self, repo_id: str, *, files: bool) -> Repo:
        return visible(self.hub.store, repo_id, token_of(self.headers.get("Authorization", "")), files=files)

    def _commit(self, repo: Repo, revision: str) -> Commit:
        commit = repo.commit(revision)
        if commit is None:
            raise Refused(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return commit

    def _api(self, repo: Repo, route: str, rest: list[str]) -> None:
        revision = rest[0] if rest and route != "safetensors-metadata" else "main"
        commit = self._commit(repo, revision)
        match route:
            case "info":
                self._json(api.model_info(self.hub.store, repo, commit, self.query, self.hub.now))
            case "tree":
                entries = api.tree(repo, commit, "/".join(rest[1:]), self.query, self.hub.now)
                if entries is None:
                    raise Refused(404, "EntryNotFound", "No such folder", commit=commit.id)
                self._page(entries, 50 if "true" in self.query.get("expand", []) else 1000)
            case "paths-info":
                form = parse_qs(self.posted.decode())
                expand = form.get("expand", [""])[-1].lower() == "true"
                self._json(api.paths_info(repo, commit, form.get("paths", []), expand, self.hub.now))
            case "commits":
                self._page(api.commits(repo, commit, self.hub.now), 50)
            case "refs":
                self._json(api.refs(repo))
            case "discussions":
                self._json(api.discussions(repo, int(self.query.get("p", ["0"])[0]), self.hub.now))
            case "safetensors-metadata":
                headers = api.safetensors_headers(self.hub.store, commit, "/".join(rest))
                if headers is None:
                    raise Refused(404, "EntryNotFound", "No such index, or a shard of it is missing")
                self._json(headers)
            case _:
                raise Refused(404, "", "Sorry, we can't find the page you are looking for.")

    def _overview(self, kind: str, name: str) -> None:
        owner = self.hub.owner(name)
        if owner is None or (owner["type"] == "org") != (kind == "organizations"):
            raise Refused(404, "", f"No such {kind.removesuffix('s')}")
        self._json(owner)

    def _resolve(self, repo_id: str, revision: str, path: str) -> None:
        self._trouble(repo_id, path, "resolve")
        repo = self._repo(repo_id, files=True)
        commit = self._commit(repo, revision)
        file = commit.file(path)
        if file is None:
            raise Refused(404, "EntryNotFound", "Entry not found", commit=commit.id)
        headers = {"X-Repo-Commit": commit.id, "Accept-Ranges": "bytes"}
        if "no-commit" in self.faults:
            del headers["X-Repo-Commit"]
        if file.sha256 is None:
            answer_file(self, file, {**headers, "ETag": f'"{file.oid}"'})
            return
        where = f"/{repo_id}/{commit.id}/{quote(path)}"
        lie = self.faults["head-size"].size if "head-size" in self.faults else 0
        headers |= {
            "ETag": f'"{file.oid}"',
            "X-Linked-Etag": f'"{file.sha256}"',
            "X-Linked-Size": str(file.size + lie),
            "Location": f"{self.hub.cdn}{where}?sig={self.hub.signature(where)}",
        }
        self._send(302, Body(b""), headers)

    def _cdn(self, repo_id: str, commit_id: str, path: str) -> None:
        self._trouble(repo_id, path, "cdn")
        where = f"/{repo_id}/{commit_id}/{quote(path)}"
        repo = self.hub.store.get(repo_id)
        commit = repo.commit(commit_id) if repo else None
        file = commit.file(path) if commit else None
        # Signed links open gated files without a token, as the real ones do.
        if file is None or self.query.get("sig") != [self.hub.signature(where)]:
            raise Refused(403, "", "Access denied")
        answer_file(self, file, {"ETag": f'"{file.sha256}"', "Accept-Ranges": "bytes"})

    def _page(self, entries: list[Any], size: int) -> None:
        size = self.hub.page_size or size
        start = int(self.query.get("cursor", ["0"])[0])
        headers = {}
        if start + size < len(entries):
            kept = {k: v[-1] for k, v in self.query.items()} | {"cursor": str(start + size)}
            query = "&".join(f"{k}={quote(v)}" for k, v in kept.items())
            headers["Link"] = f'<{self.hub.endpoint}{quote(self.entry["path"])}?{query}>; rel="next"'
        self._json(entries[start : start + size], headers)

    def _json(self, answer: Any, headers: dict[str, str] | None = None) -> None:
        self.take_body_faults()
        body = json.dumps(answer).encode()
        headers = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
        self._send(200, Body(body, flip="bytes" in self.faults), headers)

    def _text(self, text: str, kind: str = "text/plain") -> None:
        self._send(200, Body(text.encode()), {"Content-Type": f"{kind}; charset=utf-8"})

    def _refuse(self, refused: Refused) -> None:
        # What was asked for may be part of the message, and a header is one line of ASCII.
        message = json.dumps(refused.message)[1:-1]
        headers = {"Content-Type": "application/json; charset=utf-8", "X-Error-Message": message}
        if refused.code:
            headers["X-Error-Code"] = refused.code
        if refused.commit:
            headers["X-Repo-Commit"] = refused.commit
        self._send(refused.status, Body(json.dumps({"error": refused.message}).encode()), headers)

    def _send(self, status: int, body: Body, headers: dict[str, str]) -> None:
        body.send(self, status, headers)
