"""One step of one twin in a process of its own: `python -m tests.bypasses.twins.child TWIN STEP FOLDER [NAME …]`."""

from __future__ import annotations

import importlib
import json
import resource
import sys
import warnings
from pathlib import Path


def main(twin: str, step: str, folder: str, *said: str) -> object:
    module = importlib.import_module(f"tests.bypasses.twins.{twin}")
    return getattr(module, step)(Path(folder), *said)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        value = main(*sys.argv[1:])
    except Exception as error:
        value = {"refused": f"{type(error).__name__}: {error}"}
        if sys.argv[2] == "make":
            raise
    print("\n" + json.dumps(value, default=repr))
