"""`safeload convert`: the tensors of a pickle, and nothing else of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from safeload.cli import exits
from safeload.cli import options as o
from safeload.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from safeload.rescue.interface import Rescued

FolderOption = Annotated[
    Path | None,
    typer.Option("--output", metavar="DIR", help="A folder that is not there yet. Default: NAME-safetensors."),
]


def convert(
    target: o.Target,
    output: FolderOption = None,
    format: o.FormatOption = o.Format.TEXT,
    loader: o.LoaderOption = "",
    revision: o.RevisionOption = None,
    option: o.LoadOption = None,
) -> int:
    """Take the tensors out of a pickle, into a folder of safetensors.

    Nothing that the pickle names is called. The folder has the tensors,
    the settings that a load needs, and a record of what was not kept.

    Exit code: 0 done, 2 error.
    """
    from safeload.cli.output import Output
    from safeload.cli.progress import Line
    from safeload.rescue.convert import convert as rescue

    call = o.call_of(target, revision=revision, loader=loader, options=option)
    with Line() as progress:
        done = rescue(call, output or Path(_named(target)), progress=progress)
    with Output(None) as out:
        out.write(_json(done) if format is o.Format.JSON else _text(done))
    return exits.ALLOW


def _named(target: str) -> str:
    """`org/name@commit` and `folder/name.bin` are both `name-safetensors`."""
    name = Path(target).name.partition("@")[0]
    return f"{Path(name).stem or 'model'}-safetensors" if Path(target).is_file() else f"{name or 'model'}-safetensors"


def _json(done: Rescued) -> str:
    from safeload.report import json
    from safeload.rescue.folder import described

    return json.line({"folder": str(done.folder), **described(done)}) + "\n"


def _text(done: Rescued) -> str:
    from safeload.rescue.words import lines

    return "\n".join(lines(done)) + "\n"
