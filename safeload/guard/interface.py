"""The nouns of the load: what may run, and for which one load."""

from __future__ import annotations

from abc import ABC, abstractmethod

from safeload.lean import TYPE_CHECKING, Any, Callable, ClassVar, Mapping, record
from safeload.policy.interface import Action, Review
from safeload.scanners.interface import How
from safeload.sources.interface import Call, Listing, Role, Snapshot, Source, Wanted

if TYPE_CHECKING:
    from pathlib import Path

    from safeload.decisions.interface import Decision
    from safeload.guard.sealed import Sealed
    from safeload.parsers.facts import Stream


@record(frozen=True, slots=True, kw_only=True)
class Grant:
    """Leave to load exactly these bytes, once. Make it with `Grant.issue`.

    `streams` are the pickles that were scanned, with the names each resolves; `code` holds the paths of the artifacts
    that may be executed; `files` maps artifact paths to where the bytes lie: in `sealed`, where that is not None.
    """

    call: Call
    snapshot: Snapshot
    decision: Decision
    streams: tuple[Stream, ...]
    code: frozenset[str]
    files: Mapping[str, Path]
    sealed: Sealed | None = None

    @classmethod
    def issue(
        cls,
        call: Call,
        review: Review,
        decision: Decision,
        files: Mapping[str, Path],
        sealed: Sealed | None = None,
    ) -> Grant:
        """Raises `ValueError` unless `decision` allows exactly what `review` saw in local bytes."""
        report = review.assessment.report
        if report.how is not How.LOCAL:
            raise ValueError("no grant from a report that was made over ranges")
        if review.snapshot.digest is None or decision.subject != review.snapshot.digest:
            raise ValueError("the decision is about other bytes")
        from safeload.decisions.interface import basis_of

        if decision.basis != basis_of(review.policy, review.verdict):
            raise ValueError("the decision answers another question")
        if decision.action is not Action.ALLOW:
            raise ValueError("the decision does not allow it")
        if review.verdict.action is Action.BLOCK and not review.policy.unsafe_override:
            raise ValueError("the policy blocks it and allows no override")
        streams = tuple(stream for result in report.results for stream in result.streams)
        code = frozenset(a.path for a in review.snapshot.artifacts if a.role is Role.CODE)
        return cls(
            call=call,
            snapshot=review.snapshot,
            decision=decision,
            streams=streams,
            code=code,
            files=files,
            sealed=sealed,
        )


@record(frozen=True, slots=True, kw_only=True)
class Entry:
    """A public function of a library that loads models: where it lives, and how to wrap it.

    `attribute` is dotted from the module (`PreTrainedModel.from_pretrained`). `family`: subclasses hold copies of the
    method, which are wrapped too. `everywhere`: modules that have bound the function before are given the wrapper too.
    """

    module: str
    attribute: str
    family: bool = False
    everywhere: bool = False

    @classmethod
    def at(cls, module: str, *attributes: str) -> tuple[Entry, ...]:
        """Several functions of one module."""
        return tuple(cls(module=module, attribute=attribute) for attribute in attributes)


class Loader(ABC):
    """What safeload knows of one library: its entry points, the files a call opens, and how to make the call."""

    name: ClassVar[str]
    entries: ClassVar[tuple[Entry, ...]] = ()
    repeatable: ClassVar[bool] = False  # may a call be tried before anything is scanned: no effect, and again

    @abstractmethod
    def recognises(self, listing: Listing) -> bool:
        """Would this library be the one to load such a repository, folder or file?"""

    @abstractmethod
    def scope(self, call: Call, listing: Listing) -> tuple[Wanted, ...]:
        """The files that `call` would open in `listing`; `Wanted(path="", repo=…)` is another repository, whole."""

    @abstractmethod
    def load(self, grant: Grant) -> Mapping[str, Any]:
        """Make the call that was granted. Returns names and objects (`model`, `tokenizer`). Runs model code."""

    def wants_weights(self, call: Call) -> bool:
        """Does the call load a model? (A tokenizer or a configuration alone has no weights.)"""
        return True

    def call_of(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
        """The call that somebody's use of an entry point amounts to; None when it loads nothing from outside."""
        return None

    def unasked(self, original: Callable[..., Any], entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Let a use go on that `call_of` has nothing to say of."""
        return original(*args, **kwargs)

    def proceed(
        self, original: Callable[..., Any], entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any], grant: Grant
    ) -> Any:
        """Let the intercepted call go on, bound to the grant (revision pinned, private bytes handed over)."""
        return original(*args, **kwargs)

    def attempt(self, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Where `repeatable`: the call under the hook alone. Raises `Stop` at a name that is not free; then everything
        is as it was before.
        """
        return original(*args, **kwargs)

    def source_of(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Source | None:
        """The bytes of an intercepted call that is not about a path or a repository (an open file, a buffer)."""
        return None
