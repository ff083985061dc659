"""What each level of holding the bytes costs: 10 MB, 500 MB and 2 GB, first and remembered, `standard` and `strict`.

`first`: never seen before. `remembered`: seen by another process. `again`: by this one. Added time is against a plain
load of the same run; CPU time is this process's, without that of the worker.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import statistics
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from page import put

ROOT = Path(__file__).resolve().parent.parent

Figures = dict[str, float]

LAYERS = {"10 MB": (256, 2), "500 MB": (1024, 10), "2 GB": (1024, 40)}  # size of a layer, number of layers


def forked(work: Callable[[], Figures], env: dict[str, str]) -> Figures:
    """In a process of its own, which has torch and transformers from this one: importing them takes seconds."""
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.environ.update(env)
            os.write(theirs, json.dumps(work()).encode())
        except BaseException:  # noqa: BLE001  # the parent ends with it
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    if not said:
        raise SystemExit("A benchmark failed.")
    found: Figures = json.loads(said)
    return found


def loaded(level: str, folder: Path) -> Figures:
    """`level` is "" for the plain load. Memory in bytes: anonymous and shared; a mapped file is not counted."""
    import transformers

    if level:
        import safeload
        import safeload.pipeline

        safeload.install(policy=level)
    found: Figures = {}
    for name in ("", "again_"):
        before, begin, used = memory(), time.perf_counter(), time.process_time()
        model = transformers.BertModel.from_pretrained(folder)
        found[f"{name}cpu"] = time.process_time() - used
        found[f"{name}seconds"] = time.perf_counter() - begin
        for parameter in model.parameters():
            parameter.detach().sum()
        found[f"{name}memory"] = memory() - before
        del model
    return found


def memory() -> int:
    said = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return 1024 * sum(int(said[name].split()[0]) for name in ("RssAnon", "RssShmem"))


def hashed(path: Path) -> Figures:
    data = bytearray(1 << 20)
    view, sha = memoryview(data), hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        begin, used = time.perf_counter(), time.process_time()
        while n := file.readinto(data):
            sha.update(view[:n])
        return {"seconds": time.perf_counter() - begin, "cpu": time.process_time() - used}


def warm() -> None:
    """What every load imports, in this process."""
    import torch
    import transformers

    torch.set_num_threads(1)  # others do not survive the fork
    small = transformers.BertConfig(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32)
    transformers.BertModel(small)


def made(folder: Path, size: str) -> Figures:
    import transformers

    wide, layers = LAYERS[size]
    config = transformers.BertConfig(
        vocab_size=300, hidden_size=wide, num_hidden_layers=layers, num_attention_heads=8, intermediate_size=4 * wide
    )
    transformers.BertModel(config).save_pretrained(folder)
    return {"size": (folder / "model.safetensors").stat().st_size}


def measured(base: Path, size: str, env: dict[str, str], runs: int) -> list[str]:
    folder = base / size.replace(" ", "")
    forked(lambda: made(folder, size), env)
    found: dict[str, list[Figures]] = {}
    for run in range(runs):
        found.setdefault("sha", []).append(hashed(folder / "model.safetensors"))
        for level in ("", "standard", "strict"):
            fresh = {**env, "SAFELOAD_HOME": str(base / f"safeload-{level}-{folder.name}-{run}")}
            for when in ("first", "remembered"):
                one = forked(lambda level=level: loaded(level, folder), fresh)  # type: ignore[misc]
                found.setdefault(f"{level} {when}", []).append(one)
    sha = _best(found["sha"], "cpu")
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
        env = {"HF_HOME": f"{folder}/hf", "HF_HUB_OFFLINE": "1"}
        os.environ.update(env)
        sys.path.insert(0, str(ROOT))
        warm()
        rows = [line for size in args.sizes for line in measured(Path(folder), size, env, args.runs)]
    text = "\n".join(
        [
            f"Made by `make bench`: the best of {args.runs} runs in processes of their own, taken in turns; files "
            f"in the page cache; Python {platform.python_version()}, {platform.system()} {platform.machine()}, "
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
