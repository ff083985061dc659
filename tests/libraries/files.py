"""Ways of handing a file to a library."""

from __future__ import annotations


def opened(read):
    """`read` of an open file, for a path."""

    def from_file(path):
        with path.open("rb") as file:
            return read(file)

    return from_file
