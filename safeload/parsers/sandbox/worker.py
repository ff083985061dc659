"""The process in which hostile bytes are parsed: started by path, without rights, without the rest of safeload.

It reads requests from the socket that is its descriptor 0 and answers each with parts. It never writes anywhere else.
"""

from __future__ import annotations

import gc
import os
import sys


def _package() -> None:
    """Make `safeload.parsers` importable without `safeload/__init__.py`, which belongs to the user's process."""
    package = type(sys)("safeload")
    package.__path__ = [__file__.rpartition("/parsers/")[0]]
    sys.modules["safeload"] = package


def alone() -> None:
    """In a session and a folder of its own, with no descriptor but the socket: whoever started this may have more."""
    os.setsid()
    os.chdir("/")
    for name in os.listdir("/dev/fd"):  # noqa: PTH208
        if int(name) > 2:
            try:
                os.close(int(name))
            except OSError:
                continue  # the one that listed them


def main() -> None:
    gc.disable()  # all that is imported stays, and looking through it again and again took a tenth of the start
    alone()
    _package()
    from safeload.parsers.sandbox import serve

    serve.forever()


if __name__ == "__main__":
    main()
