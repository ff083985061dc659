"""The libraries that are known, in the order in which they are asked."""

from __future__ import annotations

from safeload.errors import UsageError
from safeload.lean import TYPE_CHECKING, Iterator, Sequence, attribute

if TYPE_CHECKING:
    from safeload.guard.interface import Loader
    from safeload.sources.interface import Call, Listing

__all__ = ["LOADERS", "Listed", "loader_for"]


class Listed:
    """A loader that is imported when it is asked for, or when a listing has a file that it may recognise.

    Such a file's name ends in one of `ends`, or is one of `names`; whether it is the library's, its `recognises` says.
    """

    def __init__(self, module: str, name: str, *, ends: str = "", names: str = "") -> None:
        self._module, self._name = module, name
        self._ends, self._names = frozenset(ends.split()), frozenset(names.split())
        self._loader: Loader | None = None

    @property
    def loader(self) -> Loader:
        if self._loader is None:
            made: Loader = attribute(f"safeload.guard.loaders.{self._module}", self._name)()
            self._loader = made
        return self._loader

    def may_recognise(self, paths: frozenset[str], ends: frozenset[str]) -> bool:
        """`ends` are what stands behind the last dot of each path, and the dot."""
        return not self._names.isdisjoint(paths) or not self._ends.isdisjoint(ends)


def _more(module: str, *names: str) -> tuple[Listed, ...]:
    """Loaders of one module that no file is recognised by: only calls lead to them."""
    return tuple(Listed(module, name) for name in names)


_LISTED = (
    Listed("sentence_transformers", "SentenceTransformers", names="modules.json"),
    Listed("transformers", "Transformers", names="config.json adapter_config.json"),
    Listed("diffusers", "Diffusers", names="model_index.json"),
    Listed("diffusers_weights", "DiffusersWeights"),
    Listed("peft", "Peft"),
    Listed("accelerate", "Accelerate"),
    Listed("timm", "Timm"),
    Listed("kernels", "Kernels"),
    Listed("huggingface_hub", "HuggingFaceHub"),
    Listed("torch", "Torch", ends=".pt .pth .bin .ckpt .th"),
    Listed("joblib", "Joblib", ends=".joblib .jl"),
    Listed("pickle", "Pickle", ends=".pkl .pickle"),
    Listed("torch_programs", "TorchExport", ends=".pt2"),
    *_more("torch_programs", "TorchScript", "TorchScriptBelow", "TorchScriptMobile", "TorchCompiled", "TorchPackage"),
    Listed("torch_hub", "TorchHub", names="hubconf.py"),
    Listed("torch_checkpoint", "TorchCheckpoint", names=".metadata"),
    Listed("numpy", "Numpy", ends=".npy .npz"),
    Listed("pandas", "Pandas"),
    Listed("pickles", "Dill", ends=".dill"),
    *_more("pickles", "DillSession", "CloudPickle"),
    Listed("shelve", "Shelve"),
    Listed("keras", "Keras", ends=".keras .h5 .hdf5"),
    Listed("keras_hub", "KerasHub"),
    Listed("skops", "Skops", ends=".skops"),
    *_more("skops", "SkopsBytes", "SkopsBelow"),
    Listed("boosters", "XGBoost", ends=".ubj .xgb"),
    Listed("boosters", "LightGBM"),
    Listed("boosters", "CatBoost", ends=".cbm"),
    Listed("safetensors", "SafeTensors", names="safeload-provenance.json"),
    Listed("in_place", "OnnxRuntime", ends=".onnx"),
    Listed("in_place", "GGUF", ends=".gguf"),
    Listed("spacy", "SpaCy", names="config.cfg"),
    Listed("mlflow", "MLflow", names="MLmodel"),
    Listed("mlflow", "MLflowBelow"),
)


class _Loaders(Sequence["Loader"]):
    """All of them; each is imported when its turn comes. The last is for files that nobody recognises."""

    _every = (*_LISTED, Listed("files", "Files"))

    def __iter__(self) -> Iterator[Loader]:
        return (one.loader for one in self._every)

    def __len__(self) -> int:
        return len(self._every)

    def __getitem__(self, index: int) -> Loader:  # type: ignore[override]
        return self._every[index].loader


LOADERS: Sequence[Loader] = _Loaders()


def loader_for(call: Call, listing: Listing) -> Loader:
    """The loader that was named, else the first that recognises the files. Raises `UsageError` for an unknown name."""
    if call.loader:
        for loader in LOADERS:
            if loader.name == call.loader:
                return loader
        names = ", ".join(loader.name for loader in LOADERS)
        raise UsageError(f"There is no loader {call.loader!r}.", next=f"Give one of {names}.")
    paths = listing.paths
    ends = frozenset([f".{path.rpartition('.')[2]}".lower() for path in paths])
    for one in _LISTED:
        if one.may_recognise(paths, ends) and one.loader.recognises(listing):
            return one.loader
    return LOADERS[-1]
