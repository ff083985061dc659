"""The options that several subcommands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from safeload.cli.calls import Format as Format
from safeload.cli.calls import call_of as call_of

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
