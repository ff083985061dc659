"""Tab completion for `%safeload`: options, and models that are in the local cache."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from IPython.core.completer import CompletionContext, SimpleCompletion, context_matcher

OPTIONS = ("--as", "--loader", "--revision", "--policy", "--trust-remote-code", "--convert", "--no-load")
POLICIES = ("strict", "standard", "lenient")
_LINE = re.compile(r"^\s*%safeload\s+(?P<before>(?:\S+\s+)*)(?P<token>\S*)$")


def suggestions(line: str) -> tuple[str, list[str]] | None:
    """For the text left of the cursor: the word being typed, and what it may become. None: not ours."""
    match = _LINE.match(line)
    if match is None:
        return None
    words, token = match["before"].split(), match["token"]
    last = words[-1] if words else ""
    if last == "--policy":
        known: Iterable[str] = POLICIES
    elif last in ("--as", "--revision"):
        known = ()
    elif last == "--loader":
        known = _loaders()
    elif token.startswith("-"):
        known = (option for option in OPTIONS if option not in words)
    else:
        known = cached_models()
    return token, [text for text in known if text.startswith(token)]


def cached_models() -> list[str]:
    """`org/name` of every model in the cache of huggingface_hub, found without importing it."""
    try:
        folders = [entry.name for entry in os.scandir(_cache()) if entry.name.startswith("models--")]
    except OSError:
        return []
    return sorted(name.removeprefix("models--").replace("--", "/") for name in folders)


def _cache() -> Path:
    chosen = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.environ.get("HF_HOME") or Path(base) / "huggingface").expanduser() / "hub"


def _loaders() -> list[str]:
    from safeload.guard.loaders.registry import LOADERS

    return [*(loader.name for loader in LOADERS), "AutoModel", "AutoModelForCausalLM"]


def _matches(context: CompletionContext) -> dict[str, Any]:
    """What IPython calls at every Tab."""
    line = context.full_text.split("\n")[context.cursor_line][: context.cursor_position]
    found = suggestions(line)
    if found is None:
        return {"completions": [], "suppress": False}
    token, texts = found
    return {
        "completions": [SimpleCompletion(text, type="model") for text in texts],
        "matched_fragment": token,
        "suppress": bool(texts),
    }


safeload_matcher = context_matcher()(_matches)
