"""Chat templates of the models that a model names as its base: evidence beside its own, which no load opens."""

from __future__ import annotations

import json

from safeload import limits
from safeload.errors import SourceError, UsageError
from safeload.lean import TYPE_CHECKING, Any, Final, Iterator, Mapping
from safeload.sources.names import is_repository

if TYPE_CHECKING:
    from safeload.sources.hub import HubSource

_WHOLE: Final = ("chat_template.jinja",)
_SETTINGS: Final = ("tokenizer_config.json", "chat_template.json", "processor_config.json")
_SETTING: Final = "chat_template"
# Where a configuration names what it was made from. The card comes first: people write that, libraries write these.
_NAMED: Final = (("config.json", "base_model_name_or_path"), ("config.json", "_name_or_path"))


def templates(source: HubSource, fields: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Of each base, `{"repo", "revision", "templates": {name: text}}`, or `{"repo", "why"}` where it cannot be had.

    `fields` are those of the card. Nothing is asked for where the model itself has no template. Raises `SourceError`.
    """
    names = named(source, fields)[: limits.BASES]
    if not names or not _held(source):
        return []
    return [_of(source, name) for name in names]


def named(source: HubSource, fields: Mapping[str, Any]) -> list[str]:
    """The repositories that the card, or else a configuration, names as base; no path, and not this one itself."""
    said = fields.get("base_model")
    found = said if isinstance(said, list) else [said]
    there = {one.path for one in source.files()}
    if not any(isinstance(one, str) for one in found) and there & {*_WHOLE, _SETTINGS[1]}:
        found = [_object(_small(source, path)).get(key) for path, key in _NAMED]
    names = (one.strip() for one in found if isinstance(one, str))
    return [one for one in dict.fromkeys(names) if "/" in one and is_repository(one) and one != source.name]


def _of(source: HubSource, name: str) -> dict[str, Any]:
    """Whatever goes wrong is said: a base that is gone or locked says nothing about this model."""
    from safeload.sources.hub import HubSource

    try:
        # Never `open_source`: a card has no business with the folders of this machine.
        base = HubSource(name, token=source.token, cache=source.cache)
        return {"repo": name, "revision": base.commit, "templates": _held(base)}
    except (SourceError, UsageError) as error:
        return {"repo": name, "why": error.message}


def _held(source: HubSource) -> dict[str, str]:
    """The templates of one repository by name, the ordinary one under the empty name; a file by itself wins."""
    found: dict[str, str] = {}
    for path in _SETTINGS:
        for name, text in _texts(_object(_small(source, path)).get(_SETTING)):
            found.setdefault("" if name == "default" else name, text)
    for path in _WHOLE:
        raw = _small(source, path)
        if raw:
            found[""] = raw.decode("utf-8", "replace")
    return found


def _texts(held: Any) -> Iterator[tuple[str, str]]:
    if isinstance(held, str):
        yield "", held
    items = held if isinstance(held, list) else []
    named = [(one.get("name"), one.get("template")) for one in items if isinstance(one, dict)]
    for name, text in [*named, *(held.items() if isinstance(held, dict) else ())]:
        if isinstance(name, str) and isinstance(text, str):
            yield name, text


def _small(source: HubSource, path: str) -> bytes | None:
    """A file that is there and small enough to be looked at for this; else None."""
    artifact = next((one for one in source.files() if one.path == path), None)
    if artifact is None or artifact.size is None or artifact.size > limits.BASE_FILE:
        return None
    if source.offline and source.cached(path) is None:
        return None
    readable = source.open(path)
    try:
        return readable.read_at(0, artifact.size)
    finally:
        readable.close()


def _object(raw: bytes | None) -> dict[str, Any]:
    try:
        value = json.loads(raw) if raw else None
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
