"""Formats without a signature, recognised by the structure of their first fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from safeload.parsers import onnx
from safeload.parsers.reader import Reader

_LOOKS: Final[tuple[tuple[str, Callable[[bytes, Reader], bool]], ...]] = (("onnx", onnx.looks_right),)


def kinds(head: bytes, reader: Reader) -> list[str]:
    """Those that the bytes could be. `head` is the start of them."""
    return [name for name, looks_right in _LOOKS if looks_right(head, reader)]
