"""Lists of operators that were looked at, as the data files beside this one have them."""

from __future__ import annotations

from functools import cache


@cache
def listed(name: str) -> frozenset[str]:
    """The words of `ops/<name>.txt`; what follows a # is a comment."""
    from importlib.resources import files

    text = (files("safeload.scanners") / "ops" / f"{name}.txt").read_text(encoding="utf-8")
    return frozenset(word for line in text.splitlines() for word in line.partition("#")[0].split())
