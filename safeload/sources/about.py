"""What a hub says of a repository, taken at its word but not at its types."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote

from safeload.errors import NotFound
from safeload.lean import TYPE_CHECKING, Any, Callable, Mapping
from safeload.sources import bases, card, trouble
from safeload.sources.asking import answer_to, plain, together
from safeload.sources.interface import About

if TYPE_CHECKING:
    from safeload.sources.hub import HubSource

_COMMITS = 100  # of the first page
_WORDS = 300  # characters of a title or a name

Check = Callable[[Any], bool]


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


# Key of a fact, the client's attribute, and what it may be.
_INFO: tuple[tuple[str, str, Check], ...] = (
    ("author", "author", _text),
    ("created_at", "created_at", lambda value: isinstance(value, (datetime, str))),
    ("last_modified", "last_modified", lambda value: isinstance(value, (datetime, str))),
    ("downloads", "downloads", _count),
    ("likes", "likes", _count),
    ("gated", "gated", lambda value: _flag(value) or value in ("auto", "manual")),
    ("private", "private", _flag),
    ("disabled", "disabled", _flag),
    ("tags", "tags", lambda value: isinstance(value, list) and all(map(_text, value))),
    ("model_index", "model_index", lambda value: isinstance(value, (list, dict))),
    ("library", "library_name", _text),
    ("pipeline_tag", "pipeline_tag", _text),
)
_ASKED = ("organisation", "commits", "eval_results", "card")


def about(source: HubSource) -> About:
    """Everything at once. What fails, is late or is of the wrong type is unanswered, with the reason."""
    facts: dict[str, Any] = {"requested_revision": source.requested}
    unanswered: dict[str, str] = {}
    questions: dict[str, Callable[[], Any]] = {"card": lambda: _card(source)}
    if source.info is None:
        why = "there is no network" if source.offline else "the hub was not asked"
        unanswered |= dict.fromkeys([key for key, _, _ in _INFO] + ["security", *_ASKED[:3]], why)
    else:
        _from_info(source.info, facts, unanswered)
        questions |= {
            "organisation": lambda: _organisation(source, facts.get("author")),
            "commits": lambda: _commits(source),
            "eval_results": lambda: _evaluations(source),
        }
    given, failed = together(questions)
    if "card" in given:
        fields = given["card"]["card"]
        more, less = together({"base_templates": lambda: bases.templates(source, fields)})
        given, failed = given | more, failed | less
    else:
        failed["base_templates"] = failed.get("card", "")
    unanswered |= failed
    for key, value in given.items():
        facts |= value if key == "card" else {key: value}
    if "card" in failed:
        unanswered["card_text"] = failed["card"]
    return About(facts=facts, unanswered=unanswered)


def _from_info(info: Any, facts: dict[str, Any], unanswered: dict[str, str]) -> None:
    for key, attribute, right in _INFO:
        value = getattr(info, attribute, None)
        if value is None:
            unanswered[key] = "the hub does not say"
            continue
        try:
            if not right(value):
                raise ValueError(key)
            facts[key] = plain(value)
        except trouble.BAD_ANSWER:
            unanswered[key] = "the hub's answer makes no sense"
    try:
        facts["security"] = _security(info.security_repo_status)
    except trouble.BAD_ANSWER:
        unanswered["security"] = "the hub does not say"


def _security(said: Any) -> dict[str, Any]:
    """`clean`, `issues` or `unscanned`, and the files with issues. Raises `TypeError` where nothing was said."""
    if not isinstance(said, Mapping) or not isinstance(said.get("scansDone"), bool):
        raise TypeError("no security status")
    files = [
        {"path": str(item["path"])[:_WORDS], "level": str(item["level"])[:_WORDS]} for item in said["filesWithIssues"]
    ]
    status = "issues" if files else "clean" if said["scansDone"] else "unscanned"
    return {"status": status, "files": plain(files)}


def _organisation(source: HubSource, author: Any) -> dict[str, Any]:
    name = source.name.partition("/")[0] if "/" in source.name else author
    if not isinstance(name, str) or not name:
        raise ValueError("nobody is named")
    quoted = quote(name, safe="")
    try:
        said = _object(answer_to(source, f"/api/organizations/{quoted}/overview"))
    except NotFound:
        said = _object(answer_to(source, f"/api/users/{quoted}/overview"))
        return {"name": name, "person": True, **_kept(said, followers="numFollowers", models="numModels")}
    found = {"name": name, **_kept(said, members="numUsers", followers="numFollowers", models="numModels")}
    if isinstance(said.get("isVerified"), bool):
        found["verified"] = said["isVerified"]
    return found


def _kept(said: dict[str, Any], **fields: str) -> dict[str, Any]:
    return {key: said[field] for key, field in fields.items() if _count(said.get(field))}


def _commits(source: HubSource) -> list[dict[str, Any]]:
    """The newest first; the first page only."""
    said = answer_to(source, f"/api/models/{source.name}/commits/{source.commit}")
    if not isinstance(said, list):
        raise TypeError("no list")
    return [_commit(_object(item)) for item in said[:_COMMITS]]


def _commit(said: dict[str, Any]) -> dict[str, Any]:
    authors = [_object(author).get("user") for author in said["authors"]]
    return {
        "id": str(said["id"])[:_WORDS],
        "title": str(said["title"])[:_WORDS],
        "authors": [name[:_WORDS] for name in authors if isinstance(name, str)],
        "at": str(said["date"])[:_WORDS],
    }


def _evaluations(source: HubSource) -> Any:
    path = f"/api/models/{source.name}/revision/{source.commit}?expand=evalResults"
    return plain(_object(answer_to(source, path)).get("evalResults") or [])


def _card(source: HubSource) -> dict[str, Any]:
    text = card.read(source)
    if text is None:
        if source.offline:
            raise NotFound("README.md is not in the local cache")
        return {"card": {}, "card_text": ""}
    return {"card": card.front_matter(text), "card_text": text}


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("no object")
    return value
