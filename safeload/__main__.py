"""`python -m safeload`."""

from __future__ import annotations

from safeload.cli.entry import program

if __name__ == "__main__":
    program()
