"""Who is asked in these tests."""

from __future__ import annotations

from collections.abc import Callable

from safeload.decisions.interface import Answer, Decider
from safeload.policy.interface import Action, Review


class Says(Decider):
    """Answers every question in the same way, and keeps them. `meanwhile` happens while the question stands."""

    def __init__(self, action: Action | None, meanwhile: Callable[[], object] | None = None) -> None:
        self.action, self.meanwhile = action, meanwhile
        self.asked: list[Review] = []

    def ask(self, review: Review) -> Answer | None:
        self.asked.append(review)
        if self.meanwhile is not None:
            self.meanwhile()
        return None if self.action is None else Answer(action=self.action, who="somebody")
