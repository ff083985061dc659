"""One bounded JSON answer of a hub."""

from __future__ import annotations

import json
import threading
import time
from datetime import datetime
from urllib.parse import urljoin, urlsplit

from safeload import limits
from safeload.errors import Misbehaved, SourceError, Unreachable
from safeload.lean import TYPE_CHECKING, Any, Callable, Mapping
from safeload.sources import transport, trouble

if TYPE_CHECKING:
    from safeload.sources.hub import HubSource

_REDIRECTS = (301, 302, 303, 307, 308)
_DEPTH = 20


def answer_to(source: HubSource, path: str) -> Any:
    """The JSON that the hub answers to `path`. Raises `SourceError`."""
    url = source.endpoint + path
    headers = {**source.headers(), "Accept-Encoding": "identity"}
    session = transport.HubTransport()
    with trouble.explained(path, endpoint=source.endpoint, repository=source.name):
        for _ in range(limits.REDIRECTS):
            with session.get(url, headers) as answer:
                if answer.status not in _REDIRECTS:
                    return _body(answer, path, source)
                url = urljoin(url, answer.headers.get("location", ""))
                if urlsplit(url)[:2] != urlsplit(source.endpoint)[:2]:
                    break  # the token is not for others
    raise Misbehaved(f"{source.endpoint} leads elsewhere ({path}).")


def _body(answer: transport.Answer, path: str, source: HubSource) -> Any:
    if answer.status != 200:
        code = answer.headers.get("x-error-code", "")
        raise trouble.for_answer(answer.status, code, path, endpoint=source.endpoint, repository=source.name)
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise Misbehaved(f"{source.endpoint} compressed an answer that was not to be ({path}).")
    deadline = time.monotonic() + limits.ABOUT_SECONDS
    data = bytearray()
    for chunk in answer.chunks:
        data += chunk
        if len(data) > limits.ABOUT_JSON:
            raise Misbehaved(f"{source.endpoint} sent more than {limits.ABOUT_JSON // limits.MIB} MiB ({path}).")
        if time.monotonic() > deadline:
            raise Unreachable(f"{source.endpoint} is too slow ({path}).")
    return json.loads(data)


def plain(value: Any) -> Any:
    """`value` as JSON values of bounded number. Raises `ValueError` for what is too much or no JSON."""
    left = [limits.ABOUT_VALUES]

    def visit(item: Any, depth: int) -> Any:
        left[0] -= 1
        if left[0] < 0 or depth > _DEPTH:
            raise ValueError("too many values, or too deep")
        if item is None or isinstance(item, (bool, int, float)):
            return item
        if isinstance(item, str):
            return item[: limits.CARD_TEXT]
        if isinstance(item, datetime):
            return item.isoformat()
        if isinstance(item, Mapping):
            return {str(key)[: limits.EVIDENCE]: visit(each, depth + 1) for key, each in item.items()}
        if isinstance(item, (list, tuple)):
            return [visit(each, depth + 1) for each in item]
        return str(item)[: limits.EVIDENCE]

    return visit(value, 0)


def together(questions: Mapping[str, Callable[[], Any]]) -> tuple[dict[str, Any], dict[str, str]]:
    """Ask all at once; what each gave, and for the others why not. Waits for `limits.ABOUT_SECONDS` at most."""
    given: dict[str, Any] = {}
    failed: dict[str, str] = {}
    lock = threading.Lock()

    def ask(key: str, question: Callable[[], Any]) -> None:
        try:
            answer = question()
        except SourceError as error:
            with lock:
                failed[key] = error.message
        except trouble.BAD_ANSWER as error:
            with lock:
                failed[key] = f"the answer makes no sense ({type(error).__name__})"
        else:
            with lock:
                given[key] = answer

    # Daemons, unlike a pool's threads: a hub that never answers must not keep the process from ending.
    threads = [
        threading.Thread(target=ask, args=item, name=f"safeload-{item[0]}", daemon=True) for item in questions.items()
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + limits.ABOUT_SECONDS
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    with lock:
        late = {key: "no answer in time" for key in questions if key not in given and key not in failed}
        return dict(given), {**failed, **late}
