"""The fields of a policy file, each checked, with the line and the nearest known word where one is wrong."""

from __future__ import annotations

import difflib
import json

from safeload.errors import PolicyError
from safeload.lean import Any, Choice, Collection, Final, Iterable, Mapping, TypeVar, record
from safeload.policy.interface import Action, Policy
from safeload.policy.lines import Keys, lines_of, pointed
from safeload.policy.presets import DEFAULT, PRESETS
from safeload.scanners.escape import plain
from safeload.signals.interface import Outcome

__all__ = ["Fields", "nearest"]

E = TypeVar("E", bound=Choice)

NAME: Final = 60  # characters of a policy's name


def nearest(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"Did you mean {near[0]!r}?" if near else ""


def _rule_ids() -> frozenset[str]:
    """Only the ids: a misspelt rule would silently keep its severity's action."""
    from safeload.scanners.registry import all_rules

    return frozenset(rule.id for rule in all_rules())


@record(frozen=True, slots=True, kw_only=True)
class Fields:
    """Reads the fields of one parsed file; `shown` is its path, `text` what stands in it. Raises `PolicyError`."""

    shown: str
    text: str

    def wrong(self, keys: Keys, message: str, next: str, *, value: Any = None) -> PolicyError:
        """The error about the field at `keys`, pointing at its key, or at `value` where that is what is wrong."""
        line = lines_of(self.text).get(keys)
        where = f"{self.shown}, line {line}" if line else self.shown
        if line is None:
            return PolicyError(f"{where}: {message}", next=next)
        at_value = value is not None
        what = json.dumps(value) if isinstance(value, (str, bool, int)) else "" if at_value else keys[-1]
        return PolicyError(f"{where}: {message}\n{pointed(self.text, line, what, after_equals=at_value)}", next=next)

    def only(self, data: Mapping[str, Any], above: Keys, known: Collection[str]) -> None:
        for key in data:
            if key not in known:
                place = f" in [{'.'.join(above)}]" if above else ""
                choice = f"The keys{place} are: {', '.join(known)}." if len(known) <= 12 else "There is no such id."
                message = f"there is no key {plain(key, 60)!r}{place}."
                raise self.wrong((*above, key), message, nearest(key, known) or choice)

    def table(self, data: Mapping[str, Any], key: str, known: Collection[str] | None) -> Mapping[str, Any]:
        table = data.get(key, {})
        if not isinstance(table, dict):
            raise self.wrong((key,), f"{key!r} must be a table.", f"Write [{key}] on a line of its own.", value=table)
        if known is not None:
            self.only(table, (key,), known)
        return table

    def action(self, value: Any, keys: Keys) -> Action:
        words = [action.value for action in Action]
        if isinstance(value, str) and value in words:
            return Action(value)
        choice = f"Write one of {', '.join(json.dumps(w) for w in words)}."
        near = nearest(value, words) if isinstance(value, str) else ""
        raise self.wrong(keys, "this is not an action.", near or choice, value=value)

    def boolean(self, value: Any, keys: Keys) -> bool:
        if isinstance(value, bool):
            return value
        raise self.wrong(keys, "this must be true or false.", "Write it without quotes.", value=value)

    def actions(self, data: Mapping[str, Any], key: str, kind: type[E]) -> dict[E, Action]:
        table = self.table(data, key, [member.value for member in kind])
        return {kind(name): self.action(value, (key, name)) for name, value in table.items()}

    def rules(self, data: Mapping[str, Any], known: Collection[str] | None) -> dict[str, Action]:
        if known is None and data.get("rules"):
            known = _rule_ids()
        table = self.table(data, "rules", known)
        return {name: self.action(value, ("rules", name)) for name, value in table.items()}

    def signals(self, data: Mapping[str, Any]) -> dict[str, dict[Outcome, Action]]:
        from safeload.signals.assess import PROBES

        found: dict[str, dict[Outcome, Action]] = {}
        for name, table in self.table(data, "signals", [probe.id for probe in PROBES]).items():
            keys = ("signals", name)
            if not isinstance(table, dict):
                example = f'Write for example: [signals.{json.dumps(name)}] and below it weighs-against = "ask".'
                raise self.wrong(keys, "this must be a table.", example, value=table)
            self.only(table, keys, [outcome.value for outcome in Outcome])
            found[name] = {Outcome(o): self.action(value, (*keys, o)) for o, value in table.items()}
        return found

    def preset(self, data: Mapping[str, Any]) -> Policy:
        name = data.get("extends", DEFAULT.name)
        if isinstance(name, str) and name in PRESETS:
            return PRESETS[name]
        near = nearest(name, PRESETS) if isinstance(name, str) else ""
        choice = f"The presets are: {', '.join(PRESETS)}."
        raise self.wrong(("extends",), "there is no such preset.", near or choice, value=name)

    def name(self, data: Mapping[str, Any]) -> str:
        name = data.get("name", "")
        if not isinstance(name, str) or plain(name, NAME) != name:
            raise self.wrong(
                ("name",), f"a name is visible text of at most {NAME} characters.", "Shorten it.", value=name
            )
        if name in PRESETS:
            raise self.wrong(("name",), "this is a preset's name.", "Choose a name of your own.", value=name)
        return name
