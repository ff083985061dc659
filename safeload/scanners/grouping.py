"""What a scanner found, by the rule that it falls under: one finding a rule, however often it applies."""

from __future__ import annotations

from safeload.lean import Iterable, TypeVar
from safeload.scanners.interface import Rule

Seen = TypeVar("Seen")


def by_rule(found: Iterable[tuple[Rule | None, Seen]]) -> Iterable[tuple[Rule, list[Seen]]]:
    """In the order in which the rules were first met; what falls under none is left out."""
    groups: dict[str, tuple[Rule, list[Seen]]] = {}
    for rule, seen in found:
        if rule is not None:
            groups.setdefault(rule.id, (rule, []))[1].append(seen)
    return groups.values()
