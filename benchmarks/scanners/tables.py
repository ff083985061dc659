"""Measured series as Markdown: times with ratios, memory, answers, and which goals are met."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from typing import Any

READING = "safeload, reading"
OWN = ("safeload", READING, "pickle.load", "sha256")
HEAVY = ("dict of 2 M entries", "list of 2 M floats", "300 k objects", "300 k dates", "1.2 M nested lists")
_MIB = 1024 * 1024
Found = Mapping[str, Mapping[str, Any]]


def page(found: Found, commands: Found, sizes: Mapping[str, int], runs: int) -> str:
    said = (
        f"Made by `make bench-scanners`: medians of {runs} runs in fresh processes, taken in turns; Python "
        f"{platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores. Each scanner "
        "has an environment of its own and is called by its documented entry point, after one small file."
    )
    parts = [said, *_in_process(found), *_commands(commands), *_goals(found, commands, sizes), *_answers(found)]
    return "\n\n".join(parts) + "\n"


def _in_process(found: Found) -> list[str]:
    if not found:
        return []
    legend = (
        "Seconds in process. In brackets: times as long as safeload's reading. Struck out: does not read to the end (a "
        "dangerous name that stands last is not told). `safeload` is `safeload.scan`: all of it, with the SHA-256 of "
        "every file, and with fickling's view where the answer is not `allow`. `safeload, reading` leaves those out, "
        "as the others do; only the SHA-256 of each pickle in the file, which the worker takes, is in its time. Goals "
        "leave that out. `pickle.load` runs with the garbage collector off."
    )
    names = list(dict.fromkeys(name for row in found.values() for name in row))
    return [legend, _grid(found, names, _time)]


def _grid(found: Found, names: list[str], cell: Any) -> str:
    lines = ["| file | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for file, row in found.items():
        lines.append(f"| {file} | " + " | ".join(cell(row, name) for name in names) + " |")
    return "\n".join(lines)


def _time(row: Mapping[str, Any], name: str) -> str:
    one = row.get(name)
    if one is None or one.median is None:
        return "-" if one is None else one.answer
    text = seconds(one.median)
    ours = row[READING].median if READING in row else None
    if ours and name != READING:
        text += f" ({one.median / ours:.2g})" if one.median < 100 * ours else f" ({one.median / ours:.0f})"
    return f"~~{text}~~" if one.told is False else text


def seconds(value: float) -> str:
    return f"{value:.2f}" if value >= 1 else f"{value * 1000:.0f} ms" if value >= 0.01 else f"{value * 1000:.1f} ms"


def _commands(commands: Found) -> list[str]:
    lines = ["| as a command | " + " | ".join(next(iter(commands.values()), {})) + " |"] if commands else []
    if not commands:
        return []
    names = list(dict.fromkeys(name for row in commands.values() for name in row))
    lines = ["| as a command | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for file, row in commands.items():
        cells = []
        for name in names:
            one = row.get(name)
            cells.append("-" if one is None or one.median is None else f"{seconds(one.median)}, {one.answer}")
        lines.append(f"| {file} | " + " | ".join(cells) + " |")
    return ["\n".join(lines)]


def _answers(found: Found) -> list[str]:
    if not found:
        return []
    names = [name for name in dict.fromkeys(n for row in found.values() for n in row) if name not in OWN[1:]]

    def cell(row: Mapping[str, Any], name: str) -> str:
        one = row.get(name)
        if one is None:
            return "-"
        memory = f", {max(one.memory) / _MIB:.0f} MiB" if one.memory else ""
        end = {True: "", False: ", **not to the end**", None: ""}[one.told]
        return f"{one.answer}{end}{memory}"

    legend = "What each answered, and its peak memory (ours with the worker's). The class of the objects is unknown."
    return [legend, _grid(found, names, cell)]


def _goals(found: Found, commands: Found, sizes: Mapping[str, int]) -> list[str]:
    lines = ["| goal | measured | met |", "|---|---|---|"]

    def goal(what: str, measured: str, met: bool) -> None:
        lines.append(f"| {what} | {measured} | {'yes' if met else '**no**'} |")

    for file, row in found.items():
        sha = row["sha256"].median if "sha256" in row and row["sha256"].median else 0.0
        ours = max(row[READING].median - sha, 0.001)
        whole = {n: s.median for n, s in row.items() if n not in OWN and s.told and s.median}
        if whole:
            best = min(whole, key=lambda name: whole[name])
            ratio, wanted = whole[best] / ours, 5.0 if file in HEAVY else 1.0
            goal(f"{file}: at least {wanted:.0f} x as fast as the fastest", f"{ratio:.1f} x ({best})", ratio >= wanted)
        if file in HEAVY:
            ratio = ours / row["pickle.load"].median
            goal(f"{file}: at most 1.3 x `pickle.load`", f"{ratio:.2f} x", ratio <= 1.3)
        if file == "random forest":
            ratio = ours / row["sha256"].median
            goal(f"{file}: at most one SHA-256 pass", f"{ratio:.2f} x", ratio <= 1)
            memory = max(row[READING].memory) / sizes[file]
            goal(f"{file}: memory at most 1.3 x the file", f"{memory:.2f} x", memory <= 1.3)
        if "checkpoint" in file:
            goal(f"{file}: at most 20 ms", seconds(ours), ours <= 0.02)
            part = max(row[READING].read) / sizes[file]
            goal(f"{file}: reads under 1 %", f"{part:.3%}", part < 0.01)
            memory = max(row[READING].memory) / 1e6
            goal(f"{file}: peak memory under 80 MB", f"{memory:.0f} MB", memory < 80)
    for what, row in commands.items():
        others = {n: s.median for n, s in row.items() if n != "safeload" and s.median}
        if others and row["safeload"].median:
            best = min(others, key=lambda name: others[name])
            ratio = others[best] / row["safeload"].median
            goal(f"{what}: at least 2 x as fast as the fastest", f"{ratio:.2f} x ({best})", ratio >= 2)
    return ["\n".join(lines)] if len(lines) > 2 else []
