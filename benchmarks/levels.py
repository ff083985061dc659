"""What each level of holding the bytes costs: a 500 MB model, first and remembered, `standard` and `strict`."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

Row = tuple[str, str, str, str]

MAKE = """
import json, torch, transformers
config = transformers.BertConfig(vocab_size=300, hidden_size=1024, num_hidden_layers=10, num_attention_heads=16,
    intermediate_size=4096)
model = transformers.BertModel(config)
model.save_pretrained({folder!r})
print(json.dumps({{"bytes": sum(p.numel() * p.element_size() for p in model.parameters())}}))
"""
# `{level}` is "" for the plain load. Memory in bytes: anonymous and shared, what a mapped file takes is not its own.
LOAD = """
import json, time, pathlib
import torch, transformers
level, folder = {level!r}, {folder!r}
small = transformers.BertConfig(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32)
transformers.BertModel(small)
if level:
    import safeload, safeload.pipeline
    safeload.install(policy=level)
def memory():
    said = dict(line.split(":", 1) for line in pathlib.Path("/proc/self/status").read_text().splitlines())
    return 1024 * sum(int(said[name].split()[0]) for name in ("RssAnon", "RssShmem"))
before = memory()
begin = time.perf_counter()
model = transformers.BertModel.from_pretrained(folder)
seconds = time.perf_counter() - begin
touched = float(sum(p.detach().sum() for p in model.parameters()))
print(json.dumps({{"seconds": seconds, "memory": memory() - before}}))
"""


def levels(figures: Callable[[str, dict[str, str]], dict[str, float]], env: dict[str, str], runs: int) -> list[Row]:
    folder = Path(env["HF_HOME"]).parent / "large"
    size = figures(MAKE.format(folder=str(folder)), env)["bytes"]
    found: dict[str, list[dict[str, float]]] = {}
    for run in range(runs):
        for level in ("", "standard", "strict"):
            fresh = {**env, "SAFELOAD_HOME": str(folder.parent / f"safeload-{level}-{run}")}
            for when in ("first", "remembered"):
                program = LOAD.format(level=level, folder=str(folder))
                found.setdefault(f"{level} {when}", []).append(figures(program, fresh))
    plain = _median(found[" remembered"], "seconds")
    rows = []
    for level in ("standard", "strict"):
        for when in ("first", "remembered"):
            mine = found[f"{level} {when}"]
            seconds, memory = _median(mine, "seconds"), _median(mine, "memory") - _median(found[f" {when}"], "memory")
            rows.append(
                (
                    f"guarded load of {size / 1e6:.0f} MB, `{level}`, {when}",
                    f"{seconds * 1000:.0f} ms",
                    f"plain: {plain * 1000:.0f} ms",
                    f"{(seconds - plain) * 1000:+.0f} ms, {memory / 1e6:+.0f} MB of memory",
                )
            )
    return rows


def _median(runs: list[dict[str, float]], key: str) -> float:
    return statistics.median(run[key] for run in runs)
