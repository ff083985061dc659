"""Where a stop is an ordinary error: in the workers of pools, and in the handlers of servers.

A stop is a `BaseException`, since libraries swallow `Exception`. A worker that one of those ends never answers, and who
waits for its result waits forever; a server that one ends is down. There it is raised as `Blocked`.
"""

from __future__ import annotations

import functools
import pickle
import sys
from types import FrameType, FunctionType

from safeload.errors import Stop
from safeload.guard.stops import as_error
from safeload.lean import Any, Callable

Pair = tuple[str, str]

# The innermost function of each that goes on after an `Exception`.
_LOOPS: frozenset[Pair] = frozenset(
    {
        ("multiprocessing.pool", "worker"),
        ("multiprocess.pool", "worker"),
        ("multiprocessing.managers", "serve_client"),
        ("multiprocess.managers", "serve_client"),
        ("concurrent.futures.thread", "run"),
        ("concurrent.futures.process", "_process_worker"),
        ("joblib.externals.loky.process_executor", "_process_worker"),
        ("loky.process_executor", "_process_worker"),
        ("torch.utils.data._utils.worker", "_worker_loop"),
        ("torch.utils.data._utils.pin_memory", "do_one_step"),
        ("distributed.worker", "apply_function_simple"),
        ("dask.local", "execute_task"),
        ("ray._private.worker", "main_loop"),  # `execute_task` behind it is compiled, and has no frame
        ("ray._private.function_manager", "actor_method_executor"),
        ("socketserver", "_handle_request_noblock"),
        ("socketserver", "process_request_thread"),
        ("wsgiref.handlers", "run"),
        ("flask.app", "wsgi_app"),
        ("django.core.handlers.exception", "inner"),
        ("tornado.web", "_execute"),
        ("gunicorn.workers.sync", "handle_request"),
        ("gunicorn.workers.gthread", "handle_request"),
        ("werkzeug.serving", "run_wsgi"),
        ("uvicorn.protocols.http.h11_impl", "run_asgi"),
        ("uvicorn.protocols.http.httptools_impl", "run_asgi"),
        ("logging.config", "handle"),
    }
)
MODULES = frozenset({"multiprocessing.pool", "multiprocess.pool"})

_put_back: list[tuple[Any, Any]] = []


def answers_with_an_error(frame: FrameType | None) -> bool:
    """Does whoever waits for this frame's result need an `Exception`? Within a guarded call a stop gets that far."""
    while frame is not None:
        name = frame.f_code.co_name
        module = frame.f_globals.get("__name__", "")
        if module == "safeload.patch" and name == "_guard":
            return False
        if (module, name) in _LOOPS:
            return True
        frame = frame.f_back
    return False


def watch() -> None:
    """Let a pool whose worker sends what is stopped give the error as that task's result."""
    for name in sorted(MODULES):
        pool = getattr(sys.modules.get(name), "Pool", None)
        original = vars(pool).get("_handle_results") if pool is not None else None
        if isinstance(original, staticmethod) and not any(pool is wrapped for wrapped, _ in _put_back):
            type.__setattr__(pool, "_handle_results", staticmethod(_answering(original.__func__)))
            _put_back.append((pool, original))


def leave() -> None:
    """Put back exactly what was there."""
    while _put_back:
        pool, original = _put_back.pop()
        type.__setattr__(pool, "_handle_results", original)


def _answering(original: Callable[..., None]) -> Callable[..., None]:
    # The thread of a pool that runs this may outlive the guard: then nothing is stopped, and it passes all on.
    @functools.wraps(original)
    def _handle_results(outqueue: Any, get: Callable[[], Any], cache: Any) -> None:
        connection = getattr(get, "__self__", None)
        loads = _loads_of(get)
        if connection is None or loads is None or not hasattr(connection, "recv_bytes"):
            return original(outqueue, get, cache)  # threads hand over objects, and nothing is unpickled

        def received() -> Any:
            while True:
                data = connection.recv_bytes()
                try:
                    return loads(data)
                except Stop as stop:
                    error, address = as_error(stop), _addressed(data)
                if address is not None:
                    return (*address, (False, error))
                for waiting in list(cache.values()):  # nobody can tell whose answer it was: nobody waits forever
                    waiting._set(0, (False, error))

        return original(outqueue, received, cache)

    return _handle_results


def _loads_of(get: Any) -> Any:
    function = getattr(get, "__func__", None)
    pickler = function.__globals__.get("_ForkingPickler") if isinstance(function, FunctionType) else None
    return getattr(pickler, "loads", None)


class _Nothing:
    """Stands for whatever a stream names: called or filled, it stays what it is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None: ...

    def __call__(self, *args: Any, **kwargs: Any) -> _Nothing:
        return self

    def __setstate__(self, state: Any) -> None: ...

    def append(self, item: Any) -> None: ...

    def extend(self, items: Any) -> None: ...

    def __setitem__(self, key: Any, value: Any) -> None: ...


class _Envelope(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        return _Nothing


def _addressed(data: bytes) -> tuple[Any, Any] | None:
    """Which task a stream answers, without resolving any name in it."""
    import io

    try:
        job, index, _ = _Envelope(io.BytesIO(data)).load()
    except Exception:  # noqa: BLE001  (a stream that stands for anything fails in any way)
        return None
    return job, index
