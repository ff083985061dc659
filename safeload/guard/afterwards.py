"""The end of a load of sealed copies: what it used, how long they last, what the model is called."""

from __future__ import annotations

import weakref

from safeload.errors import Blocked
from safeload.guard import mapped, vault
from safeload.guard.sealed import Sealed
from safeload.lean import Any, Callable, Final, Iterator, Mapping, TypeVar
from safeload.sources.interface import Snapshot

T = TypeVar("T")
Files = Mapping[str, vault.Held]

_VISITS: Final = 20_000  # objects that are looked at for a model's name; a large model has some thousands
_LEAVES: Final = (str, bytes, int, float, bool, complex, type(None), type)
_NAMED: Final = ("name_or_path", "_name_or_path", "model_name_or_path", "_name_or_path_")
_kept: list[Sealed] = []  # of results that nothing can be tied to: until the process ends


def sealed(seal: Sealed, snapshot: Snapshot, held: Files, run: Callable[[], T]) -> T:
    """`run`, and then: nothing may have read, or mapped, a file past its copy. Raises `Changed`, `Blocked`."""
    paths = [item.path for item in held.values()]
    before = mapped.counted(paths)
    result = run()
    vault.recheck(item for path, item in held.items() if path not in seal.taken or item.copy is None)
    for path, count in mapped.counted(paths).items():
        if count > before.get(path, 0):
            raise Blocked(
                f"{path} was mapped by the library itself, past its sealed copy: who overwrites it would change it.",
                next="Give the library the folder or file by its path, or load it under a policy that does not seal.",
            )
    _rename(result, seal)
    _keep(result, seal, snapshot)
    return result


def _keep(result: Any, seal: Sealed, snapshot: Snapshot) -> None:
    """Weights that are mapped stay without us; what may be opened again later lasts as long as what was returned."""
    owners = [one for one in _parts(result) if _can_be_watched(one)]
    if not owners:
        if not isinstance(result, (int, float, bool, type(None))):
            _kept.append(seal)
        return
    if not any(_opens_later(one) for one in owners):
        seal.release(snapshot)
    left = len(owners)

    def gone() -> None:
        nonlocal left
        left -= 1
        if not left:
            seal.close()

    for one in owners:
        weakref.finalize(one, gone)


def _parts(result: Any) -> Iterator[Any]:
    if isinstance(result, Mapping):
        yield from (part for value in result.values() for part in _parts(value))
    elif isinstance(result, (tuple, list)):
        yield from (part for value in result for part in _parts(value))
    else:
        yield result


def _can_be_watched(value: Any) -> bool:
    if isinstance(value, _LEAVES):
        return False
    try:
        weakref.ref(value)
    except TypeError:
        return False
    return True


def _opens_later(model: Any) -> bool:
    """accelerate leaves layers on the disk, and reads them whenever they run."""
    places = getattr(model, "hf_device_map", None)
    return isinstance(places, Mapping) and "disk" in {str(place) for place in places.values()}


def _rename(result: Any, seal: Sealed) -> None:
    """A model is called by the folder that the user named, not by the one that its copies lie in."""
    waiting: list[Any] = [result]
    seen: set[int] = set()
    while waiting and len(seen) < _VISITS:
        value = waiting.pop()
        if id(value) in seen or isinstance(value, _LEAVES):
            continue
        seen.add(id(value))
        if isinstance(value, dict):
            _rename_in(value, seal)
            waiting.extend(value.values())
        elif isinstance(value, (list, tuple)):
            waiting.extend(value)
        else:
            space = getattr(value, "__dict__", None)
            if isinstance(space, dict):
                waiting.append(space)


def _rename_in(space: dict[Any, Any], seal: Sealed) -> None:
    for key in _NAMED:
        given = space.get(key)
        if isinstance(given, str):
            name = seal.named(given)
            if name is not None:
                space[key] = name
