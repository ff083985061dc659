"""What each level of holding the bytes costs: 10 MB, 500 MB and 2 GB, first and remembered, `standard` and `strict`.

`first`: never seen before. `remembered`: seen by another process. `again`: by this one. Added time is against a plain
load of the same run; CPU time is this process's, without that of the worker.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from page import put

ROOT = Path(__file__).resolve().parent.parent

Figures = dict[str, float]

LAYERS = {"10 MB": (256, 2), "500 MB": (1024, 10), "2 GB": (1024, 40)}  # size of a layer, number of layers
# With warm pages, so that the disk is in nobody's time.
MAKE = """
import json, transformers
config = transformers.BertConfig(vocab_size=300, hidden_size={wide}, num_hidden_layers={layers}, num_attention_heads=8,
    intermediate_size=4 * {wide})
transformers.BertModel(config).save_pretrained({folder!r})
print(json.dumps({{}}))
"""
HASH = """
import hashlib, json, os, time
data, path = bytearray(1 << 20), {folder!r} + "/model.safetensors"
with open(path, "rb", buffering=0) as file:
    sha, view, begin = hashlib.sha256(), memoryview(data), time.perf_counter()
    while n := file.readinto(data):
        sha.update(view[:n])
print(json.dumps({{"seconds": time.perf_counter() - begin, "bytes": os.path.getsize(path)}}))
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
found = {{}}
for name in ("", "again_"):
    before, begin, used = memory(), time.perf_counter(), time.process_time()
    model = transformers.BertModel.from_pretrained(folder)
    found[name + "cpu"] = time.process_time() - used
    found[name + "seconds"] = time.perf_counter() - begin
    touched = float(sum(p.detach().sum() for p in model.parameters()))
    found[name + "memory"] = memory() - before
    del model
print(json.dumps(found))
"""


def figures(program: str, env: dict[str, str]) -> Figures:
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"A benchmark failed:\n{program}\n{done.stderr}")
    found: Figures = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def measured(base: Path, size: str, env: dict[str, str], runs: int) -> list[str]:
    folder = base / size.replace(" ", "")
    wide, layers = LAYERS[size]
    figures(MAKE.format(folder=str(folder), wide=wide, layers=layers), env)
    found: dict[str, list[Figures]] = {}
    for run in range(runs):
        found.setdefault("sha", []).append(figures(HASH.format(folder=str(folder)), env))
        for level in ("", "standard", "strict"):
            fresh = {**env, "SAFELOAD_HOME": str(base / f"safeload-{level}-{size.replace(' ', '')}-{run}")}
            for when in ("first", "remembered"):
                program = LOAD.format(level=level, folder=str(folder))
                found.setdefault(f"{level} {when}", []).append(figures(program, fresh))
    sha = _best(found["sha"], "seconds")
    plain = found[" first"] + found[" remembered"]
    lines = []
    for level in ("standard", "strict"):
        for when, prefix in (("first", ""), ("remembered", ""), ("again", "again_")):
            mine = found[f"{level} {'remembered' if prefix else when}"]
            added = [_best(mine, prefix + key) - _best(plain, prefix + key) for key in ("seconds", "cpu")]
            memory = _best(mine, prefix + "memory") - _best(plain, prefix + "memory")
            lines.append(
                f"| {size}, `{level}`, {when} | {_ms(_best(plain, prefix + 'seconds'))} | "
                f"{_ms(_best(mine, prefix + 'seconds'))} | {_ms(added[0], '+')} | {_ms(added[1], '+')} | {_ms(sha)} | "
                f"{memory / 1e6:+.0f} MB |"
            )
    return lines


def _best(runs: list[Figures], key: str) -> float:
    return statistics.median(run[key] for run in runs) if key.endswith("memory") else min(run[key] for run in runs)


def _ms(seconds: float, sign: str = "") -> str:
    return f"{seconds * 1000:{sign}.0f} ms"


def main() -> int:
    parser = argparse.ArgumentParser(description="What each level of holding the bytes costs.")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "benchmarks.md")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--sizes", nargs="*", default=list(LAYERS), choices=list(LAYERS))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        kept = {k: v for k, v in os.environ.items() if k not in ("HF_TOKEN", "PYTHONDONTWRITEBYTECODE")}
        env = {**kept, "HF_HOME": f"{folder}/hf", "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}
        rows = [line for size in args.sizes for line in measured(Path(folder), size, env, args.runs)]
    text = "\n".join(
        [
            f"Made by `make bench`: the best of {args.runs} runs in fresh processes, taken in turns; files in the "
            f"page cache; Python {platform.python_version()}, {platform.system()} {platform.machine()}, "
            f"{os.cpu_count()} cores. "
            "`first`: never seen before. `remembered`: seen by another process. `again`: by this one. CPU time is "
            "without that of the worker.",
            "",
            "| load | plain | guarded | added | added CPU | one SHA-256 pass | memory added |",
            "|---|---|---|---|---|---|---|",
            *rows,
        ]
    )
    put(args.output, "Holding the bytes", text)
    print(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
