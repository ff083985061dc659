"""What the manifest of a TorchServe archive has the server run and install.

https://github.com/pytorch/serve/blob/master/model-archiver/README.md
"""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from safeload.parsers.mentions import Mentions

_KEYS: Final = {
    "handler": "mar-handler",
    "envelope": "mar-handler",
    "modelFile": "mar-code",
    "requirementsFile": "mar-requirements",
    "configFile": "mar-config",
}


def say(value: Any, said: Mentions) -> None:
    """Mentions of what MAR-INF/MANIFEST.json names. Raises `Refused`."""
    model = value.get("model") if isinstance(value, dict) else None
    if not isinstance(model, dict) or "handler" not in model:
        return
    for key, kind in _KEYS.items():
        if model.get(key):
            said.add(kind, str(model[key])[:400], f"model.{key}")
