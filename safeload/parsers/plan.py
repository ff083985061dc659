"""Where the numbers of a pickle's tensors lie in its file: facts for whoever copies them."""

from __future__ import annotations

from safeload.lean import Final, record

RESCUE: Final = "rescue"  # the purpose for which a file is read, when its tensors are wanted


@record(frozen=True, slots=True, kw_only=True)
class Storage:
    """Numbers in one piece. `offset` and `length` in bytes of the file; `swap`: the most significant byte is first."""

    offset: int
    length: int
    swap: bool = False


@record(frozen=True, slots=True, kw_only=True)
class Tensor:
    """One view of a storage, as the file states it; nothing of it was checked.

    `dtype` is safetensors' word. `storage` is an index of the plan's; `offset` and `stride` count elements.
    """

    name: str
    dtype: str
    shape: tuple[int, ...] = ()
    stride: tuple[int, ...] = ()
    storage: int = 0
    offset: int = 0


@record(frozen=True, slots=True, kw_only=True)
class Dropped:
    """What stands at `path` in the pickle, and is not kept."""

    path: str
    what: str


@record(frozen=True, slots=True, kw_only=True)
class Plan:
    """All tensors of a file. Nothing that it names was called.

    `more` counts what was dropped beyond those listed. `names` are what the stream names, beside what makes tensors;
    `modules` are classes of which only the state is kept; `within` is the key under which all of it stood.
    """

    tensors: tuple[Tensor, ...] = ()
    storages: tuple[Storage, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    more: int = 0
    names: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    within: str = ""
