"""A model card: its front matter and its text, as hostile as the rest of the repository."""

from __future__ import annotations

from safeload import limits
from safeload.errors import SourceError
from safeload.lean import Any
from safeload.sources.asking import plain

_DASHES = "---"
_BYTES = limits.MIB  # of the file that are read: the front matter stands first, and more text is not kept


def front_matter(text: str) -> dict[str, Any]:
    """The fields at the head of a card, as huggingface_hub reads them. Raises `ValueError`, `TypeError`."""
    from huggingface_hub import ModelCard

    head = text.lstrip("\ufeff")
    if not head.lstrip().startswith(_DASHES):
        return {}
    end = head.find(f"\n{_DASHES}", head.index(_DASHES) + len(_DASHES))
    if max(end, 0) > limits.CARD_FIELDS or (end < 0 and len(head) > limits.CARD_FIELDS):
        raise ValueError("the front matter is too long to be read")
    if end < 0:
        return {}
    import yaml

    try:
        card = ModelCard(head[: end + 1 + len(_DASHES)] + "\n", ignore_metadata_errors=True)
    except yaml.YAMLError as error:
        raise ValueError("the front matter is not YAML") from error
    found = plain(card.data.to_dict())
    return found if isinstance(found, dict) else {}


def text_of(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")[: limits.CARD_TEXT]


def read(source: Any) -> str | None:
    """The text of `README.md`, bounded; None where there is none. Raises `SourceError`."""
    artifact = next((a for a in source.files() if a.path == "README.md"), None)
    if artifact is None:
        return None
    readable = source.open("README.md")
    try:
        if readable.size is None:
            raise SourceError("README.md has no size.")
        return text_of(readable.read_at(0, min(readable.size, _BYTES)))
    finally:
        readable.close()
