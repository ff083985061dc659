"""Ordinary files, large: they reach no limit, and are allowed."""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
from collections.abc import Callable, Iterator

import pytest

from safeload.parsers.sandbox.workers import Workers
from safeload.policy.interface import Action
from safeload.scanners.interface import Unscanned
from safeload.sources.interface import Role
from tests.builders import ggufs, tars
from tests.builders import opcodes as op
from tests.scanners.formats import report_on, verdict

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    started = Workers()
    yield started
    started.close()


def _dict() -> bytes:
    return pickle.dumps({i: i for i in range(1_000_000)}, 4)


def _vocabulary() -> bytes:
    return pickle.dumps({f"token{i}": i for i in range(400_000)}, 4)


def _floats() -> bytes:
    return pickle.dumps([i * 0.5 for i in range(2_000_000)], 4)


def _objects() -> bytes:
    """Ordered dictionaries, each made by a call of one name, as a state of many layers has them."""
    one = b"h\0)R"
    return op.proto(2) + op.glob("collections", "OrderedDict") + op.put(0) + op.POP + b"](" + one * 300_000 + b"e."


def _nested() -> bytes:
    return pickle.dumps([[[i, [i]], {"a": (i, str(i))}] for i in range(100_000)], 4)


def _zip() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}q\0.")
        archive.writestr("archive/version", b"3\n")
        for number in range(20_000):
            archive.writestr(f"archive/data/{number}", struct.pack("<f", number))
    return made.getvalue()


def _tar() -> bytes:
    member = tars.member("a/README.md", b"text")
    return tars.tar(*(tars.header(f"a/{i}.txt", 4) + member[512:] for i in range(20_000)))


def _gguf() -> bytes:
    tokens = b"".join(ggufs.text(f"token{i}") for i in range(150_000))
    head = struct.pack("<IQ", ggufs.STRING, 150_000)
    pairs = [
        ggufs.pair("general.architecture", ggufs.STRING, ggufs.text("llama")),
        ggufs.pair("tokenizer.ggml.tokens", ggufs.ARRAY, head + tokens),
    ]
    tensors = [ggufs.tensor(f"blk.{i}.w", (8,), offset=32 * i) for i in range(2_000)]
    return ggufs.gguf(pairs, tensors, bytes(32 * 2_000))


ORDINARY: dict[str, Callable[[], bytes]] = {
    "a-million-entries": _dict,
    "a-vocabulary": _vocabulary,
    "two-million-floats": _floats,
    "three-hundred-thousand-objects": _objects,
    "lists-within-lists": _nested,
    "a-checkpoint-of-twenty-thousand-storages": _zip,
    "a-tar-of-twenty-thousand-members": _tar,
    "a-gguf-of-two-thousand-tensors": _gguf,
}


@pytest.mark.parametrize("kind", ORDINARY)
def test_it_is_read_whole_and_allowed(kind: str, workers: Workers) -> None:
    report = report_on(workers, ORDINARY[kind]())
    assert not report.findings
    assert [one.detail for one in report.results if isinstance(one, Unscanned)] == []
    assert verdict(report) is Action.ALLOW


def test_a_tokenizer_of_thirty_megabytes(workers: Workers) -> None:
    vocabulary = {f"token number {i}": i for i in range(400_000)}
    merges = [f"token {i} number" for i in range(800_000)]
    data = json.dumps({"version": "1.0", "model": {"type": "BPE", "vocab": vocabulary, "merges": merges}}).encode()
    assert len(data) > 27 << 20
    report = report_on(workers, data, name="tokenizer.json", role=Role.TOKENIZER)
    assert not report.findings
    assert verdict(report) is Action.ALLOW
