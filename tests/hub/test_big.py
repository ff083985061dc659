"""The large checkpoint is a real one, and takes no room."""

from __future__ import annotations

import io
import resource
import zipfile
from pathlib import Path

import httpx


def test_five_hundred_megabytes_on_no_disk(tmp_path: Path) -> None:
    from hub.big import REPO, big_checkpoint
    from hub.server import Hub

    with Hub(tmp_path) as hub:
        big_checkpoint(tmp_path)  # a running hub finds what is made later
        url = f"{hub.endpoint}/{REPO}/resolve/main/pytorch_model.bin"
        size = int(httpx.head(url).headers["X-Linked-Size"])
        tail = httpx.get(url, headers={"Range": "bytes=-4096"}, follow_redirects=True).content
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        received = 0
        with httpx.stream("GET", url, follow_redirects=True) as response:
            for chunk in response.iter_bytes():
                received += len(chunk)
                if received > 100_000_000:
                    break  # far enough to see, and a client that goes away
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert size > 500_000_000
    assert grown < 50_000, "the file went through memory"
    assert tail.count(b"PK\1\2") >= 25
    used = sum(p.stat().st_blocks * 512 for p in (tmp_path / "blobs").iterdir())
    assert used < 1_000_000


def test_torch_reads_it(tmp_path: Path) -> None:
    import torch
    from hub.big import write_archive

    stream = io.BytesIO()
    write_archive(stream, 3, 8192)
    assert zipfile.ZipFile(stream).testzip() is None
    path = tmp_path / "small.bin"
    path.write_bytes(stream.getvalue())
    for mmap in (False, True):
        state = torch.load(path, weights_only=True, mmap=mmap)
        assert {name: tuple(t.shape) for name, t in state.items()} == {f"layer.{i}.weight": (2, 1024) for i in range(3)}
