"""safetensors: tensors by their names, where no library is known that makes a model of them."""

from __future__ import annotations

from safeload.guard.interface import Grant, Loader
from safeload.lean import Any, Mapping
from safeload.sources.interface import Call, Listing, Role, Wanted

# What a conversion leaves beside the tensors (`safeload.rescue`).
_PROVENANCE = "safeload-provenance.json"
_END = ".safetensors"


class SafeTensors(Loader):
    name = "safetensors"

    def recognises(self, listing: Listing) -> bool:
        return _PROVENANCE in listing.paths and any(path.endswith(_END) for path in listing.paths)

    def scope(self, call: Call, listing: Listing) -> tuple[Wanted, ...]:
        found = [path for path in sorted(listing.paths) if path.endswith(_END) or len(listing.paths) == 1]
        return tuple(Wanted(path=path, role=Role.WEIGHTS) for path in found)

    def load(self, grant: Grant) -> Mapping[str, Any]:
        """The tensors of all files; names that a conversion left out, because they are another's, are there again."""
        from safetensors import safe_open
        from safetensors.torch import load_file

        model: dict[str, Any] = {}
        for path in grant.files.values():
            tensors = load_file(path)
            with safe_open(path, framework="pt") as file:
                said = file.metadata() or {}
            for name, kept in said.items():
                if kept in tensors and name not in tensors:
                    tensors[name] = tensors[kept]
            model.update(tensors)
        return {"model": model}
