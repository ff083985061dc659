"""Makes the files that the scanners are measured on, each with a twin that ends in a name no scanner should miss."""

from __future__ import annotations

import datetime
import gc
import os
import pickle
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from records import Record

FOLDER: Final = 2_000
TWIN: Final = ".twin.pkl"
_MIB: Final = 1024 * 1024


def dictionary() -> Any:
    return {f"key-{number}": number for number in range(2_000_000)}


def floats() -> Any:
    rng = random.Random(0)
    return [rng.random() for _ in range(2_000_000)]


def objects() -> Any:
    return [Record(number) for number in range(300_000)]


def dates() -> Any:
    first = datetime.date(1990, 1, 1)
    return [first + datetime.timedelta(days=number % 10_000) for number in range(300_000)]


def lists() -> Any:
    return [[number, [number + 1, [number + 2]]] for number in range(400_000)]


def forest() -> Any:
    import numpy as np
    from sklearn.ensemble import RandomForestRegressor

    rng = np.random.default_rng(0)
    model = RandomForestRegressor(n_estimators=63, random_state=0, n_jobs=2)
    return model.fit(rng.normal(size=(20_000, 8)), rng.normal(size=20_000))


def small() -> Any:
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data = np.arange(40.0).reshape(10, 4)
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(data, np.arange(10) % 2)


PICKLES: Final[dict[str, Callable[[], Any]]] = {
    "dict of 2 M entries": dictionary,
    "list of 2 M floats": floats,
    "300 k objects": objects,
    "300 k dates": dates,
    "1.2 M nested lists": lists,
    "random forest": forest,
}


def make(root: Path) -> None:
    """All files, unless they are there."""
    root.mkdir(parents=True, exist_ok=True)
    for name, build in {**PICKLES, "small": small}.items():
        path = pickle_path(root, name)
        if not path.exists():
            gc.disable()
            value = build()
            path.write_bytes(pickle.dumps(value))
            path.with_suffix(TWIN).write_bytes(pickle.dumps((value, os.system)))
            gc.enable()
    checkpoint(torch_path(root))
    folder(folder_path(root))


def pickle_path(root: Path, name: str) -> Path:
    return root / f"{name.replace(' ', '-')}.pkl"


def torch_path(root: Path) -> Path:
    return root / "checkpoint.pt"


def folder_path(root: Path) -> Path:
    return root / "folder"


def checkpoint(path: Path) -> None:
    """1 GiB of tensors in torch's own format."""
    if path.exists():
        return
    import torch

    state: dict[str, Any] = {f"layers.{n}.weight": torch.full((_MIB // 4 * 16,), float(n)) for n in range(64)}
    torch.save(state, path)
    state = {"weight": torch.zeros(64), "last": os.system}
    torch.save(state, path.with_suffix(".twin.pt"))


def folder(path: Path) -> None:
    """Small pickles of settings and numbers, half a kilobyte to three."""
    if path.exists():
        return
    path.mkdir()
    rng = random.Random(0)
    for number in range(FOLDER):
        value = {"name": f"model-{number}", "scores": [rng.random() for _ in range(rng.randrange(40, 300))]}
        (path / f"{number:04}.pkl").write_bytes(pickle.dumps(value))


if __name__ == "__main__":
    make(Path(sys.argv[1]))
