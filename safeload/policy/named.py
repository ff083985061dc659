"""Which policy is meant: a preset, a file, or what applies when nothing is given."""

from __future__ import annotations

import os

from safeload.errors import PolicyError
from safeload.lean import Collection, Final, replace
from safeload.policy.interface import Policy
from safeload.policy.presets import DEFAULT, PRESETS
from safeload.scanners.escape import plain
from safeload.signals.interface import Outcome

__all__ = ["policy_named", "tighten"]

FOUND: Final = "safeload.toml"  # looked for in the working folder, where it may only tighten
ORGANISATION: Final = "SAFELOAD_POLICY"  # a preset or file that stands for `standard` where nothing is given


def policy_named(
    given: str | os.PathLike[str] | Policy | None, *, known_rules: Collection[str] | None = None
) -> Policy:
    """The policy that is meant: a preset's name, a file, or what applies when nothing is given.

    Without one: `SAFELOAD_POLICY` (a preset or a file) or `standard`, made stricter by a `safeload.toml` in the working
    folder. Nothing is ever read from a model's folder. Raises `PolicyError`.
    """
    if isinstance(given, Policy):
        return given
    if given is not None:
        text = os.fspath(given)
        return replace(_preset_or_file(text, known_rules), given=text)
    organisation = os.environ.get(ORGANISATION)
    base = _preset_or_file(organisation, known_rules) if organisation else DEFAULT
    if not os.path.lexists(FOUND):
        return base
    from pathlib import Path

    from safeload.policy.file import read_policy

    return tighten(base, read_policy(Path(FOUND), known_rules=known_rules))


def _preset_or_file(text: str, known_rules: Collection[str] | None) -> Policy:
    if text in PRESETS:
        return PRESETS[text]
    from pathlib import Path

    from safeload.policy.fields import nearest
    from safeload.policy.file import read_policy

    path = Path(os.path.expanduser(text))  # noqa: PTH111  Path.expanduser raises for an unknown user
    if not os.path.lexists(path) and path.suffix != ".toml":
        raise PolicyError(
            f"There is no policy called {plain(text, 200)!r}, and no such file.",
            next=nearest(text, PRESETS) or f"The presets are {', '.join(PRESETS)}; anything else is a path to a file.",
        )
    return read_policy(path, known_rules=known_rules)


def tighten(base: Policy, other: Policy) -> Policy:
    """Both policies at once: wherever they differ, the stricter answer counts."""
    return replace(
        base,
        name=f"{base.name}, tightened by {other.name}",
        also=(*base.also, other),
        unsafe_override=base.unsafe_override and other.unsafe_override,
        signals={
            name: {
                outcome: max(
                    (p.signals[name][outcome] for p in (base, other) if outcome in p.signals.get(name, {})),
                    key=lambda action: action.strictness,
                )
                for outcome in Outcome
                if any(outcome in p.signals.get(name, {}) for p in (base, other))
            }
            for name in sorted({*base.signals, *other.signals})
        },
    )
