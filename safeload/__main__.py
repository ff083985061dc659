"""`python -m safeload`."""

from __future__ import annotations

import sys

from safeload.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
