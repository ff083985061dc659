"""YAML by PyYAML's events: nothing is constructed, so no tag has an effect."""

from __future__ import annotations

import yaml

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Any, Final, Iterator, field, record, replace
from safeload.parsers import text
from safeload.parsers.facts import GapReason, Mention, TextFacts
from safeload.parsers.pickles.ledger import Refused
from safeload.parsers.programs import settings
from safeload.parsers.visit import Parts, Visit, gap_of

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader

# The C parser where it is built in: ten times as fast, and in a process without rights.
_PARSER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STANDARD: Final = "tag:yaml.org,2002:"
_PYTHON: Final = f"{_STANDARD}python/"
_SHOWN: Final = 8  # keys that stand twice


def read(reader: Reader, visit: Visit) -> Parts | None:
    """None when only the start looked like text."""
    seen = text.read_part(reader, visit)
    if seen is None:
        return None
    part = replace(seen[0], needs="", gap=None)
    try:
        found = _parsed(reader)
        facts = TextFacts(
            json=part.text.json if part.text else False,
            lines=part.text.lines if part.text else 0,
            anomalies=tuple(f"duplicate-key: {key}" for key in found.doubled),
        )
        named = [*part.mentions, *found.tags()]
        for document in found.documents:
            named += settings.mentions(document)
        part = replace(part, text=facts, mentions=tuple(dict.fromkeys(named)))
    except Malformed as error:
        part = replace(part, gap=gap_of(error))
    return (part, *seen[1:])


@record(slots=True)
class _Open:
    """A collection that is being read. `size` counts its values with all aliases written out."""

    value: dict[str, Any] | list[Any]
    anchor: str | None
    size: int = 1
    key: str | None = None
    keyed: bool = False


@record(slots=True)
class _Found:
    documents: list[Any] = field(default_factory=list)
    named: dict[str, int] = field(default_factory=dict)
    doubled: list[str] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, tuple[Any, int]] = field(default_factory=dict)

    def tags(self) -> Iterator[Mention]:
        for tag, count in self.named.items():
            yield Mention(kind=settings.TAG, text=tag[: limits.NAME], count=count)

    def event(self, event: Any) -> None:
        tag = getattr(event, "tag", None)
        if tag is not None and tag != "!" and (tag.startswith(_PYTHON) or not tag.startswith(_STANDARD)):
            self.named[tag] = self.named.get(tag, 0) + 1
            if len(self.named) > limits.MENTIONS:
                raise Refused(f"more than {limits.MENTIONS:,} tags", reason=GapReason.LIMIT)
        if isinstance(event, yaml.DocumentStartEvent):
            self.anchors.clear()
        elif isinstance(event, yaml.ScalarEvent):
            self._add(event.value, 1, event.anchor)
        elif isinstance(event, yaml.AliasEvent):
            self._add(*self.anchors.get(event.anchor, (None, 1)), None)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._open(event)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            closed = self.stack.pop()
            self._add(closed.value, closed.size, closed.anchor)

    def _open(self, event: Any) -> None:
        if len(self.stack) >= limits.YAML_DEPTH:
            raise Refused(f"more than {limits.YAML_DEPTH} collections deep", reason=GapReason.LIMIT)
        value: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        self.stack.append(_Open(value=value, anchor=event.anchor))
        if event.anchor:
            self.anchors[event.anchor] = (value, 1)  # it may mean itself

    def _add(self, value: Any, size: int, anchor: str | None) -> None:
        if anchor:
            self.anchors[anchor] = (value, size)
        if not self.stack:
            self.documents.append(value)
            return
        top = self.stack[-1]
        top.size += size
        if top.size > limits.YAML_VALUES:
            detail = f"its aliases make more than {limits.YAML_VALUES:,} values of it"
            raise Refused(detail, reason=GapReason.LIMIT)
        if isinstance(top.value, list):
            top.value.append(value)
        elif not top.keyed:
            # A key that is a collection is no setting; what is in it counts.
            top.key, top.keyed = value if isinstance(value, str) else f"?{len(top.value)}", True
            if top.key in top.value and top.key != "<<" and len(self.doubled) < _SHOWN:
                self.doubled.append(ascii(top.key)[:80])
            if not isinstance(value, str):
                top.value[f"{top.key}?"] = value
        else:
            top.value[top.key or ""], top.keyed = value, False


def _parsed(reader: Reader) -> _Found:
    if reader.size > limits.YAML_BYTES:
        raise Refused(f"{reader.size:,} bytes of YAML", reason=GapReason.LIMIT)
    found = _Found()
    try:
        for event in yaml.parse(reader.read_at(0, reader.size), Loader=_PARSER):
            found.event(event)
    except Malformed:
        raise
    except yaml.YAMLError as error:
        problem = getattr(error, "problem", None) or type(error).__name__
        raise Malformed(f"no YAML: {problem}") from error
    except (RecursionError, ValueError) as error:
        raise Malformed(f"no YAML: {type(error).__name__}") from error
    return found
