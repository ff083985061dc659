"""What a use of an entry point of transformers amounts to, as a call."""

from __future__ import annotations

import os
import sys

from safeload.guard.interface import Entry
from safeload.guard.loaders.origins import opened, revision_of
from safeload.guard.loaders.transformers_entries import ADAPTER, GENERATE, PIPELINE, entry_name
from safeload.lean import Any, Mapping
from safeload.sources.interface import Call, Source

_PATH = "pretrained_model_name_or_path"
# Arguments that say where from and how, which `Call` has fields of its own for, or which are no part of a question.
_NOT_OPTIONS = frozenset(
    {_PATH, "model", "peft_model_id", "revision", "trust_remote_code", "token", "use_auth_token", "config",
     "adapter_kwargs", "state_dict", "adapter_state_dict"}
)  # fmt: skip
_POSITIONAL = ("task", "model", "config", "tokenizer", "feature_extractor", "image_processor", "video_processor",
               "processor", "revision")  # fmt: skip
# Parts of a pipeline that may be other repositories, by what loads them there.
PARTS = {
    "tokenizer": "AutoTokenizer.from_pretrained",
    "config": "AutoConfig.from_pretrained",
    "feature_extractor": "AutoFeatureExtractor.from_pretrained",
    "image_processor": "AutoImageProcessor.from_pretrained",
    "video_processor": "AutoVideoProcessor.from_pretrained",
    "processor": "AutoProcessor.from_pretrained",
    "assistant_model": "",  # whole
    "assistant_tokenizer": "AutoTokenizer.from_pretrained",
}


def call_of(entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
    if entry.attribute == PIPELINE:
        return _pipeline(args, kwargs)
    target = target_of(entry, args, kwargs)
    given = [kwargs.get("state_dict"), kwargs.get("adapter_state_dict")]
    if target is None or not args or given != [None, None]:
        return None
    trusted = kwargs.get("trust_remote_code", args[2] if entry.attribute == GENERATE and len(args) > 2 else None)
    return Call(
        target=target,
        revision=revision_of(kwargs),
        loader="transformers",
        entry=entry.attribute if entry.attribute in (ADAPTER, GENERATE) else entry_name(entry, args[0]),
        trust_remote_code=bool(trusted),
        options=_options(kwargs),
    )


def target_of(entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str | None:
    """The repository or path that a method was called with; args[0] is the class or the object."""
    if entry.attribute == PIPELINE:
        return _model(_named(args, kwargs))
    given = args[1] if len(args) > 1 else kwargs.get("peft_model_id" if entry.attribute == ADAPTER else _PATH)
    if isinstance(given, os.PathLike):
        given = os.fspath(given)
    return given if isinstance(given, str) and given else None


def source_of(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Source | None:
    """The repository opened with the token and the cache folder that the call was given, if it was."""
    if not args or args[0] is None or isinstance(args[0], str):  # a function; a method has its class or object first
        more = kwargs.get("model_kwargs")
        return opened(_model(_named(args, kwargs)), {**(more if isinstance(more, Mapping) else {}), **kwargs})
    named = {**kwargs.get("adapter_kwargs", {}), **kwargs} if kwargs.get("peft_model_id") else kwargs
    return opened(args[1] if len(args) > 1 else named.get("peft_model_id", named.get(_PATH)), named)


def _named(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {**dict(zip(_POSITIONAL, args, strict=False)), **kwargs}


def _pipeline(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
    given = _named(args, kwargs)
    target = _model(given)
    if target is None:
        return None  # a model that is loaded already: what is missing beside it is decided on by itself
    more = given.get("model_kwargs")
    options = _options(more if isinstance(more, Mapping) else {}) | _options(given)
    parts = {key: value for key, value in given.items() if key in PARTS and isinstance(value, str)}
    return Call(
        target=target,
        revision=revision_of(given) or (None if given.get("model") else _default(given.get("task"))[1]),
        loader="transformers",
        entry=PIPELINE,
        trust_remote_code=bool(given.get("trust_remote_code")),
        options={**options, **parts},
    )


def _model(given: Mapping[str, Any]) -> str | None:
    model = given.get("model")
    if isinstance(model, os.PathLike):
        model = os.fspath(model)
    if model is None and isinstance(given.get("task"), str):
        return _default(given["task"])[0]
    return model if isinstance(model, str) and model else None


def _default(task: Any) -> tuple[str | None, str | None]:
    """The model that transformers takes for a task, and its revision."""
    pipelines = sys.modules.get("transformers.pipelines")
    try:
        _, targeted, options = pipelines.check_task(task)  # type: ignore[union-attr]
        default = targeted["default"]
        found = (default[options] if options else default)["model"]
        name, revision = found if isinstance(found, (list, tuple)) else found["pt"]
    except (AttributeError, KeyError, TypeError, ValueError):
        return None, None  # another release, or no such task: transformers says so best
    return name, revision


def _options(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in kwargs.items() if key not in _NOT_OPTIONS and key[:1] != "_"}
