"""Where the manifest of a Core ML package says that its items lie.

https://github.com/apple/coremltools/blob/main/modelpackage/src/ModelPackage.hpp
"""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from safeload.parsers.mentions import Mentions


def say(value: Any, said: Mentions) -> None:
    """Mentions of the path of every item of a Manifest.json. Raises `Refused`."""
    items = value.get("itemInfoEntries") if isinstance(value, dict) else None
    if not isinstance(items, dict):
        return
    for key, item in items.items():
        if isinstance(item, dict) and "path" in item:
            said.add("coreml-item", str(item["path"]), f"itemInfoEntries.{key}")
