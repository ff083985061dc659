"""A dtype whose state denies that it holds objects makes numpy take bytes of the file for pointers to objects.

Every name is one that each array has; only the state that BUILD gives the dtype is odd.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from safeload.scanners.interface import Report

np = pytest.importorskip("numpy")
_RECONSTRUCT = np.ndarray(0).__reduce__()[0]


class Dtype:
    """Pickled as a dtype of objects whose flags say that it holds none."""

    def __reduce__(self) -> tuple[Any, ...]:
        return np.dtype, ("O8", False, True), (3, "|", None, None, None, -1, -1, 0)


class Array:
    """Pickled as an array of one such object."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _RECONSTRUCT, (np.ndarray, (0,), b"b"), (1, (1,), Dtype(), False, b"A" * 8)


def test_without_us_the_process_ends(tmp_path: Path) -> None:
    path = tmp_path / "array.pkl"
    path.write_bytes(pickle.dumps(Array()))
    code = f"import pickle; a = pickle.load(open({str(path)!r}, 'rb')); a[0]"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode < 0


@pytest.mark.xfail(strict=True, reason="facts do not yet tell which state a dtype is given")
def test_a_dtype_that_lies_about_objects_is_not_clean(look: Callable[..., Report]) -> None:
    assert look(pickle.dumps(Array())).findings
