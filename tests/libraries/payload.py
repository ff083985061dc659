"""What the hostile files of these tests do: make one folder, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path


class Runs:
    """Makes a folder when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)
