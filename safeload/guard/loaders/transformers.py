"""transformers: `from_pretrained`, and loading a model with its tokenizer."""

from __future__ import annotations

import os
from pathlib import Path

from safeload.errors import Misbehaved, UsageError
from safeload.guard.interface import Entry, Grant, Loader
from safeload.guard.loaders.settings import settings
from safeload.guard.loaders.transformers_entries import ENTRIES, Kind, entry_name, kind_of
from safeload.guard.loaders.transformers_load import bound, load
from safeload.guard.loaders.transformers_scope import scope_of
from safeload.lean import Any, Callable, Mapping
from safeload.sources.interface import Call, Listing, Source, Wanted
from safeload.sources.registry import open_source

_PATH = "pretrained_model_name_or_path"
# Arguments that say where from and how, which `Call` has fields of its own for, or which are no part of a question.
_NOT_OPTIONS = frozenset(
    {_PATH, "revision", "trust_remote_code", "token", "use_auth_token", "config", "adapter_kwargs", "state_dict"}
)


class Transformers(Loader):
    name = "transformers"
    entries = ENTRIES

    def recognises(self, listing: Listing) -> bool:
        if "adapter_config.json" in listing.paths:
            return True
        try:
            config = settings(listing, "config.json")
        except Misbehaved:
            return False  # then every file is looked at, as for a folder of which nothing is known
        return isinstance(config.get("model_type"), str) or isinstance(config.get("architectures"), list)

    def scope(self, call: Call, listing: Listing) -> tuple[Wanted, ...]:
        return scope_of(call, listing)

    def wants_weights(self, call: Call) -> bool:
        return kind_of(call.entry) in (Kind.WHOLE, Kind.MODEL)

    def call_of(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
        target = _target(args, kwargs)
        if target is None or not args or kwargs.get("state_dict") is not None:
            return None
        revision = kwargs.get("revision")
        return Call(
            target=target,
            revision=str(revision) if revision is not None else None,
            loader=self.name,
            entry=entry_name(entry, args[0]),
            trust_remote_code=bool(kwargs.get("trust_remote_code")),
            options={key: value for key, value in kwargs.items() if key not in _NOT_OPTIONS and key[:1] != "_"},
        )

    def source_of(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Source | None:
        """The repository opened with the token and the cache folder that the call was given, if it was."""
        token = kwargs.get("token", kwargs.get("use_auth_token"))
        cache = kwargs.get("cache_dir")
        target = _target(args, kwargs)
        if target is None or (token is None and cache is None):
            return None
        revision = kwargs.get("revision")
        return open_source(
            target,
            revision=str(revision) if revision is not None else None,
            token=token,
            cache=Path(cache) if cache is not None else None,
        )

    def load(self, grant: Grant) -> Mapping[str, Any]:
        return load(grant)

    def proceed(
        self, original: Callable[..., Any], entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any], grant: Grant
    ) -> Any:
        target = _target(args, kwargs)
        if target is None:
            raise UsageError("The name of the model is missing.", next="Give it as the first argument.")
        name = entry_name(entry, args[0])
        with bound(grant, target, name, kwargs) as pinned:
            return original(*args, **pinned)


def _target(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str | None:
    """The repository or path that a classmethod was called with; args[0] is the class."""
    given = args[1] if len(args) > 1 else kwargs.get(_PATH)
    if isinstance(given, os.PathLike):
        given = os.fspath(given)
    return given if isinstance(given, str) and given else None
