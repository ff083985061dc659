"""What the manifest of a TorchServe archive has the server run and install.

https://github.com/pytorch/serve/blob/master/model-archiver/README.md
"""

from __future__ import annotations

from safeload import limits
from safeload.lean import TYPE_CHECKING, Any, Final, Sequence
from safeload.parsers.facts import Mention

if TYPE_CHECKING:
    from safeload.parsers.mentions import Mentions

_MANIFEST: Final = ["mar-inf", "manifest.json"]  # case folded
_IMPORTED: Final = (".py", ".pyc", ".so", ".pyd")

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


def code(names: Sequence[str]) -> tuple[Mention, ...]:
    """Members of an archive with a manifest that can be imported.

    The server puts the archive's folder in front of Python's own, and the handler's name is a module that is imported.
    A file with the name of one of its own handlers, or of any module that it imports, is what runs:
    https://github.com/pytorch/serve/blob/master/ts/model_loader.py, `_load_handler_file`.
    """
    if not served(names):
        return ()
    found = [name for name in names if name.casefold().endswith(_IMPORTED)]
    return tuple(Mention(kind="mar-code", text=name[: limits.NAME]) for name in found[: limits.REASONS])


def served(names: Sequence[str]) -> bool:
    """Is there a manifest among them? The server takes a ZIP, and a tar.gz, with or without a folder around it."""
    return any(_parts(name)[-2:] == _MANIFEST for name in names)


def _parts(name: str) -> list[str]:
    """`./MAR-INF//manifest.json` is the same file, once it is unpacked."""
    return [part for part in name.casefold().split("/") if part not in ("", ".")]
