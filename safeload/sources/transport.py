"""The hub client's own HTTP session, whichever library carries it."""

from __future__ import annotations

import sys
from contextlib import contextmanager

from safeload import limits
from safeload.lean import TYPE_CHECKING, Any, Iterator, Mapping, Protocol, record

if TYPE_CHECKING:
    from types import ModuleType

_CARRIERS = ("httpx2", "httpx", "requests")


@record(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response whose body was not read yet. Header names are in lower case."""

    url: str
    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes]


class Transport(Protocol):
    """One GET without following redirects; the body is closed when the context ends."""

    def get(self, url: str, headers: Mapping[str, str]) -> Any: ...


def carrier() -> ModuleType | None:
    """The HTTP library under this huggingface_hub: requests before 1.0, then httpx, then httpx2."""
    from huggingface_hub.errors import HfHubHTTPError

    for base in HfHubHTTPError.__mro__:
        root = base.__module__.partition(".")[0]
        if root in _CARRIERS:
            return sys.modules[root]
    return None


def failures() -> tuple[type[BaseException], ...]:
    """The base classes of everything that goes wrong on the way to a server."""
    library = carrier()
    names = ("HTTPError", "InvalidURL", "StreamError", "RequestException")
    found = [getattr(library, name, None) for name in names]
    return (*(kind for kind in found if isinstance(kind, type)), ConnectionError, TimeoutError)


def timed_out(error: BaseException) -> bool:
    library = carrier()
    kinds = [getattr(library, name, None) for name in ("TimeoutException", "Timeout")]
    known = tuple(kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseException))
    return isinstance(error, (*known, TimeoutError))


def timeout() -> Any:
    """Our timeouts in the form that the session takes: connect and read, in seconds."""
    if _is_requests():
        return (limits.CONNECT_TIMEOUT, limits.READ_TIMEOUT)
    return (limits.CONNECT_TIMEOUT, limits.READ_TIMEOUT, limits.READ_TIMEOUT, limits.CONNECT_TIMEOUT)


def _is_requests() -> bool:
    library = carrier()
    return library is not None and library.__name__ == "requests"


class HubTransport:
    """`huggingface_hub.utils.get_session`: its proxies, certificates and offline mode hold here too."""

    @contextmanager
    def get(self, url: str, headers: Mapping[str, str]) -> Iterator[Answer]:
        from huggingface_hub.utils import get_session

        session: Any = get_session()
        if _is_requests():
            with session.get(
                url, headers=dict(headers), timeout=timeout(), stream=True, allow_redirects=False
            ) as response:
                yield _answer(url, response, response.iter_content(limits.RANGE_BLOCK))
            return
        with session.stream("GET", url, headers=dict(headers), timeout=timeout(), follow_redirects=False) as response:
            yield _answer(url, response, response.iter_raw())


def _answer(url: str, response: Any, chunks: Iterator[bytes]) -> Answer:
    headers = {str(name).lower(): str(value) for name, value in response.headers.items()}
    return Answer(url=url, status=int(response.status_code), headers=headers, chunks=chunks)
