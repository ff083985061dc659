"""MLflow: a folder with a model of some other library, and with Python of its own."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

from safeload.guard import hook
from safeload.guard.interface import Entry, Grant, Loader
from safeload.guard.loaders.buffers import named
from safeload.lean import Any, Callable, Mapping
from safeload.sources.interface import Call, Listing, Role, Wanted

_MLMODEL = "MLmodel"
_FLAVOURS = (
    *("catboost", "diffusers", "dspy", "keras", "langchain", "lightgbm", "llama_index", "onnx", "openai", "paddle"),
    *("pmdarima", "prophet", "pyfunc", "pytorch", "sentence_transformers", "sklearn", "spacy", "statsmodels"),
    *("tensorflow", "transformers", "xgboost"),
)


class MLflow(Loader):
    """Every file of the folder is decided on; what is unpickled inside comes by `pickle`, `torch` and the others."""

    name = "mlflow"
    entries = tuple(Entry(module=f"mlflow.{flavour}", attribute="load_model") for flavour in _FLAVOURS)

    def recognises(self, listing: Listing) -> bool:
        return _MLMODEL in listing.paths

    def scope(self, call: Call, listing: Listing) -> tuple[Wanted, ...]:
        return tuple(Wanted(path=path, role=_role(path)) for path in sorted(listing.paths))

    def call_of(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
        uri = args[0] if args else kwargs.get("model_uri")
        if uri is None:
            return None
        if not Path(os.fsdecode(uri)).is_dir():  # runs:/, models:/, s3: MLflow itself brings it here
            uri = sys.modules["mlflow"].artifacts.download_artifacts(artifact_uri=str(uri))
        return Call(target=named(uri), loader=self.name, entry=self.name)

    def proceed(
        self, original: Callable[..., Any], entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any], grant: Grant
    ) -> Any:
        folder = grant.snapshot.origin.name
        rest = {key: value for key, value in kwargs.items() if key != "model_uri"}
        with hook.watching(f"{folder}/", f"{os.path.realpath(folder)}/"):
            return original(folder, *args[1:], **rest)

    def load(self, grant: Grant) -> Mapping[str, Any]:
        return {"model": importlib.import_module("mlflow.pyfunc").load_model(grant.snapshot.origin.name)}


class MLflowBelow(MLflow):
    """What every flavour reads first: whoever bound its `load_model` before the guard was on comes by here."""

    name = "mlflow.below"
    entries = (Entry(module="mlflow.models.model", attribute="Model.load"),)

    def recognises(self, listing: Listing) -> bool:
        return False

    def call_of(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
        path = Path(os.fsdecode(args[1] if len(args) > 1 else kwargs.get("path", "")))
        folder = path if path.is_dir() else path.parent
        if not (folder / _MLMODEL).is_file() or not _loading():
            return None
        return Call(target=named(folder), loader=self.name, entry=MLflow.name)

    def proceed(
        self, original: Callable[..., Any], entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any], grant: Grant
    ) -> Any:
        return original(*args, **kwargs)


def _loading() -> bool:
    """Is it for a load, not for a look at what the file says?"""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith("mlflow.") and frame.f_code.co_name in ("load_model", "_load_pyfunc"):
            return True
        frame = frame.f_back
    return False


def _role(path: str) -> Role:
    if path == _MLMODEL:
        return Role.CONFIG
    return Role.CODE if path.endswith(".py") else Role.FOUND
