"""Library entry points -> pipeline: `install()`, `remove()`, `guarded()`."""

from __future__ import annotations

import atexit
import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from safeload import children, reaching
from safeload.errors import NotLoaded, SafeloadError, Stop
from safeload.guard import hook, own, session, stops, unforeseen, workers, wrapping
from safeload.guard.watch import Watch
from safeload.lean import TYPE_CHECKING, Any, Callable, Iterator, record, replace
from safeload.policy.named import policy_named
from safeload.scanners import names
from safeload.telling import flush_stops, tell_swallowed

if TYPE_CHECKING:
    from types import ModuleType

    from safeload.decisions.interface import Decider
    from safeload.guard.interface import Entry, Grant, Loader
    from safeload.policy.interface import Policy
    from safeload.sources.interface import Call, Source


@record(frozen=True, slots=True, kw_only=True)
class Setup:
    """Under which policy loads are guarded, and who is asked."""

    policy: Policy
    decider: Decider | None


_setups: list[Setup] = []
_since: list[float] = []  # when the guard was turned on, in seconds of `time.time`


def install(*, policy: str | Policy | None = None, decider: Decider | None = None) -> None:
    """Guard every load in this process from now on. Calling it again replaces policy and decider.

    `policy` is a preset's name, the path of a TOML file or a `Policy`; None is the standard one. `decider` is who is
    asked; None asks nobody, so that every question stops the load. Raises `PolicyError`.
    """
    setup = Setup(policy=policy_named(policy), decider=decider)
    if _setups:
        _setups[0] = setup
        children.begin(setup.policy.given)
        return
    _setups.append(setup)
    children.begin(setup.policy.given)
    _start()
    atexit.unregister(tell_swallowed)
    atexit.register(tell_swallowed)


def remove() -> None:
    """Put back exactly what was there. The audit hook stays, inert: Python has no way to take it out."""
    _setups.clear()
    children.end()
    _stop()


def installed() -> bool:
    return bool(_setups)


def setup() -> Setup | None:
    """What is in force, if the guard is on."""
    return _setups[-1] if _setups else None


def since() -> float | None:
    """When the guard was turned on, in seconds of `time.time`."""
    return _since[-1] if _since else None


def decider() -> Decider | None:
    """Who is asked by the guard that is in force, if one is."""
    return _setups[-1].decider if _setups else None


@contextmanager
def guarded(*, policy: str | Policy | None = None, decider: Decider | None = None) -> Iterator[None]:
    """Guard the loads in a block of code, whatever was installed around it. Raises `PolicyError`."""
    if decider is None and _setups:
        decider = _setups[-1].decider
    setup = Setup(policy=policy_named(policy), decider=decider)
    if not _setups:
        _start()
    _setups.append(setup)
    try:
        yield
    finally:
        if setup in _setups:
            _setups.remove(setup)
        if not _setups:
            _stop()


def _start() -> None:
    rules = hook.Rules(
        free=names.free_pairs(),
        dangerous=lambda module, name: names.dangerous(module, name) is not None,
        code_folders=_code_folders(),
    )
    _since.append(time.time())
    hook.on(rules)
    wrapping.wrap_all(_guard)
    unforeseen.judged_by(lambda call: reaching.question(call, policy=_setups[-1].policy))
    _watch.start()


def _stop() -> None:
    _since.clear()
    hook.off()
    _watch.stop()
    wrapping.unwrap_all()
    flush_stops()


def _code_folders() -> tuple[str, ...]:
    """Where huggingface libraries put code that came with a model, as `co_filename` spells it."""
    base = os.environ.get("HF_HOME") or os.path.join(  # noqa: PTH118
        os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser()), "huggingface"
    )
    folder = os.environ.get("HF_MODULES_CACHE") or os.path.join(base, "modules")  # noqa: PTH118
    folder = str(Path(folder).expanduser())
    return tuple({folder, os.path.realpath(folder)})


def _guard(
    loader: Loader, entry: Entry, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """One use of a guarded entry point."""
    if not _setups or hook.reader_is_known(sys._getframe(1)):
        return original(*args, **kwargs)
    if loader.repeatable:
        try:
            return loader.attempt(original, args, kwargs)
        except Stop as stop:
            hook.withdraw(stop)  # not the end of it: now it is scanned, and decided on
    call = loader.call_of(entry, args, kwargs)
    if call is None:
        return loader.unasked(original, entry, args, kwargs)
    covering = session.covering(call.target)
    if covering is not None:
        return loader.proceed(_handed(original, covering), entry, args, kwargs, covering)
    unforeseen.repository(call, lambda other: reaching.approved(other, policy=_setups[-1].policy))
    source = loader.source_of(args, kwargs)
    return _decided(
        replace(call, loader=loader.name),
        source,
        lambda grant: loader.proceed(_handed(original, grant), entry, args, kwargs, grant),
    )


def _handed(original: Callable[..., Any], grant: Grant) -> Callable[..., Any]:
    """Given the sealed copies in place of paths, where there are any."""
    return original if grant.sealed is None else grant.sealed.handing(original)


def _decided(call: Call, source: Source | None, proceed: Callable[[Grant], Any]) -> Any:
    """The call, let go on under a grant. Inside another load a refusal goes outwards as a `Stop`."""
    from safeload import pipeline  # not before there is something to load: it brings the whole house

    setup = _setups[-1]
    nested = session.depth() > 0
    try:
        with names.also(own.known):
            return pipeline.admit(
                call,
                lambda opened, grant: proceed(grant),
                policy=setup.policy,
                decider=setup.decider,
                source=source,
            )[2]
    except NotLoaded as error:
        stops.note(error.message)
        raise stops.outwards(error, nested=nested) from None
    except SafeloadError as error:
        raise error from None
    finally:
        flush_stops()


def _imported(module: ModuleType) -> None:
    wrapping.wrap_module(module, _guard)
    if module.__name__ in workers.MODULES:
        workers.watch()
    if module.__name__ in children.MODULES:
        children.watch()


_watch = Watch(wrapping.MODULES | workers.MODULES | children.MODULES, _imported)
