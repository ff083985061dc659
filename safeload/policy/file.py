"""Policies as TOML files."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

from safeload import limits
from safeload.errors import PolicyError
from safeload.lean import Collection, Final, Mapping
from safeload.parsers.facts import GapReason
from safeload.policy.fields import Fields
from safeload.policy.interface import Action, Policy
from safeload.policy.lines import pointed
from safeload.policy.presets import PRESETS
from safeload.scanners.escape import plain
from safeload.scanners.interface import Severity

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["dump", "read_policy"]

_KEYS: Final = ("extends", "name", "nothing-to-load", "findings", "gaps", "rules", "signals", "override", "bytes")


def read_policy(path: Path, *, known_rules: Collection[str] | None = None) -> Policy:
    """A policy from a TOML file: what it says, and for all else what the preset that it `extends` says.

    `known_rules` are the ids that may stand under `[rules]` (None: those of all scanners). Raises `PolicyError`.
    """
    shown = plain(str(path), 200)
    text = _text_of(path, shown)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(shown, text, str(error)) from error
    except RecursionError:
        raise PolicyError(f"{shown} is nested too deeply to be a policy.", next="Write it anew.") from None
    file = Fields(shown=shown, text=text)
    if not data:
        raise PolicyError(
            f"{shown} says nothing, and an empty policy never allows.",
            next='Write at least: extends = "standard"',
        )
    file.only(data, (), _KEYS)
    base = file.preset(data)
    override = file.table(data, "override", ("unsafe",))
    held = file.table(data, "bytes", ("sealed",))
    return Policy(
        name=file.name(data) or shown,
        findings={**base.findings, **file.actions(data, "findings", Severity)},
        gaps={**base.gaps, **file.actions(data, "gaps", GapReason)},
        nothing_to_load=file.action(data["nothing-to-load"], ("nothing-to-load",))
        if "nothing-to-load" in data
        else base.nothing_to_load,
        rules={**base.rules, **file.rules(data, known_rules)},
        signals=file.signals(data),
        unsafe_override=file.boolean(override["unsafe"], ("override", "unsafe"))
        if "unsafe" in override
        else base.unsafe_override,
        sealed=file.boolean(held["sealed"], ("bytes", "sealed")) if "sealed" in held else base.sealed,
    )


def dump(policy: Policy) -> str:
    """The policy as TOML that `read_policy` reads back. Raises `ValueError` for two policies at once."""
    if policy.also:
        raise ValueError("two policies at once are two files")
    # `strict` has neither rules nor signals of its own, so that nothing is inherited that is not written here.
    lines = ['extends = "strict"', f"name = {_quoted(policy.name)}"]
    lines += [f'nothing-to-load = "{policy.nothing_to_load.value}"']
    lines += _section("findings", {s.value: policy.findings[s] for s in reversed(Severity)})
    lines += _section("gaps", {g.value: policy.gaps[g] for g in GapReason})
    lines += _section("rules", policy.rules)
    for name, outcomes in policy.signals.items():
        lines += _section(f"signals.{_quoted(name)}", {o.value: a for o, a in outcomes.items()}, keep=True)
    lines += ["", "[override]", f"unsafe = {str(policy.unsafe_override).lower()}"]
    lines += ["", "[bytes]", f"sealed = {str(policy.sealed).lower()}"]
    return "\n".join(lines) + "\n"


def _section(name: str, actions: Mapping[str, Action], *, keep: bool = False) -> list[str]:
    if not actions and not keep:
        return []
    return ["", f"[{name}]", *(f'{_quoted(key)} = "{action.value}"' for key, action in actions.items())]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _text_of(path: Path, shown: str) -> str:
    try:
        if not path.is_file():  # a pipe would never end
            missing = not os.path.lexists(path)
            raise PolicyError(
                f"There is no policy file {shown}." if missing else f"{shown} is not a file.",
                next=f"Give a file, or one of the presets: {', '.join(PRESETS)}.",
            )
        with path.open("rb") as file:
            raw = file.read(limits.POLICY_FILE + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "its name is not a path"
        raise PolicyError(f"{shown} cannot be read ({why}).", next="Check its permissions.") from error
    if len(raw) > limits.POLICY_FILE:
        raise PolicyError(
            f"{shown} is too large to be a policy (more than {limits.POLICY_FILE // limits.KIB} KiB).",
            next="Check that this is the file you meant.",
        )
    try:
        return raw.decode("utf-8").removeprefix("\ufeff").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise PolicyError(f"{shown}, line {line}: this is not UTF-8 text.", next="Save the file as UTF-8.") from error


def _not_toml(shown: str, text: str, said: str) -> PolicyError:
    """`tomllib` says where as `(at line 3, column 5)`."""
    found = re.search(r"\(at line (\d+), column (\d+)\)", said)
    what = plain(re.sub(r"\s*\(at .*\)$", "", said), 200)
    if not found:
        return PolicyError(f"{shown} is not TOML: {what}.", next="See https://toml.io for its rules.")
    line, column = int(found[1]), int(found[2])
    source = text.split("\n")[line - 1]
    return PolicyError(
        f"{shown}, line {line}: this is not TOML: {what}.\n{pointed(text, line, source[column - 1 :])}",
        next="See https://toml.io for its rules.",
    )
