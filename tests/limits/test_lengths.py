"""A number that cannot be, at every place of the head of every format: any answer but a long wait or an exception."""

from __future__ import annotations

import resource
import struct
import time
from collections.abc import Iterator

import pytest

from safeload.parsers import external
from safeload.parsers.examine import examine
from safeload.parsers.reader import Reader
from tests.fuzz import seeds

pytestmark = pytest.mark.heavy

NUMBERS = (
    struct.pack("<Q", 1 << 63),
    struct.pack("<q", (1 << 63) - 1),
    struct.pack(">Q", 1 << 63),
    b"\xff" * 8,
    b"\xff\xff\xff\x7f",
    b"\x7f\xff\xff\xff",
    b"\xff" * 9 + b"\x01",  # as a varint
)
HEAD = 56
TAIL = 28


@pytest.fixture(scope="module", autouse=True)
def bounded_memory() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (16 << 30, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _damaged(content: bytes) -> Iterator[bytes]:
    places = sorted({*range(min(HEAD, len(content))), *range(max(0, len(content) - TAIL), len(content))})
    for at in places:
        for number in NUMBERS:
            yield content[:at] + number + content[at + len(number) :]


@pytest.mark.parametrize(
    "kind", [kind for kind in seeds.samples() if kind not in ("python", "template", "yaml", "text")]
)
def test_a_number_that_cannot_be_is_not_believed(kind: str) -> None:
    others = external.load(external.KINDS)
    for data in _damaged(seeds.samples()[kind]):
        began = time.process_time()
        try:
            parts = examine(Reader.of_bytes(data), others=others)
        except (MemoryError, RecursionError):
            continue  # a gap, in the worker
        assert parts
        assert all(len(part.mentions) < 1_000 for part in parts)
        assert time.process_time() - began < 2, data
