"""Who reads a pickle: processes of one program that send to each other, tools that read their own cache."""

from __future__ import annotations

from types import FrameType

Pair = tuple[str, str]

# Functions that read what another process of the same program wrote: their streams may name the user's own classes. The
# exact function, never the module: `executor.submit(pickle.loads, data)` runs inside concurrent.futures too.
RECEIVERS: frozenset[Pair] = frozenset(
    {
        ("multiprocessing.connection", "recv"),
        ("multiprocessing.queues", "get"),
        ("multiprocessing.spawn", "_main"),
        ("multiprocessing.spawn", "spawn_main"),
        ("multiprocessing.forkserver", "main"),
        ("multiprocess.connection", "recv"),
        ("multiprocess.queues", "get"),
        ("multiprocess.spawn", "_main"),
        ("torch.multiprocessing.queue", "recv"),
        ("joblib.externals.loky.backend.queues", "get"),
        ("joblib.externals.loky.backend.popen_loky_posix", "main"),
        ("joblib.externals.loky.process_executor", "__call__"),
        ("jedi._compatibility", "pickle_load"),
        ("distributed.protocol.pickle", "loads"),
        ("ray._private.serialization", "_deserialize_pickle5_data"),
    }
)

# What processes of one program send each other for their own plumbing, and what a bound method is pickled as. Dangerous
# in a file; here it comes from a process that runs our own code already.
RECEIVED: frozenset[Pair] = frozenset({("builtins", "getattr"), ("functools", "partial")})
RECEIVED_FROM = (
    "multiprocessing.",
    "multiprocess.",
    "torch.multiprocessing.reductions",
    "joblib.externals.loky.",
    "joblib.externals.cloudpickle.",
    "cloudpickle.",
    "dill.",
)

# Functions that read a cache which an installed tool wrote for itself, below the user's own cache folder. A cache whose
# folder is a parameter (joblib.Memory) or lies beside the code (numba) may have come with a model: it is no exception.
TOOL_CACHES: frozenset[Pair] = frozenset(
    {
        ("parso.cache", "_load_from_file_system"),
        ("torch._inductor.codecache", "_lookup_graph"),
        ("torch._inductor.codecache", "iterate_over_candidates"),
    }
)

_PASSED_OVER = frozenset({"pickle", "_pickle", "multiprocessing.reduction", "dill._dill", "joblib.numpy_pickle"})


def is_plumbing(module: str, name: str) -> bool:
    # A dot in the name walks to other objects: `multiprocessing.util` + `os.system`.
    return "." not in name and ((module, name) in RECEIVED or module.startswith(RECEIVED_FROM))


def reader(frame: FrameType | None) -> str:
    """The module for which `frame` reads."""
    found = _reading_frame(frame)
    return str(found.f_globals.get("__name__", "?")) if found is not None else "?"


def reader_is_known(frame: FrameType | None) -> bool:
    """Is it a process of this program, or the cache of an installed tool, that `frame` reads for?"""
    found = _reading_frame(frame)
    if found is None:
        return False
    pair = (found.f_globals.get("__name__", ""), found.f_code.co_name)
    return pair in RECEIVERS or pair in TOOL_CACHES


def _reading_frame(frame: FrameType | None) -> FrameType | None:
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        between = module in _PASSED_OVER or module.startswith("safeload.") or frame.f_code.co_name == "find_class"
        if not between:
            return frame
        frame = frame.f_back
    return None
