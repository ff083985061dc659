"""The public functions: one target, keywords, frozen results."""

from __future__ import annotations

from contextlib import contextmanager

from safeload import patch, pipeline
from safeload.guard.loaders.calls import call_for
from safeload.lean import TYPE_CHECKING, Any, Iterator
from safeload.policy.named import policy_named
from safeload.terminal import TerminalDecider

if TYPE_CHECKING:
    from pathlib import Path

    from safeload.decisions.interface import Decider
    from safeload.policy.interface import Policy, Review


def scan(
    target: str | Path,
    *,
    revision: str | None = None,
    loader: str = "",
    trust_remote_code: bool = False,
    policy: str | Policy | None = None,
) -> Review:
    """Look at what loading `target` would open, and judge it. Nothing is loaded, nothing of it runs.

    Of a folder every file is looked at, unless `loader` says whose load is meant.

    `target` is a file, a folder, `org/name` or `org/name@revision`. `loader` is a library (`torch`, `joblib`, `pickle`,
    `transformers`) or an entry point (`AutoModel`); by default it is found from the files. `policy` is a preset
    (`strict`, `standard`, `lenient`), the path of a TOML file, or a `Policy`.

    Raises `SourceError` where the target cannot be read, `PolicyError`, `UsageError`.
    """
    call = call_for(str(target), revision=revision, loader=loader, trust_remote_code=trust_remote_code)
    return pipeline.scan(call, policy=policy_named(policy))


def review(
    target: str | Path,
    *,
    revision: str | None = None,
    loader: str = "",
    trust_remote_code: bool = False,
    policy: str | Policy | None = None,
) -> Review:
    """`scan`, and what else is known: trust and quality signals. Arguments and errors as in `scan`."""
    call = call_for(str(target), revision=revision, loader=loader, trust_remote_code=trust_remote_code)
    return pipeline.review(call, policy=policy_named(policy))


def load(
    target: str | Path,
    *,
    revision: str | None = None,
    loader: str = "",
    trust_remote_code: bool = False,
    policy: str | Policy | None = None,
    decider: Decider | None = None,
    **options: Any,
) -> pipeline.Loaded:
    """Look, decide, and load exactly the bytes that were decided on. Arguments as in `scan`.

    `decider` is who is asked (default: the panel under `%load_ext safeload`, else the terminal, else nobody); `options`
    go to the library's own load function. Raises `Blocked`, `Denied`, `DecisionNeeded`, and what `scan` raises.
    """
    call = call_for(str(target), revision=revision, loader=loader, trust_remote_code=trust_remote_code, options=options)
    asked = decider or _whoever_is_there()
    # Guarded, installed or not: what the library's own code reaches for is held to the grant.
    with patch.guarded(policy=policy, decider=asked):
        return pipeline.load(call, policy=policy_named(policy), decider=asked)


def from_pretrained(
    auto_class: type,
    target: str | Path,
    *,
    policy: str | Policy | None = None,
    decider: Decider | None = None,
    **kwargs: Any,
) -> Any:
    """`auto_class.from_pretrained(target, **kwargs)`, guarded, whether or not the guard is installed.

    Returns what it returns. Raises `Blocked`, `Denied`, `DecisionNeeded`, and what `scan` raises.
    """
    with patch.guarded(policy=policy, decider=decider or _whoever_is_there()):
        return auto_class.from_pretrained(str(target), **kwargs)  # type: ignore[attr-defined]


def install(*, policy: str | Policy | None = None, decider: Decider | None = None) -> None:
    """Guard every load in this process from now on, until `remove()`. Raises `PolicyError`."""
    patch.install(policy=policy, decider=decider or TerminalDecider())


def unsafe_off(*, reason: str) -> None:
    """Turn the guard off in this process, on purpose: from here on, what a model brings runs.

    `reason` is written into the audit log, before anything is turned off. Raises `UsageError` without one, and
    `StateError` when it cannot be written down; then the guard stays on.
    """
    import getpass

    from safeload import home
    from safeload.auditlog import AuditLog
    from safeload.errors import UsageError

    if not reason.strip():
        raise UsageError("The guard was not turned off: no reason was given.", next='Say why: unsafe_off(reason="…").')
    AuditLog(home.ready()).append("unsafe-off", who=getpass.getuser(), reason=reason.strip())
    patch.remove()


@contextmanager
def guarded(*, policy: str | Policy | None = None, decider: Decider | None = None) -> Iterator[None]:
    """Guard the loads in a block of code. Raises `PolicyError`."""
    with patch.guarded(policy=policy, decider=decider or _whoever_is_there()):
        yield


def _whoever_is_there() -> Decider:
    return patch.decider() or TerminalDecider()
