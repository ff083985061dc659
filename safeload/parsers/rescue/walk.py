"""A walk through what a pickle describes: which tensors, under which names, what else."""

from __future__ import annotations

from safeload import limits
from safeload.lean import Any, Callable, Final, Iterable
from safeload.parsers.facts import GapReason
from safeload.parsers.pickles.ledger import Refused
from safeload.parsers.plan import Dropped
from safeload.parsers.rescue.standins import Unknown, View

Path = tuple[str, ...]

_FEW: Final = 3  # values without a tensor that are listed one by one
_WRAPPERS: Final = frozenset({"state_dict", "model_state_dict", "model", "module", "net", "params", "params_ema",
                              "model_ema", "ema", "weights"})  # fmt: skip
_STATE: Final = ("_parameters", "_buffers", "_modules")


class Walk:
    """`tensors` in the order in which they stand; `modules` are classes whose state was entered."""

    def __init__(self) -> None:
        self.tensors: list[tuple[Path, View]] = []
        self.lost: list[Dropped] = []  # tensors that cannot be kept, each by itself
        self.dropped: list[Dropped] = []
        self.modules: dict[str, None] = {}
        self._settings: dict[str, dict[str, None]] = {}
        self._left = limits.RESCUE_VALUES
        self._open: set[int] = set()

    def visit(self, value: Any, path: Path = ()) -> None:
        self._left -= 1
        if self._left < 0:
            raise Refused(f"it holds more than {limits.RESCUE_VALUES:,} values", reason=GapReason.LIMIT)
        if isinstance(value, View):
            if value.odd:
                self.lost.append(_dropped(path, value.odd))
            else:
                self.tensors.append((path, value))
        elif isinstance(value, dict):
            self._within(value, path, f"a dict of {len(value):,}", lambda: self._items(value, path))
        elif type(value) in (list, tuple):
            what = f"a {type(value).__name__} of {len(value):,}"
            self._within(value, path, what, lambda: self._row(value, path))
        elif isinstance(value, Unknown):
            self._object(value, path)
        else:
            self._drop(path, _said(value))

    def within(self) -> str:
        """The key under which all tensors stand, if it is one that only wraps them."""
        first = {path[0] for path, _ in self.tensors if len(path) > 1}
        all_below = all(len(path) > 1 for path, _ in self.tensors)
        return first.pop() if all_below and len(first) == 1 and first <= _WRAPPERS else ""

    def settings(self) -> list[Dropped]:
        """What modules hold beside their state, by class: it is not kept."""
        return [
            Dropped(path=name, what=f"its settings: {', '.join(keys)}"[: limits.RESCUE_NAME])
            for name, keys in self._settings.items()
        ]

    def _within(self, value: Any, path: Path, what: str, enter: Callable[[], None]) -> None:
        """What holds no tensor is listed as a whole."""
        if id(value) in self._open:
            self._drop(path, "itself again")
            return
        if len(path) > limits.RESCUE_DEPTH:
            raise Refused(f"values more than {limits.RESCUE_DEPTH} deep", reason=GapReason.LIMIT)
        self._open.add(id(value))
        before, listed = len(self.tensors) + len(self.lost), len(self.dropped)
        enter()
        self._open.discard(id(value))
        whole = isinstance(value, Unknown) or len(self.dropped) - listed > _FEW or not value
        if len(self.tensors) + len(self.lost) == before and path and whole:
            del self.dropped[listed:]
            self._drop(path, f"{what} without a tensor")

    def _items(self, value: dict[Any, Any], path: Path) -> None:
        for key, item in value.items():
            if type(key) in (str, int):
                self.visit(item, (*path, str(key)))
            else:
                self._drop((*path, "?"), f"a value under a key that is a {_kind(key)}")

    def _row(self, value: Any, path: Path) -> None:
        for number, item in enumerate(value):
            self.visit(item, (*path, str(number)))

    def _object(self, value: Unknown, path: Path) -> None:
        """An object is its state: a module's as its `state_dict` has it, any other's by its attributes."""
        state, name = _state(value), type(value).page
        if state is None:
            self._drop(path, f"an object of {name}")
        elif all(isinstance(state.get(key), dict) for key in _STATE):
            self.modules[name] = None
            self._within(value, path, "a module", lambda: self._module(name, state, path))
        else:
            before = len(self.tensors)
            self._within(value, path, f"an object of {name}", lambda: self._items(state, path))
            if len(self.tensors) > before:
                self.modules[name] = None

    def _module(self, name: str, state: dict[Any, Any], path: Path) -> None:
        """As `Module.state_dict` goes through it. https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html"""
        passing = state.get("_non_persistent_buffers_set")
        for part in _STATE:
            for key, item in state[part].items():
                if item is None or type(key) is not str:
                    continue
                if part == "_buffers" and isinstance(passing, (set, frozenset)) and key in passing:
                    self._drop((*path, key), "a buffer that is not saved (not persistent)")
                else:
                    self.visit(item, (*path, key))
        self._beside(name, state, path)

    def _beside(self, name: str, state: dict[Any, Any], path: Path) -> None:
        """What a module holds that its `state_dict` has not."""
        kept = {id(item) for part in _STATE for item in state[part].values()}
        for key in [key for key in state if type(key) is str and key not in _STATE]:
            for item in _inside(state[key]):
                if isinstance(item, View) and id(item) not in kept:
                    self.lost.append(_dropped((*path, key), "a tensor that is neither a parameter nor a buffer"))
            if not key.startswith("_") and key != "training":
                self._settings.setdefault(name, {})[key] = None

    def _drop(self, path: Path, what: str) -> None:
        self.dropped.append(_dropped(path, what))


def _dropped(path: Path, what: str) -> Dropped:
    return Dropped(path=".".join(path)[: limits.RESCUE_NAME], what=what)


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if type(value) in (list, tuple) else (value,)


def _state(value: Unknown) -> dict[Any, Any] | None:
    """Attributes; those in slots are a second dictionary."""
    state = value.state
    if type(state) is tuple and len(state) == 2 and all(one is None or isinstance(one, dict) for one in state):
        return {**(state[0] or {}), **(state[1] or {})}
    return state if isinstance(state, dict) else None


def _kind(value: Any) -> str:
    return type(value).page if isinstance(value, Unknown) else type(value).__name__


def _said(value: Any) -> str:
    """A small value is told itself."""
    if isinstance(value, type) and issubclass(value, Unknown):
        return f"the name {value.page}"
    if value is None or type(value) in (bool, float) or (type(value) is int and value.bit_length() <= 64):
        return f"{type(value).__name__} {value}" if value is not None else "None"
    if type(value) is str and len(value) <= limits.EVIDENCE:
        return f"str {value!a}"
    return f"a {type(value).__name__}"
