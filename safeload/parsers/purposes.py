"""What a text is for, where its name tells."""

from __future__ import annotations

from safeload.lean import Final

# Content cannot tell Python from prose: whoever opens the file decides, and goes by its name.
PYTHON: Final = "python"
TEMPLATE: Final = "template"
YAML: Final = "yaml"
SCRIPT: Final = "torchscript"
PROGRAM: Final = "pt2-program"
INDEX: Final = "pipeline-index"
CONFECTION: Final = "confection"
_BY_SUFFIX: Final = {".py": PYTHON, ".jinja": TEMPLATE, ".jinja2": TEMPLATE, ".yaml": YAML, ".yml": YAML}
_BY_NAME: Final = {
    "MLmodel": YAML,  # https://mlflow.org/docs/latest/ml/model/#mlmodel-file
    "config.cfg": CONFECTION,  # spacy.util.load_model_from_path
    # `config_name` of the pipelines in diffusers: pairs of library and class in no other file are imported.
    "model_index.json": INDEX,
    "modular_model_index.json": INDEX,
}


def purpose_of(name: str) -> str:
    """What a text of this name is for; empty where the name does not tell."""
    last = name.rpartition("/")[2]
    if last in ("", "."):
        from pathlib import PurePosixPath

        last = PurePosixPath(name).name  # of `folder/.`, as paths have it, which is slow for every file of a folder
    dot = last.rfind(".")
    return _BY_NAME.get(last) or _BY_SUFFIX.get(last[dot:].lower() if dot > 0 else "", "")
