"""What the name of an archive's member says of where it would be written, and how it would be shown."""

from __future__ import annotations


def outside(name: str) -> bool:
    """Does it lead out of the folder that the archive is unpacked into, on any system?"""
    parts = name.replace("\\", "/").split("/")
    return name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]


def unprintable(name: str) -> bool:
    """Is it empty, or does it hold control characters or backslashes, which programs read differently?"""
    return not name or "\\" in name or any(ord(c) < 32 or ord(c) == 127 for c in name)
