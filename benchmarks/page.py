"""The page of the docs that holds all figures: each program puts its own section there."""

from __future__ import annotations

from pathlib import Path

_TITLE = "# Benchmarks\n"


def put(page: Path, heading: str, text: str) -> None:
    """Replace the section `heading` of the page, or add it at the end."""
    sections = _sections(page.read_text(encoding="utf-8")) if page.exists() else {}
    sections[heading] = text.strip() + "\n"
    body = "\n".join(f"## {name}\n\n{part}" for name, part in sections.items())
    page.write_text(f"{_TITLE}\n{body}", encoding="utf-8")


def _sections(text: str) -> dict[str, str]:
    parts = text.split("\n## ")[1:]
    return {part.partition("\n")[0]: part.partition("\n")[2].strip() + "\n" for part in parts}
