"""The process in which hostile bytes are parsed: started by path, without rights, without the rest of safeload.

It reads requests from the socket that is its descriptor 0 and answers each with parts. It never writes anywhere else.
"""

from __future__ import annotations

import sys
import types
from pathlib import PurePath


def _package() -> None:
    """Make `safeload.parsers` importable without `safeload/__init__.py`, which belongs to the user's process."""
    package = types.ModuleType("safeload")
    package.__path__ = [str(PurePath(__file__).parents[2])]
    sys.modules["safeload"] = package


def main() -> None:
    _package()
    from safeload.parsers.sandbox import serve

    serve.forever()


if __name__ == "__main__":
    main()
