"""diffusers: pipelines of several components, their own code, community pipelines."""

from __future__ import annotations

import os

from safeload.guard.interface import Entry, Grant, Loader
from safeload.guard.loaders.diffusers_scope import BLOCKS, FROM_PIPE, MODEL, scope_of
from safeload.guard.loaders.origins import commit_of, opened, plain
from safeload.lean import Any, Callable, Mapping
from safeload.sources.interface import Call, Listing, Source, Wanted
from safeload.sources.local import absolute

_PIPELINES = "diffusers.pipelines.pipeline_utils"
_PATHS = ("pretrained_model_name_or_path", "pretrained_model_name", "pretrained_model_or_path")
_NOT_OPTIONS = (*_PATHS, "revision", "token", "cache_dir", "use_auth_token")


class Diffusers(Loader):
    """`AutoPipelineFor…` come to `DiffusionPipeline.from_pretrained`; `diffusers_weights` has what is added."""

    name = "diffusers"
    entries = (
        Entry(module=_PIPELINES, attribute="DiffusionPipeline.from_pretrained"),
        Entry(module=_PIPELINES, attribute="DiffusionPipeline.download"),  # it runs a custom pipeline's code, too
        Entry(module=_PIPELINES, attribute=FROM_PIPE),
        Entry(module="diffusers.models.modeling_utils", attribute=MODEL),
        Entry(module="diffusers.models.auto_model", attribute="AutoModel.from_pretrained"),
        Entry(module="diffusers.modular_pipelines.modular_pipeline", attribute=BLOCKS),
    )

    def recognises(self, listing: Listing) -> bool:
        return "model_index.json" in listing.paths

    def scope(self, call: Call, listing: Listing) -> tuple[Wanted, ...]:
        return scope_of(call, listing)

    def wants_weights(self, call: Call) -> bool:
        return not call.entry.endswith((FROM_PIPE, BLOCKS)) and not call.options.get("passed")

    def call_of(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
        if entry.attribute == FROM_PIPE:
            target = kwargs.get("custom_pipeline")
            if isinstance(target, str) and target.endswith(".py"):
                target = os.path.dirname(absolute(target))  # noqa: PTH120
        else:
            target = _target(args, kwargs)
        if not isinstance(target, (str, os.PathLike)) or not target:
            return None
        target = os.fspath(target)
        if entry.attribute == FROM_PIPE and "/" not in target and not os.path.isdir(target):  # noqa: PTH112
            target = "datasets/diffusers/community-pipelines-mirror"
        revision = kwargs.get("custom_revision" if entry.attribute == FROM_PIPE else "revision")
        return Call(
            target=target,
            revision=str(revision) if revision is not None and not target.startswith("datasets/") else None,
            loader=self.name,
            entry=f"{self.name}.{entry.attribute}",
            trust_remote_code=bool(kwargs.get("trust_remote_code")),
            options=plain(kwargs, *_NOT_OPTIONS) | {"passed": [k for k, v in kwargs.items() if _is_component(v)]},
        )

    def source_of(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Source | None:
        return opened(_target(args, kwargs), kwargs)

    def proceed(
        self, original: Callable[..., Any], entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any], grant: Grant
    ) -> Any:
        pinned = {key: value for key, value in kwargs.items() if key not in ("force_download", "proxies")}
        if entry.attribute != FROM_PIPE:
            commit = commit_of(grant, str(_target(args, kwargs)))
            if commit is not None:
                pinned["revision"] = commit
        custom = commit_of(grant, str(kwargs.get("custom_pipeline")))
        if custom is not None:
            pinned["custom_revision"] = custom
        if grant.code and kwargs.get("trust_remote_code") is not False and entry.attribute != MODEL:
            pinned["trust_remote_code"] = True
        return original(*args, **pinned)

    def load(self, grant: Grant) -> Mapping[str, Any]:
        import diffusers

        name = grant.snapshot.origin.name
        entry = Entry(module=_PIPELINES, attribute="DiffusionPipeline.from_pretrained")
        function = diffusers.DiffusionPipeline.from_pretrained
        options = {key: value for key, value in grant.call.options.items() if key != "passed"}
        return {"model": self.proceed(function, entry, (name,), options, grant)}


def _target(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """The second argument of a class's method, or the only one of a bound method."""
    if args and not isinstance(args[0], type):
        return args[0]
    return args[1] if len(args) > 1 else next((kwargs[key] for key in _PATHS if key in kwargs), None)


def _is_component(value: Any) -> bool:
    """An object that is given in place of one of the repository's."""
    return not isinstance(value, (str, int, float, bool, list, dict, type(None)))
