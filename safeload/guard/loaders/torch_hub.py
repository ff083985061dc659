"""torch.hub: a model that a repository's own `hubconf.py` makes."""

from __future__ import annotations

from safeload.errors import Blocked, UsageError
from safeload.guard.interface import Entry, Grant
from safeload.guard.loaders.buffers import absent, named
from safeload.guard.loaders.code_folder import CodeFolder
from safeload.guard.loaders.refused import refused
from safeload.lean import Any, Mapping
from safeload.sources.interface import Call, Listing, Wanted

_CONF = "hubconf.py"
_TARGETS = ("repo_or_dir", "hubconf_dir", "github")


class TorchHub(CodeFolder):
    """From a folder (`source="local"`) its Python is decided on; from GitHub nothing is run that nobody looked at."""

    name = "torch.hub"
    # The last two are what those call: whoever bound them before the guard was on comes by there.
    entries = Entry.at("torch.hub", "load", "list", "help", "_load_local", "_get_cache_or_reload")

    def recognises(self, listing: Listing) -> bool:
        return _CONF in listing.paths

    def scope(self, call: Call, listing: Listing) -> tuple[Wanted, ...]:
        if _CONF not in listing.paths:
            raise UsageError(f"{call.target} has no {_CONF}.", next="Name the folder in which it lies.")
        return super().scope(call, listing)

    def call_of(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
        target = args[0] if args else next((kwargs[key] for key in _TARGETS if key in kwargs), None)
        here = entry.attribute == "_load_local"
        if not here and (entry.attribute != "load" or str(kwargs.get("source", "github")).lower() == "github"):
            raise _refused(target)
        return (
            None if target is None or absent(target) else Call(target=named(target), loader=self.name, entry=self.name)
        )

    def load(self, grant: Grant) -> Mapping[str, Any]:
        raise UsageError("A hub folder has several models.", next='torch.hub.load("./folder", "name", source="local")')


def _refused(target: Any) -> Blocked:
    return refused(
        f"torch.hub runs {_CONF} of the GitHub repository {target!r}, at whatever it is now.",
        what=f"{_CONF} of {target}",
        reader="torch.hub",
        next='Clone it at a commit, read it, and load the folder: torch.hub.load("./it", …, source="local").',
    )
