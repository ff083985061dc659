"""Writes docs/libraries.md, the page of the libraries: `python -m tools.library_page`, or `make docs`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from safeload.guard.loaders.registry import LOADERS
from tests.libraries.record import PAGE as RECORD
from tests.libraries.running import all_cases
from tests.libraries.smoke import NAMES
from tests.libraries.smoke import PAGE as VERSIONS

PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "libraries.md"
_HEAD: Final = """# Libraries

Written by `make docs` from the loaders in `safeload/guard/loaders/` and from what `make test-libraries` saw with
the real libraries (`tests/libraries/`); do not edit. How a load is decided on is in [guard](guard.md).

Each attack was loaded without the guard, with the guard turned on before the library was imported, and with it
turned on after. *Stopped* says by what: `Blocked` (the policy), `DecisionNeeded` (nobody was there to be asked),
`Stop` (the audit hook, where a function was bound before the guard was on). *Ordinary use*: the same result without
a question, or asked.
"""
_TAIL: Final = """
## What is wrapped

Nothing is imported for this: a library is wrapped when it is there, or when somebody imports it.

"""
_VERSIONS: Final = """
## Versions

Each row is one environment, in which each library loaded an ordinary file or folder with the guard on, without a
question, and a poisoned one not at all (`python -m tests.libraries.smoke`). The last column says what was loaded:
`transformers` is a folder, `from a hub` is `examples/hub`.

transformers 4.53 and huggingface_hub 0.34 are the oldest that safeload asks for, the others the newest that could be
installed. torch was run as 2.13.0 for Python 3.11 alone, the one CPU build at hand; models need it, so that the other
rows load none.

"""
_NOT: Final = """
## What is not

- By other libraries' doors: Lightning and Ultralytics unpickle by `torch.load`, MLflow's flavours by `pickle.load`
  and `joblib.load` too. Those are wrapped, and unpicklers of their own are seen by the hook.
- PyTables (`pandas.read_hdf`) hides what stops it: the pickle does not run, its bytes come out in the object's
  place; a line at the end of the script or cell, and the record, say why.
- A package of spaCy that is installed (`spacy.load("en_core_web_sm")`) is code like any other package; the pipeline in
  it is looked at. What `spacy train --code` names is the user's own. `Language.from_bytes` is not looked at.
- Presets of KerasHub that come from Kaggle, as the built-in ones do, are let through: only the hub and folders are
  looked at. Presets with a tokenizer ask once: a tokenizer reads the file that its settings name.
- Kernels (`kernels.get_kernel`, layers that are replaced) are always refused from the hub: they are compiled, and
  run in this process. Those of a folder (`get_local_kernel`) ask.
- Several repositories in one `load_ip_adapter` or `load_textual_inversion` are decided on file by file, where torch
  reads them.
- A model that is handed over as text (`lightgbm.Booster(model_str=…)`, `keras.models.model_from_json`) is not
  looked at.
- ONNX and GGUF models and folders of MLflow are read where they lie, and so is an array that numpy maps: a swap is
  noticed after the load, and what was loaded is thrown away.
- `torch.hub.load("owner/name")` from GitHub is always refused: nobody has looked at that code. Clone it, read it,
  and give the folder with `source="local"`. While a folder is loaded, only its approved code runs; later imports
  are your own.
- Packages of torch ask: for the Python in them, and for tensors, whose ids have another shape there than in a
  checkpoint.
- Not tested: llama-cpp-python (source only, to be compiled); TensorFlow and `tf_keras` (SavedModel, `TFSMLayer`).
"""


def page() -> str:
    return (
        _HEAD
        + "\n"
        + "\n".join(_tested())
        + _TAIL
        + "\n".join(_wrapped())
        + "\n"
        + _VERSIONS
        + "\n".join(_versions())
        + "\n"
        + _NOT
    )


def _tested() -> Iterator[str]:
    record = json.loads(RECORD.read_text("utf-8"))
    for name, case in all_cases().items():
        seen = record.get(name)
        if seen is None:
            continue
        yield f"## {case.__doc__.split(chr(10))[0].rstrip('.')}\n"
        package = "" if case.DISTRIBUTION == "pip" else f"`{case.DISTRIBUTION}` {seen['version']}, "
        yield f"{package}Python {seen['python']}. The attack: {case.ATTACK}.\n"
        yield "| way | without the guard | on before | on after | ordinary use |\n|---|---|---|---|---|"
        yield from (_row(way, found) for way, found in seen["ways"].items())
        yield ""


def _row(way: str, found: dict[str, Any]) -> str:
    return f"| {way} | {found['alone']} | {found['before']} | {found['after']} | {found['ordinary']} |"


def _wrapped() -> Iterator[str]:
    yield "| loader | functions |\n|---|---|"
    for loader in LOADERS:
        if loader.entries:
            names = ", ".join(f"`{entry.module}.{entry.attribute}`" for entry in loader.entries)
            yield f"| {loader.name} | {names} |"


def _versions() -> Iterator[str]:
    yield f"| Python | {' | '.join(NAMES)} | loads |\n|{'---|' * (len(NAMES) + 2)}"
    for seen in json.loads(VERSIONS.read_text("utf-8")):
        versions = " | ".join(seen.get(name, "") for name in NAMES)
        yield f"| {seen['python']} | {versions} | {', '.join(seen['loads'])} |"


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
