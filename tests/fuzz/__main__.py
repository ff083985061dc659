"""`make fuzz`: a long differential run over all cores, with what it showed as Markdown.

python -m tests.fuzz --streams 1000000 [--seed 1] [--output docs/fuzzing.md]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import time
from pathlib import Path

from tests.fuzz.differential import LOADERS, Outcome, share

_SHARE = 10_000  # streams of one task: a fresh process each, so that nothing piles up


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--streams", type=int, default=1_000_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--output", type=Path)
    given = options.parse_args()
    begin = time.monotonic()
    tasks = [(given.seed + i, min(_SHARE, given.streams - at)) for i, at in enumerate(range(0, given.streams, _SHARE))]
    total = Outcome()
    with multiprocessing.get_context("spawn").Pool(os.cpu_count(), maxtasksperchild=1) as pool:
        for done, outcome in enumerate(pool.imap_unordered(share, tasks), 1):
            _add(total, outcome)
            print(f"{done} of {len(tasks)}: {total.streams:,} streams, {len(total.broken)} broken", flush=True)
    text = _text(total, given.seed, time.monotonic() - begin)
    print(text)
    if given.output:
        given.output.write_text(text)
    return 1 if total.broken else 0


def _add(total: Outcome, one: Outcome) -> None:
    total.streams += one.streams
    total.allowed += one.allowed
    total.acted += one.acted
    total.died += one.died
    total.broken += one.broken
    total.findings.update(one.findings)


def _text(total: Outcome, seed: int, seconds: float) -> str:
    rules = "\n".join(f"| `{rule}` | {count:,} |" for rule, count in total.findings.most_common())
    broken = "\n".join(f"- {why}: `{data}`" for data, why in total.broken) or "None."
    return f"""# Fuzzing

Made by `make fuzz`: {total.streams:,} generated pickles from seed {seed}, {seconds / 60:.0f} minutes,
Python {platform.python_version()}. Each is scanned, and loaded by {len(LOADERS)} real unpicklers ({"; ".join(LOADERS)})
in a process of its own, with names that write down what is done with them.

Two properties are held: nothing that a stream names runs where it is scanned; and where the verdict would be allow, no
real unpickler resolves a name, or uses one in a way, that is not allowed.

| what | count |
|---|---|
| streams | {total.streams:,} |
| without a finding or a gap (allow) | {total.allowed:,} |
| loads in which a watched name was used | {total.acted:,} |
| streams that ended the real process (memory, time) | {total.died:,} |
| streams that broke a property | {len(total.broken):,} |

Findings that were made, by rule:

| rule | findings |
|---|---|
{rules}

Streams that broke a property:

{broken}
"""


if __name__ == "__main__":
    raise SystemExit(main())
