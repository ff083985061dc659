"""The arguments of calls other than `from_pretrained`, held to the commits that were granted."""

from __future__ import annotations

from safeload.guard.interface import Grant
from safeload.guard.loaders.origins import commit_of
from safeload.lean import Any, Mapping


def pipeline_of(grant: Grant, target: str, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """`pipeline(...)`: each `from_pretrained` within is held to the grant by itself."""
    pinned = dict(kwargs)
    commit = commit_of(grant, target)
    if commit is not None and "adapter_config.json" not in grant.files:
        pinned["revision"] = commit  # of an adapter it would be looked for in the base, too
    if grant.code and kwargs.get("trust_remote_code") is not False:
        pinned["trust_remote_code"] = True
    return pinned


def adapter_of(grant: Grant, target: str, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """`model.load_adapter(...)`."""
    commit = commit_of(grant, target)
    if commit is None:
        return dict(kwargs)
    more = {**(kwargs.get("adapter_kwargs") or {}), "revision": commit}
    kept = {key: value for key, value in kwargs.items() if key != "revision"}
    return {**kept, "adapter_kwargs": more}
