"""Fields whose values decide what a library calls: of a state that holds them, their kinds and short strings are told.

What these values may be is knowledge (`fields` in the lists of names); that they are told is not.
"""

from __future__ import annotations

from typing import Final

WATCHED: Final[dict[tuple[str, str], tuple[str, ...]]] = {}
