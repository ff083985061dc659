"""What a person names on a command line, as a call."""

from __future__ import annotations

from safeload.errors import UsageError
from safeload.guard.loaders.registry import LOADERS
from safeload.lean import Any, Mapping
from safeload.sources.interface import Call


def call_for(
    target: str,
    *,
    revision: str | None = None,
    loader: str = "",
    trust_remote_code: bool = False,
    options: Mapping[str, Any] | None = None,
) -> Call:
    """`loader` is a library's name, an entry point of transformers (`AutoModel`), or "" (found from the files).

    Raises `UsageError` for a name that is neither.
    """
    library, entry = _resolved(loader)
    return Call(
        target=target,
        revision=revision,
        loader=library,
        entry=entry,
        trust_remote_code=trust_remote_code,
        options=dict(options or {}),
    )


def _resolved(loader: str) -> tuple[str, str]:
    if not loader:
        return "", ""
    names = [known.name for known in LOADERS]
    if loader in names:
        return loader, ""
    # torch.load, torch.jit.load, pickle.loads: the entry points of a plain call.
    library = max((name for name in names if loader.startswith(f"{name}.")), key=len, default="")
    if library:
        return library, loader
    from safeload.guard.loaders.transformers_entries import PIPELINE

    if loader == PIPELINE:
        return "transformers", loader
    if all(part.isidentifier() for part in loader.split(".")) and loader[0].isupper():
        return "transformers", loader
    import difflib

    near = difflib.get_close_matches(loader, names, n=1)
    raise UsageError(
        f"There is no loader {loader!r}.",
        next=f"Did you mean {near[0]!r}?" if near else f"Give one of {', '.join(names)}, or a class such as AutoModel.",
    )
