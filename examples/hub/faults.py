"""What can go wrong with an answer, switched on at run time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, get_args

Kind = Literal[
    "slow",  # `delay` seconds before the answer, `chunk_delay` seconds before each `chunk` bytes of the body
    "hang",  # no answer until the fault is cleared or the hub stops
    "cut",  # the connection breaks after `after` bytes of the body
    "truncated",  # a shorter file, with the shorter length announced
    "error",  # `status`
    "html",  # 200 and a web page, as a captive portal gives
    "bad-json",  # 200 and JSON that is none
    "head-size",  # HEAD announces a file that is `size` bytes longer
    "no-commit",  # X-Repo-Commit is missing
    "bytes",  # other bytes of the same size, whole file and ranges
    "range-ignored",  # 200 with the whole file for a range
    "range-shifted",  # another range than asked, honestly labelled
    "range-mislabelled",  # the right bytes under a wrong Content-Range
    "range-bytes",  # other bytes than the file has, rightly labelled
    "range-short",  # fewer bytes than asked, honestly labelled
    "call",  # call `then()` before answering: to change something at an exact moment
]
RANGE_KINDS = frozenset({"range-ignored", "range-shifted", "range-mislabelled", "range-bytes", "range-short"})
# Kinds about a body: they hit (and are counted) where a body is sent, not at the redirect that leads there.
BODY_KINDS = RANGE_KINDS | {"cut", "truncated", "bytes"}


@dataclass(slots=True, kw_only=True, eq=False)
class Fault:
    """One thing that goes wrong. `skip` matching requests first, then `times` of them (None: all).

    `repo` None matches every repository; `path` None every file and all of the API; `routes` narrows to some of
    info, tree, paths-info, refs, commits, discussions, safetensors, overview, resolve, cdn; `methods` to some of
    GET, HEAD, POST.
    """

    kind: Kind
    repo: str | None = None
    path: str | None = None
    routes: frozenset[str] | None = None
    methods: frozenset[str] | None = None
    times: int | None = None
    skip: int = 0
    delay: float = 0.0
    chunk_delay: float = 0.0
    chunk: int = 1024
    after: int = 64
    size: int = 7
    status: int = 500
    then: Callable[[], object] | None = None
    cleared: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"no such fault: {self.kind!r}")

    def matches(self, *, repo: str, path: str, route: str, method: str, ranged: bool, body: bool) -> bool:
        return (
            (self.kind in BODY_KINDS) == body
            and self.repo in (None, repo)
            and (self.path is None or self.path == path)
            and (self.routes is None or route in self.routes)
            and (self.methods is None or method in self.methods)
            and (ranged or self.kind not in RANGE_KINDS)
            and (method == "HEAD" or self.kind != "head-size")
        )


class Faults:
    """The faults that are on, asked by many threads at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._on: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._on.append(fault)

    def clear(self) -> None:
        with self._lock:
            gone, self._on = self._on, []
        for fault in gone:
            fault.cleared.set()

    def remove(self, fault: Fault) -> None:
        with self._lock:
            if fault in self._on:
                self._on.remove(fault)
        fault.cleared.set()

    def take(
        self, *, repo: str, path: str, route: str, method: str, ranged: bool, body: bool = False
    ) -> dict[Kind, Fault]:
        """The faults that hit this request (or, with `body`, what it is answered with), by kind; counts them down."""
        hit: dict[Kind, Fault] = {}
        with self._lock:
            for fault in self._on:
                if not fault.matches(repo=repo, path=path, route=route, method=method, ranged=ranged, body=body):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                elif fault.times != 0:
                    fault.times = None if fault.times is None else fault.times - 1
                    hit[fault.kind] = fault
        return hit
