"""What safeload costs, beside what it stands in front of, in one run: medians and ratios, written as Markdown.

    python benchmarks/run.py [--output docs/benchmarks.md] [--runs 5]

Each figure is measured in fresh processes against the local Hub. Absolute times are this machine's; read the ratios.
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
from typing import TYPE_CHECKING

from page import put

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "examples"))

if TYPE_CHECKING:
    from hub.server import Hub

# Each is a program that prints one JSON object of figures. Times in seconds.
REMOTE_VERDICT = """
import json, time
import huggingface_hub, safeload
from safeload.parsers.sandbox import workers
workers.shared()
import safeload.api
begin = time.perf_counter()
review = safeload.scan("acme/big-checkpoint", loader="torch")
print(json.dumps({"seconds": time.perf_counter() - begin, "action": review.verdict.action.value}))
"""
DOWNLOAD = """
import json, time
import huggingface_hub
begin = time.perf_counter()
huggingface_hub.hf_hub_download("acme/big-checkpoint", "pytorch_model.bin")
print(json.dumps({"seconds": time.perf_counter() - begin}))
"""
PLAIN_LOADS = """
import json, statistics, time
import torch, transformers
from transformers import AutoModel
AutoModel.from_pretrained("{model}")
times = []
for _ in range(15):
    begin = time.perf_counter()
    AutoModel.from_pretrained("{model}")
    times.append(time.perf_counter() - begin)
print(json.dumps({{"seconds": statistics.median(times)}}))
"""
GUARDED_LOADS = "import safeload.auto\n" + PLAIN_LOADS
IMPORT = """
import json, time
begin = time.perf_counter()
import {module}
print(json.dumps({{"seconds": time.perf_counter() - begin}}))
"""
LOAD_EXT = """
import json, time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
begin = time.perf_counter()
shell.extension_manager.load_extension("safeload")
print(json.dumps({"seconds": time.perf_counter() - begin}))
"""
WORKER = """
import json, time
from safeload.parsers.sandbox.process import Worker
begin = time.perf_counter()
worker = Worker.start()
print(json.dumps({"seconds": time.perf_counter() - begin}))
worker.close()
"""


def figures(program: str, env: dict[str, str]) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"A benchmark failed:\n{program}\n{done.stderr}")
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def median(program: str, env: dict[str, str], runs: int) -> float:
    return statistics.median(figures(program, env)["seconds"] for _ in range(runs))


def environment(home: Path, endpoint: str) -> dict[str, str]:
    env = {k: v for k, v in os.environ.items() if k not in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")}
    return {
        **env,
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(home / "hf"),
        "SAFELOAD_HOME": str(home / "safeload"),
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "DISABLE_SAFETENSORS_CONVERSION": "1",
        "TRANSFORMERS_VERBOSITY": "error",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def remote(hub: Hub, base: Path, runs: int) -> list[tuple[str, str, str, str]]:
    """Verdict over ranges on a 500 MB checkpoint, against downloading it."""
    seconds, sent, downloads, size = [], [], [], 0
    for run in range(runs):
        env = environment(base / f"remote{run}", hub.endpoint)
        hub.reset()
        seconds.append(figures(REMOTE_VERDICT, env)["seconds"])
        sent.append(sum(r["bytes"] for r in hub.requests))
        hub.reset()
        downloads.append(figures(DOWNLOAD, environment(base / f"download{run}", hub.endpoint))["seconds"])
        size = max(size, sum(r["bytes"] for r in hub.requests))
    ours, theirs, bytes_ours = statistics.median(seconds), statistics.median(downloads), statistics.median(sent)
    return [
        (
            "verdict on a 500 MB checkpoint, before the download",
            f"{ours * 1000:.0f} ms",
            f"download: {theirs:.2f} s",
            f"{ours / theirs:.1%} of the time",
        ),
        (
            "bytes for that verdict",
            f"{bytes_ours:,.0f}",
            f"file: {size:,}",
            f"{bytes_ours / size:.4%} (goal: under 0.05 %)",
        ),
    ]


def remembered(hub: Hub, base: Path, runs: int) -> list[tuple[str, str, str, str]]:
    """A guarded load of a model that was loaded before, against the plain one; in pairs, one beside the other."""
    rows = []
    for model in ("acme/tiny-bert", "acme/tiny-bert-bin"):
        env = environment(base / "loads", hub.endpoint)
        plain, guarded = [], []
        for _ in range(runs):
            plain.append(figures(PLAIN_LOADS.format(model=model), env)["seconds"])
            guarded.append(figures(GUARDED_LOADS.format(model=model), env)["seconds"])
        added = statistics.median(g - p for g, p in zip(guarded, plain, strict=True))
        rows.append(
            (
                f"guarded `from_pretrained`, remembered ({model})",
                f"{statistics.median(guarded) * 1000:.1f} ms",
                f"plain: {statistics.median(plain) * 1000:.1f} ms",
                f"{added * 1000:+.1f} ms (goal: under 2 % or 10 ms)",
            )
        )
    return rows


def starts(env: dict[str, str], runs: int) -> list[tuple[str, str, str, str]]:
    own = median(IMPORT.format(module="safeload"), env, runs)
    hub = median(IMPORT.format(module="huggingface_hub"), env, runs)
    extension = median(LOAD_EXT, env, runs)
    worker = median(WORKER, env, runs)
    return [
        (
            "`import safeload`",
            f"{own * 1000:.1f} ms",
            f"`import huggingface_hub`: {hub * 1000:.0f} ms",
            "goal: under 30 ms",
        ),
        ("`%load_ext safeload`", f"{extension * 1000:.0f} ms", "", "goal: under 150 ms"),
        ("start of the worker", f"{worker * 1000:.0f} ms", "", "goal: under 80 ms"),
    ]


def table(rows: list[tuple[str, str, str, str]], runs: int) -> str:
    lines = [
        f"Made by `make bench`: medians of {runs} runs in fresh processes, in one go, against the local Hub; Python "
        f"{platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores.",
        "",
        "| what | safeload | beside it | ratio, goal |",
        "|---|---|---|---|",
        *("| " + " | ".join(row) + " |" for row in rows),
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "benchmarks.md")
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()

    from hub.server import Hub

    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        samples = base / "hub"
        subprocess.run(
            [sys.executable, str(ROOT / "examples" / "hub"), "--root", str(samples), "--build-only", "--big"],
            check=True,
        )
        with Hub(samples) as hub:
            rows = [
                *remote(hub, base, args.runs),
                *remembered(hub, base, args.runs),
                *starts(environment(base / "starts", hub.endpoint), args.runs),
            ]
    text = table(rows, args.runs)
    put(args.output, "Beside what it stands in front of", text)
    print(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
