"""Files of which nobody knows what would load them: all are looked at, none is loaded."""

from __future__ import annotations

from safeload.errors import UsageError
from safeload.guard.interface import Grant, Loader
from safeload.lean import Any, Mapping
from safeload.sources.interface import Call, Listing, Role, Wanted


class Files(Loader):
    name = "files"

    def recognises(self, listing: Listing) -> bool:
        return True

    def scope(self, call: Call, listing: Listing) -> tuple[Wanted, ...]:
        role = Role.TARGET if len(listing.paths) == 1 else Role.FOUND
        return tuple(Wanted(path=path, role=role) for path in sorted(listing.paths))

    def load(self, grant: Grant) -> Mapping[str, Any]:
        raise UsageError(
            f"Nothing is known that would load {grant.call.target}.",
            next="Name the library: --loader transformers, torch, joblib or pickle.",
        )
