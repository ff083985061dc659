"""What an interpreter of an activated environment runs when it starts: it waits for the first import that matters.

Every start of Python pays for this, so it imports nothing but `sys`, and puts one finder in front. The guard itself
comes on right after `pickle` was imported, or right before a library that is guarded: what could unpickle or run a
model needs one of them. No interpreter is ever stopped: one that should be guarded and cannot be says so on stderr, and
goes on.
"""

from __future__ import annotations

import sys

from safeload.lean import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType

CHILD: Final = "SAFELOAD_GUARDED_BY"  # set in a guarded process, for its children: the policy that it was given, or "-"
ALWAYS: Final = "always"
CHILDREN: Final = "children"  # the processes that a guarded one starts, and no others

PICKLES: Final = frozenset({"pickle", "_pickle"})
LIBRARIES: Final = frozenset(
    (
        *("accelerate", "catboost", "cloudpickle", "diffusers", "diffusers_modules", "dill", "gguf"),
        *("huggingface_hub", "joblib", "keras", "keras_hub", "kernels", "lightgbm", "mlflow", "multiprocess"),
        *("numpy", "onnxruntime", "pandas", "peft", "safetensors", "sentence_transformers", "shelve", "skops"),
        *("spacy", "srsly", "tf_keras", "timm", "torch", "transformers", "transformers_modules", "xgboost"),
    )
)
_OWN: Final = ("parsers/sandbox/worker.py", "scanners/explain_child.py")  # processes without rights, which load nothing
_SMALL: Final = frozenset({"safeload.lean", "safeload.startup", "safeload.errors"})  # which import nothing else of ours
_WAIT: Final = 10.0  # seconds until a thread goes on beside another that turns the guard on

state = ""  # "" (not activated), "waiting", "on", or why it is not on
_turning = False


def start(mode: str = ALWAYS) -> None:
    """Wait for an import that matters, then guard this process. Never raises."""
    global state
    if state or (mode == CHILDREN and not _is_child()) or _is_own():
        return
    state = "waiting"
    if sys.modules.keys() & (PICKLES | LIBRARIES):
        _turn_on()  # somebody else's start-up was earlier
    else:
        sys.meta_path.insert(0, _finder)


def _is_child() -> bool:
    import os

    return CHILD in os.environ


def _is_own() -> bool:
    # Exactly as `safeload` starts them: what only looks so, with the path as an argument of its own, is guarded.
    if sys.orig_argv[1:3] != ["-I", "-B"]:
        return False
    here = __file__.replace("\\", "/").rpartition("/")[0]
    return sys.orig_argv[3].replace("\\", "/") in [f"{here}/{name}" for name in _OWN]


class _Finder:
    """Finds nothing itself: it lets the others find what it waits for."""

    def __init__(self) -> None:
        import _thread

        self._lock = _thread.RLock()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if state != "waiting" or _turning:
            return None
        if name.startswith("safeload."):
            return self._ours(name, path, target)
        if name in LIBRARIES:
            self.turn_on()
            return _found(name, path, target)  # by the finder that the guard has put in our place, too
        if name not in PICKLES:
            return None
        if "pickle" in sys.modules:
            return None  # `_pickle`, for `pickle`, whose own end is waited for
        spec = _found(name, path, target)
        if spec is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = _Then(spec.loader)  # type: ignore[assignment]
        return spec

    def _ours(self, name: str, path: Any, target: Any) -> ModuleSpec | None:
        """Whole, before somebody has a half of it: what is imported by then is handed out again."""
        if name in _SMALL:
            return None
        if _is_command():
            _stand_down("not in safeload's own command, which loads nothing; `safeload run` turns it on itself")
            return None
        self.turn_on()
        module = sys.modules.get(name)
        spec: ModuleSpec | None = getattr(module, "__spec__", None)
        if module is None or spec is None:
            return None
        spec.loader = _Again(module, spec.loader)  # type: ignore[assignment]
        return spec

    def turn_on(self) -> None:
        held = self._lock.acquire(timeout=_WAIT)
        try:
            if not _turning:  # by what the guard imports itself
                _turn_on()
        finally:
            if held:
                self._lock.release()


class _Then:
    """The module's own loader, then the guard, before anybody else sees the module."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def create_module(self, spec: ModuleSpec) -> Any:
        return self._inner.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._inner
        if module.__spec__ is not None:
            module.__spec__.loader = self._inner
        self._inner.exec_module(module)
        _finder.turn_on()


class _Again:
    """A module that is imported already, for who asked for it first: importlib would run it once more."""

    def __init__(self, module: ModuleType, loader: Any) -> None:
        self._module, self._loader = module, loader

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader


def _found(name: str, path: Any, target: Any) -> ModuleSpec | None:
    for finder in list(sys.meta_path):
        if finder is not _finder:
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                return spec
    return None


def _turn_on() -> None:
    global state, _turning
    if state != "waiting":
        return
    _turning = True
    try:
        _install()
        state = "on"
    except Exception as error:  # noqa: BLE001  (whatever is broken: pip must start, to repair it)
        state = f"{type(error).__name__}: {error}"
        _say(f"This process is NOT guarded, though it should be ({state}).")
    finally:
        _turning = False
        _stand_down(state)


def _stand_down(why: str) -> None:
    global state
    state = why
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)


def _is_command() -> bool:
    called = getattr(sys, "argv", [""])[0].replace("\\", "/").rpartition("/")[2]
    return called in ("safeload", "safeload.exe", "safeload-script.py") or sys.orig_argv[1:3] == ["-m", "safeload"]


def _install() -> None:
    from safeload import patch
    from safeload.errors import PolicyError

    if patch.installed():
        return
    try:
        import safeload.auto  # noqa: F401
    except PolicyError as error:
        # A file in the working folder must not turn the guard off.
        _say(f"{error} Until that is put right, the policy here is strict.")
        from safeload.terminal import TerminalDecider

        patch.install(policy="strict", decider=TerminalDecider())


def _say(message: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(f"safeload: {message}\n")


_finder = _Finder()
