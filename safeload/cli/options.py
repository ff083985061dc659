"""The options that several subcommands share."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from safeload.errors import UsageError

if TYPE_CHECKING:
    from safeload.sources.interface import Call


class Format(str, Enum):
    TEXT = "text"
    JSON = "json"


Target = Annotated[
    str, typer.Argument(metavar="TARGET", help="A file, a folder, org/name, or org/name@revision.", show_default=False)
]
Targets = Annotated[
    list[str],
    typer.Argument(metavar="TARGET...", help="Files, folders, org/name, or org/name@revision.", show_default=False),
]
FormatOption = Annotated[Format, typer.Option("--format", help="For people, or one JSON object a line.")]
OutputOption = Annotated[
    Path | None, typer.Option("--output", help="Write the report to this file, whole or not at all.")
]
PolicyOption = Annotated[
    str | None,
    typer.Option("--policy", metavar="NAME|FILE", help="strict, standard, lenient, or the path of a TOML file."),
]
LoaderOption = Annotated[
    str, typer.Option("--loader", help="A library (torch, joblib …) or a class (AutoModel). Default: from the files.")
]
RemoteCodeOption = Annotated[
    bool, typer.Option("--trust-remote-code", help="Look at it as a load that runs the repository's own code.")
]
RevisionOption = Annotated[
    str | None, typer.Option("--revision", help="A branch, tag or commit; the same as org/name@revision.")
]
LoadOption = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="KEY=VALUE", help="An argument of the load that changes which files it opens."),
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, in your words; it is logged.", show_default=False)]


def call_of(target: str, *, revision: str | None, loader: str, trust: bool, options: Sequence[str] | None) -> Call:
    """What the user asked about. Raises `UsageError`."""
    from safeload.guard.loaders.calls import call_for

    if not target.strip():
        raise UsageError("An empty target names nothing.", next="Name a file, a folder, or org/name.")
    pairs = dict(_pair(option) for option in options or ())
    return call_for(target, revision=revision, loader=loader, trust_remote_code=trust, options=pairs)


def _pair(option: str) -> tuple[str, str | bool]:
    from safeload.decisions.command import SCOPING

    key, separator, value = option.partition("=")
    if not separator or key not in SCOPING:
        raise UsageError(f"--option {option!r} is not understood.", next=f"Known: {', '.join(SCOPING)}, as KEY=VALUE.")
    # As the approve command that safeload prints spells Python's own values.
    return key, {"true": True, "false": False}.get(value.lower(), value)
