"""Loaders of a single file: which one it is, and when nobody can tell."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from safeload.errors import UsageError
from safeload.guard.loaders.registry import LOADERS, loader_for
from safeload.guard.loaders.torch import protects_itself, weights_only
from safeload.sources.interface import Call, Role
from tests.sources.fakes import listing

CALL = Call(target="acme/m")


def of(*names: str) -> Any:
    return listing(dict.fromkeys(names, b""))


@pytest.mark.parametrize(
    ("names", "loader"),
    [
        (("model.pt",), "torch"),
        (("net.pth", "README.md"), "torch"),
        (("a.ckpt",), "torch"),
        (("model.pt", "other.pt"), "torch"),
        (("pytorch_model.bin", "optimizer.bin"), "torch"),
        (("a.pt", "b.pt"), "files"),
        (("forest.joblib", "README.md"), "joblib"),
        (("MODEL.PKL",), "pickle"),
        (("a.pickle",), "pickle"),
        (("a.pkl", "b.pkl"), "files"),
        (("README.md",), "files"),
        (("model.xyz",), "files"),
        ((), "files"),
    ],
)
def test_the_loader_is_found_from_the_files(names: tuple[str, ...], loader: str) -> None:
    assert loader_for(CALL, of(*names)).name == loader


def test_a_named_loader_is_taken_at_its_word() -> None:
    call = Call(target="acme/m", loader="torch")
    loader = loader_for(call, of("strange.name"))
    assert [(w.path, w.role) for w in loader.scope(call, of("strange.name"))] == [("strange.name", Role.WEIGHTS)]
    with pytest.raises(UsageError, match="no loader 'tensorflow'"):
        loader_for(Call(target="acme/m", loader="tensorflow"), of("x"))


@pytest.mark.parametrize("name", ["torch", "joblib", "pickle"])
@pytest.mark.parametrize("names", [(), ("a.txt", "b.txt"), ("a.pt", "b.pt", "a.joblib", "b.joblib", "a.pkl", "b.pkl")])
def test_several_files_are_a_question_to_the_user(name: str, names: tuple[str, ...]) -> None:
    (loader,) = [known for known in LOADERS if known.name == name]
    with pytest.raises(UsageError, match="which file") as caught:
        loader.scope(CALL, of(*names))
    assert caught.value.next


def test_the_well_known_name_comes_first() -> None:
    (torch,) = [known for known in LOADERS if known.name == "torch"]
    assert [w.path for w in torch.scope(CALL, of("a.pt", "model.pt", "pytorch_model.bin"))] == ["model.pt"]


@pytest.mark.parametrize(
    ("args", "kwargs", "environment", "safe"),
    [
        ((), {}, {}, True),
        ((), {"weights_only": True}, {}, True),
        ((), {"weights_only": False}, {}, False),
        ((), {"weights_only": None}, {}, True),
        ((), {}, {"TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1"}, False),
        ((), {"weights_only": True}, {"TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "yes"}, True),
        ((), {"weights_only": False}, {"TORCH_FORCE_WEIGHTS_ONLY_LOAD": "true"}, True),
        ((), {"pickle_module": object}, {}, False),
        (("x", None, object), {}, {}, False),
    ],
)
def test_when_torch_keeps_to_tensors_by_itself(
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    environment: dict[str, str],
    safe: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert weights_only(args, kwargs) is safe


@pytest.mark.parametrize(
    ("version", "asked", "itself"),
    [
        ("2.13.0+cpu", True, True),
        ("2.10.0", True, True),
        ("2.10.0a0+git1234567", True, True),
        ("2.10.0.dev20251101+cu126", True, True),
        ("3.0", True, True),
        ("2.9.1", True, False),
        ("2.9.0rc3", True, False),
        ("2.6.0", True, False),
        ("2.5.1", False, False),
        ("1.13.1", False, False),
        ("", True, False),
        ("2.10; and more", True, False),
        ("\u0662.\u0661\u0663", True, False),
        (None, True, False),
    ],
)
def test_only_a_torch_without_known_holes_is_left_to_itself(
    version: str | None, asked: bool, itself: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`asked`: a load without `weights_only=` keeps to tensors in this release."""
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(__version__=version))
    assert protects_itself() is itself
    assert weights_only((), {}) is asked
    assert weights_only((), {"weights_only": True})
    (loader,) = [known for known in LOADERS if known.name == "torch"]
    call = loader.call_of(loader.entries[0], (io.BytesIO(),), {"weights_only": True})
    assert (call is None) is itself


def test_torch_decides_by_the_same_rule(tmp_path: Path, marker: Path) -> None:
    """The twin: what `weights_only` calls unsafe does run a payload."""
    torch = pytest.importorskip("torch")

    class Payload:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (marker,))

    torch.save(Payload(), tmp_path / "x.pt")
    with pytest.raises(Exception, match="Weights only load failed"):
        torch.load(tmp_path / "x.pt")
    assert not marker.exists()
    torch.load(tmp_path / "x.pt", weights_only=False)
    assert marker.exists()
