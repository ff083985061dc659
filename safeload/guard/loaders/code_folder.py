"""A folder of Python that a call runs: all of it is decided on."""

from __future__ import annotations

from pathlib import Path

from safeload.guard import hook
from safeload.guard.interface import Entry, Grant, Loader
from safeload.lean import Any, Callable
from safeload.sources.interface import Call, Listing, Role, Wanted

_CODE = (".py", ".pyc", ".so", ".pyd")


class CodeFolder(Loader):
    """The base of loaders whose calls run such a folder."""

    def scope(self, call: Call, listing: Listing) -> tuple[Wanted, ...]:
        found = [path for path in sorted(listing.paths) if path.endswith(_CODE)]
        return tuple(Wanted(path=p, role=Role.CODE if p.endswith(".py") else Role.WEIGHTS) for p in found)

    def wants_weights(self, call: Call) -> bool:
        return False

    def proceed(
        self, original: Callable[..., Any], entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any], grant: Grant
    ) -> Any:
        with hook.watching(str(Path(grant.snapshot.origin.name)) + "/"):
            return original(*args, **kwargs)
