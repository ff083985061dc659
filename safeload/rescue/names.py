"""What the files of a converted model are called: as the libraries look for them."""

from __future__ import annotations

import re

from safeload.lean import Final

OTHER: Final = "Ask its authors for another file, or load another revision."
_END: Final = re.compile(r"\.(bin|pt|pth|ckpt|th|pkl|pickle|joblib|safetensors|model|tar)$", re.IGNORECASE)
_INDEX: Final = re.compile(r"\.bin\.index(\.[\w-]+)?\.json$|\.bin\.[\w-]+\.index\.json$")
# https://huggingface.co/docs/transformers/main_classes/model: weights of the one format, and of the other.
_TORCH: Final = re.compile(r"^pytorch_model(?=[.-])")


def converted(path: str) -> str:
    """`pytorch_model-00001-of-00002.bin` becomes `model-00001-of-00002.safetensors`."""
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{_TORCH.sub('model', _END.sub('', name) + '.safetensors')}"


def is_index(path: str) -> bool:
    """Does it say in which file each tensor is?"""
    return _INDEX.search(path) is not None


def index(path: str) -> str:
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{_TORCH.sub('model', name.replace('.bin', '.safetensors', 1))}"
