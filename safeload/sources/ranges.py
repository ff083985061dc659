"""Few bytes of a large file, by HTTP ranges."""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from urllib.parse import urljoin, urlsplit

from safeload import limits
from safeload.errors import Misbehaved, SourceError, Unreachable
from safeload.lean import TYPE_CHECKING, Mapping
from safeload.sources import transport, trouble

if TYPE_CHECKING:
    from safeload.sources.transport import Answer, Transport

_RANGE = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19})")
_REDIRECTS = (301, 302, 303, 307, 308)
_TRIES = 2
_AGAIN = (500, 502, 503, 504)


class _Passing(Exception):
    """A failure that a second try may not meet."""

    def __init__(self, error: SourceError) -> None:
        super().__init__(str(error))
        self.error = error


class RangeReader:
    """One file at one commit, block by block. Every answer must be exactly what was asked for.

    `headers` (with the token, where there is one) go to `url`'s own host only. `requests` and `received` (bytes) count
    what was needed.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str,
        size: int,
        headers: Mapping[str, str],
        transport: Transport,
        commit: str = "",
        linked: str = "",
        repository: str = "",
    ) -> None:
        self._url, self._name, self._size = url, name, size
        self._headers, self._transport = dict(headers), transport
        self._commit, self._linked, self._repository = commit, linked, repository
        self._endpoint = _origin_of(url)
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._etag: str | None = None
        self._location: str | None = None
        self._next, self._ahead = -1, 0
        self._lock = threading.Lock()
        self.requests = 0
        self.received = 0

    @property
    def size(self) -> int | None:
        return self._size

    def fileno(self) -> int | None:
        return None

    def close(self) -> None:
        """Nothing is held open, and what was read may be wanted again: the source shares its readers."""
        return

    def read_at(self, offset: int, n: int) -> bytes:
        if offset < 0 or n < 0:
            raise ValueError("a negative offset or length")
        end = min(offset + n, self._size)
        if offset >= end:
            return b""
        step = limits.RANGE_BLOCK
        with self._lock:
            parts = []
            for block in range(offset // step, (end - 1) // step + 1):
                parts.append(self._block(block, last=(end - 1) // step))
        data = b"".join(parts)
        skip = offset - offset // step * step
        return data[skip : skip + end - offset]

    def _block(self, block: int, *, last: int) -> bytes:
        kept = self._blocks.get(block)
        if kept is not None:
            self._blocks.move_to_end(block)
            return kept
        step = limits.RANGE_BLOCK
        stop = block + 1
        # One request for all of the run that is missing, and a little more for a reader that reads on and on.
        most = max(1, limits.RANGE_AHEAD // step)
        self._ahead = min(max(1, self._ahead * 2), most) if block == self._next else 0
        end_block = (self._size - 1) // step + 1
        while stop < min(max(last + 1, block + self._ahead), block + most, end_block) and stop not in self._blocks:
            stop += 1
        data = self._fetch(block * step, min(stop * step, self._size))
        self._next = stop
        for index in range(block, stop):
            self._blocks[index] = data[(index - block) * step : (index - block + 1) * step]
        while len(self._blocks) * step > max(limits.RANGE_CACHE, (stop - block) * step):
            self._blocks.popitem(last=False)
        return data[:step]

    def _fetch(self, start: int, end: int) -> bytes:
        if self.received + end - start > limits.RANGE_TOTAL:
            raise SourceError(
                f"More than {limits.RANGE_TOTAL // limits.MIB} MiB of {self._name} would have to be read by ranges.",
                next="Download the file, then look at the local copy.",
            )
        for attempt in range(_TRIES):
            try:
                data = self._once(start, end)
                break
            except _Passing as passing:
                if attempt + 1 == _TRIES:
                    raise passing.error from passing.__cause__
        self.received += len(data)
        return data

    def _once(self, start: int, end: int) -> bytes:
        asked = {**self._headers, "Accept-Encoding": "identity", "Range": f"bytes={start}-{end - 1}"}
        url = self._location or self._url
        for _ in range(limits.REDIRECTS):
            sent = asked if _origin_of(url) == self._endpoint else _without_credentials(asked)
            self.requests += 1
            try:
                with self._transport.get(url, sent) as answer:
                    if answer.status not in _REDIRECTS:
                        return self._body(answer, start, end)
                    self._check_hop(answer)
                    url = self._location = self._target(url, answer)
            except transport.failures() as error:
                told = trouble.meaning(error, self._name, endpoint=self._endpoint, repository=self._repository)
                if isinstance(told, Unreachable) and not transport.timed_out(error):
                    raise _Passing(told) from error
                raise told from error
        raise self._wrong(f"more than {limits.REDIRECTS} redirects")

    def _target(self, url: str, answer: Answer) -> str:
        try:
            target = urljoin(url, answer.headers.get("location", ""))
            scheme, host = urlsplit(target).scheme, urlsplit(target).hostname
        except ValueError:
            scheme, host = "", None
        if scheme not in ("https", urlsplit(self._url).scheme) or not host:
            raise self._wrong("a redirect to an address that is not safe to follow")
        return target

    def _check_hop(self, answer: Answer) -> None:
        """The hub's own headers name the commit and the content: they must be the ones that were asked for."""
        commit = answer.headers.get("x-repo-commit", "")
        if _origin_of(answer.url) != self._endpoint:
            return
        if commit and self._commit and commit != self._commit:
            raise self._wrong("bytes of another commit")
        linked = _plain(answer.headers.get("x-linked-etag", ""))
        if linked and self._linked and linked != self._linked:
            raise self._wrong("other content than the repository's listing names")

    def _body(self, answer: Answer, start: int, end: int) -> bytes:
        if answer.status != 206:
            raise self._refused(answer)
        self._check_hop(answer)
        found = _RANGE.fullmatch(answer.headers.get("content-range", "").strip())
        if found is None or (int(found[1]), int(found[2])) != (start, end - 1):
            raise self._wrong("another range than the one that was asked for")
        if int(found[3]) != self._size:
            raise self._wrong("a size that contradicts the repository's listing")
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise self._wrong("compressed bytes that nobody asked for")
        etag = _plain(answer.headers.get("etag", ""))
        if self._etag is None:
            self._etag = etag
        elif etag != self._etag:
            raise self._wrong("two versions of the file in two answers")
        return self._collect(answer, end - start)

    def _collect(self, answer: Answer, wanted: int) -> bytes:
        deadline = time.monotonic() + limits.RANGE_SECONDS
        data = bytearray()
        for chunk in answer.chunks:
            data += chunk
            if len(data) > wanted:
                raise self._wrong("more bytes than were asked for")
            if time.monotonic() > deadline:
                raise Unreachable(
                    f"{self._endpoint} is too slow ({self._name}).", next="Try again later, or download the file first."
                )
        if len(data) < wanted:
            raise _Passing(
                Unreachable(f"{self._endpoint} cut {self._name} off in the middle.", next="Try again later.")
            )
        return bytes(data)

    def _refused(self, answer: Answer) -> Exception:
        status = answer.status
        if status == 200:
            return self._wrong("the whole file when a range was asked for")
        if status == 416:
            return self._wrong("that there is no such range in a file of this size")
        code = answer.headers.get("x-error-code", "")
        told = trouble.for_answer(status, code, self._name, endpoint=self._endpoint, repository=self._repository)
        if self._location is not None and status in (400, 401, 403, 410):
            # A signed address ran out: begin again at the hub, once.
            self._location = None
            return _Passing(told)
        return _Passing(told) if status in _AGAIN else told

    def _wrong(self, what: str) -> Misbehaved:
        return Misbehaved(
            f"{self._endpoint} answered for {self._name} with {what}.",
            next="Nothing was loaded. If HF_ENDPOINT names a mirror, it may not serve ranges rightly.",
        )


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _without_credentials(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in ("authorization", "cookie")}


def _plain(etag: str) -> str:
    return etag.strip().removeprefix("W/").strip('"')
