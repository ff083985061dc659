"""Writes the data files of importable names into a wheel as Python too, which loads in a tenth of the time of TOML."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FOLDER = "safeload/scanners/imports"


def compiled(text: str, name: str) -> str:
    """A module that holds what the TOML says; `names_table` reads it where it is there."""
    return f'"""Made of {name} when this wheel was built."""\n\nDOCUMENT = {tomllib.loads(text)!r}\n'


class Names(BuildHookInterface):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return  # the texts are edited there
        made = Path(tempfile.mkdtemp(prefix="safeload-names-"))
        for file in sorted(Path(self.root, FOLDER).glob("*.toml")):
            if file.stem.endswith("_classes"):
                continue  # one long text, which TOML reads as fast
            module = made / f"{file.stem}.py"
            module.write_text(compiled(file.read_text("utf-8"), file.name), "utf-8")
            build_data["force_include"][str(module)] = f"{FOLDER}/{module.name}"
