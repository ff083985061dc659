"""Who reads a pickle: processes of one program that send to each other, tools that read their own cache."""

from __future__ import annotations

from types import FrameType

from safeload.guard.admission import thread
from safeload.lean import Callable

Pair = tuple[str, str]

# Functions that read what another process of the same program wrote: their streams may name the user's own classes. The
# exact function, never the module: `executor.submit(pickle.loads, data)` runs inside concurrent.futures too.
RECEIVERS: frozenset[Pair] = frozenset(
    {
        ("multiprocessing.connection", "recv"),
        ("multiprocessing.queues", "get"),
        ("multiprocessing.pool", "_handle_results"),
        ("multiprocessing.spawn", "_main"),
        ("multiprocessing.spawn", "spawn_main"),
        ("multiprocessing.forkserver", "main"),
        ("multiprocess.connection", "recv"),
        ("multiprocess.queues", "get"),
        ("multiprocess.pool", "_handle_results"),
        ("multiprocess.forkserver", "main"),
        ("multiprocess.spawn", "_main"),
        ("torch.multiprocessing.queue", "recv"),
        ("joblib.externals.loky.backend.queues", "get"),
        ("joblib.externals.loky.backend.popen_loky_posix", "main"),
        ("joblib.externals.loky.backend.popen_loky_posix", "<module>"),
        ("joblib.externals.loky.process_executor", "__call__"),
        ("loky.backend.queues", "get"),
        ("loky.backend.popen_loky_posix", "main"),
        ("loky.backend.popen_loky_posix", "<module>"),
        ("loky.process_executor", "__call__"),
        ("jedi._compatibility", "pickle_load"),
        ("distributed.protocol.pickle", "loads"),
        ("dask.local", "execute_task"),
        ("dask.local", "get_async"),
        ("dask.tokenize", "_normalize_pickle"),
        ("ray._private.serialization", "_deserialize_pickle5_data"),
        ("ray._private.function_manager", "fetch_and_register_remote_function"),
        ("ray._private.function_manager", "_load_actor_class_from_gcs"),
        ("ray.exceptions", "from_ray_exception"),
    }
)

# Those by which a worker is told what to do, by the process that started it: that runs our own code, and may name
# anything, as in `pool.map(os.path.getsize, files)`. What a worker sends back may have come out of a file.
_TASKS: frozenset[Pair] = frozenset(
    {
        ("multiprocessing.pool", "worker"),
        ("multiprocess.pool", "worker"),
        ("multiprocessing.spawn", "_main"),
        ("multiprocess.spawn", "_main"),
        ("concurrent.futures.process", "_process_worker"),
        ("joblib.externals.loky.process_executor", "_process_worker"),
        ("joblib.externals.loky.backend.popen_loky_posix", "main"),
        ("joblib.externals.loky.backend.popen_loky_posix", "<module>"),
        ("loky.process_executor", "_process_worker"),
        ("loky.backend.popen_loky_posix", "main"),
        ("loky.backend.popen_loky_posix", "<module>"),
        ("dask.local", "execute_task"),
        # What `.remote` functions and actors are comes from the driver.
        ("ray._private.function_manager", "fetch_and_register_remote_function"),
        ("ray._private.function_manager", "_load_actor_class_from_gcs"),
        ("dask.tokenize", "_normalize_pickle"),  # reads what it has written in the line before
    }
)

# What processes of one program send each other for their own plumbing, and what a bound method is pickled as. Dangerous
# in a file; here it comes from a process that runs our own code already.
RECEIVED: frozenset[Pair] = frozenset(
    {
        ("builtins", "getattr"),
        ("builtins", "setattr"),  # so dill fills a class or a cell that it sends whole
        ("functools", "partial"),
        # What a manager serves is named in the list of types that its process is given.
        *(("threading", name) for name in ("Barrier", "BoundedSemaphore", "Condition", "Event", "RLock", "Semaphore")),
        *(("queue", name) for name in ("LifoQueue", "PriorityQueue", "Queue", "SimpleQueue")),
        ("_queue", "SimpleQueue"),
        ("_thread", "RLock"),
        ("_thread", "allocate_lock"),
        ("_thread", "lock"),
    }
)
RECEIVED_FROM = (
    "multiprocessing.",
    "multiprocess.",
    "torch.multiprocessing.reductions",
    "joblib.externals.loky.",
    "joblib.externals.cloudpickle.",
    "loky.",
    "cloudpickle.",
    "ray.cloudpickle.",
    "dill.",
    "safeload.errors",
)

# Functions that read a cache which an installed tool wrote for itself, below the user's own cache folder or beside the
# code that it compiled; and what such a cache holds, though it is dangerous elsewhere. No model's code is on the stack
# then: numba's lies beside the code. One whose folder is a parameter (joblib.Memory) may have come with a model.
_INDUCTOR = ("torch.", "sympy.", "builtins.getattr", "functools.partial", "types.", "operator.")
_NUMBA = ("numba.", "copyreg.", "cloudpickle.", "builtins.getattr", "types.", "functools.partial", "operator.")
TOOL_CACHES: dict[Pair, tuple[str, ...]] = {
    ("parso.cache", "_load_from_file_system"): (),
    ("torch._inductor.codecache", "_lookup_graph"): _INDUCTOR,
    ("torch._inductor.codecache", "iterate_over_candidates"): _INDUCTOR,
    ("torch._functorch._aot_autograd.autograd_cache", "<lambda>"): _INDUCTOR,
    ("torch._dynamo.pgo", "get_local_code_state"): _INDUCTOR,
    ("torch._dynamo.pgo", "lookup_remote_cache_entry"): _INDUCTOR,
    ("torch._dynamo.package", "load_guards_state"): _INDUCTOR,
    ("torch._dynamo.package", "load_guard_manager"): _INDUCTOR,
    ("torch._inductor.cache", "get"): _INDUCTOR,
    ("numba.core.caching", "_load_index"): _NUMBA,
    ("numba.core.caching", "_load_data"): _NUMBA,
    ("numba.core.serialize", "_numba_unpickle"): _NUMBA,
    ("numba.core.serialize", "runtime_build_excinfo_struct"): _NUMBA,
    ("numba.core.serialize", "_rebuild_reduction"): _NUMBA,
}

_PASSED_OVER = frozenset({"pickle", "_pickle", "multiprocessing.reduction", "dill._dill", "joblib.numpy_pickle"})


def admits(frame: FrameType | None, module: str, name: str, dangerous: Callable[[str, str], bool]) -> bool:
    """May a stream that `frame` reads name this, which is not free, without anybody having decided on it?"""
    found = _reading_frame(frame)
    if found is None or not _is_known(found):
        return False
    cached = TOOL_CACHES.get(_pair(found))
    if cached is not None:
        return thread.depth == 0 and (not dangerous(module, name) or f"{module}.{name}".startswith(cached))
    return _is_plumbing(module, name) or not dangerous(module, name) or _is_task(found)


def reader(frame: FrameType | None) -> str:
    """The module for which `frame` reads."""
    found = _reading_frame(frame)
    return str(found.f_globals.get("__name__", "?")) if found is not None else "?"


def reader_is_known(frame: FrameType | None) -> bool:
    """Is it a process of this program, or the cache of an installed tool, that `frame` reads for?"""
    found = _reading_frame(frame)
    return found is not None and _is_known(found)


def _is_known(found: FrameType) -> bool:
    pair = _pair(found)
    return pair in RECEIVERS or pair in TOOL_CACHES


def _is_plumbing(module: str, name: str) -> bool:
    # A dot in the name walks to other objects: `multiprocessing.util` + `os.system`.
    return "." not in name and ((module, name) in RECEIVED or f"{module}.".startswith(RECEIVED_FROM))


def _is_task(found: FrameType) -> bool:
    """Is it the receiver, or who called it, that is told what to do?"""
    return _pair(found) in _TASKS or (found.f_back is not None and _pair(found.f_back) in _TASKS)


def _pair(frame: FrameType) -> Pair:
    name = frame.f_globals.get("__name__", "")
    if name == "__main__":  # a worker of loky is `python -m`: then this says which module it is
        name = getattr(frame.f_globals.get("__spec__"), "name", name)
    return name, frame.f_code.co_name


def _reading_frame(frame: FrameType | None) -> FrameType | None:
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        between = module in _PASSED_OVER or module.startswith("safeload.") or frame.f_code.co_name == "find_class"
        if not between:
            return frame
        frame = frame.f_back
    return None
