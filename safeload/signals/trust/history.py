"""How long the repository has been there, and whether its last change came from somebody new."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, Any, Final, Mapping
from safeload.signals.answers import ago, count, is_local, items, moment, named, text, why
from safeload.signals.interface import Dimension, Outcome, Probe, Signal, Subject

if TYPE_CHECKING:
    from datetime import datetime

_YOUNG: Final = 30  # days; nobody had the time to notice anything
_OLD: Final = 180  # days
_RECENT: Final = 30  # days in which a change by somebody new is news
_KNOWN: Final = 3  # earlier commits, from which on there is somebody to be new beside
_PAGE: Final = 50  # commits; a hub lists them by pages, and only the first is asked for


class History(Probe):
    """Only the hub's own date of creation can support: dates and authors of commits are written by whoever commits."""

    id = "trust-history"
    dimension = Dimension.TRUST

    def observe(self, subject: Subject) -> Signal:
        if is_local(subject):
            return self.signal(Outcome.UNKNOWN, "These are local files; where they have been is not known.")
        now = moment(subject.now)
        created = moment(subject.about.facts.get("created_at"))
        commits = items(subject.about.facts, "commits")
        at = subject.now
        if now is None or (created is None and commits is None):
            reason = why(subject, "created_at", "commits")
            return self.signal(Outcome.UNKNOWN, "The hub did not say how old the repository is.", reason)
        if created is not None and created > now:
            return self.signal(Outcome.UNKNOWN, "The hub says that the repository was made in the future.", at=at)
        newcomers = _newcomers(commits or (), now)
        work = _work(commits)
        if newcomers:
            return self.signal(
                Outcome.WEIGHS_AGAINST,
                f"The latest change is recent, and by {named(newcomers)}, who had changed nothing here before.",
                work,
                _latest(commits or ()),
                at=at,
            )
        if created is None:
            return self.signal(Outcome.NEUTRAL, f"The hub did not say when it was made; it has {work}.", at=at)
        days = (now - created).days
        outcome = Outcome.WEIGHS_AGAINST if days < _YOUNG else Outcome.SUPPORTS if days >= _OLD else Outcome.NEUTRAL
        sentence = f"The repository was made {ago(days)}" + (f", and has {work}." if work else ".")
        return self.signal(outcome, sentence, _latest(commits or ()), at=at)


def _authors(commit: Mapping[str, Any]) -> tuple[str, ...]:
    authors = commit.get("authors")
    return tuple(a for a in authors if isinstance(a, str) and a) if isinstance(authors, (list, tuple)) else ()


def _newcomers(commits: tuple[Mapping[str, Any], ...], now: datetime) -> tuple[str, ...]:
    """Who made the latest change, if it is recent and none of them made an earlier one."""
    if len(commits) <= _KNOWN:
        return ()
    at = moment(commits[0].get("at"))
    latest = _authors(commits[0])
    known = {author for commit in commits[1:] for author in _authors(commit)}
    if at is None or (now - at).days > _RECENT or not known or known & set(latest):
        return ()
    return latest


def _work(commits: tuple[Mapping[str, Any], ...] | None) -> str:
    if not commits:
        return ""
    people = len({author for commit in commits for author in _authors(commit)})
    many = f"at least {len(commits)} commits" if len(commits) >= _PAGE else count(len(commits), "commit")
    return many + (f" by {count(people, 'person', 'people')}" if people else "")


def _latest(commits: tuple[Mapping[str, Any], ...]) -> str:
    title = text(commits[0], "title") if commits else None
    return f"latest: {title}" if title else ""
