"""safeload: what would loading this model run? Look, decide, load exactly that."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, Any, attribute

__version__ = "0.1.0"

# Public name -> the module that has it. All lazy (PEP 562): importing safeload costs next to nothing.
_HOME = {
    "scan": "safeload.api",
    "review": "safeload.api",
    "load": "safeload.api",
    "from_pretrained": "safeload.api",
    "install": "safeload.api",
    "guarded": "safeload.api",
    "remove": "safeload.patch",
    "unsafe_off": "safeload.api",
    "Action": "safeload.policy.interface",
    "Policy": "safeload.policy.interface",
    "Review": "safeload.policy.interface",
    "Verdict": "safeload.policy.interface",
    "Loaded": "safeload.pipeline",
    "SafeloadError": "safeload.errors",
    "NotLoaded": "safeload.errors",
    "Blocked": "safeload.errors",
    "Denied": "safeload.errors",
    "DecisionNeeded": "safeload.errors",
    "SourceError": "safeload.errors",
    "PolicyError": "safeload.errors",
}
__all__ = [
    "Action",
    "Blocked",
    "DecisionNeeded",
    "Denied",
    "Loaded",
    "NotLoaded",
    "Policy",
    "PolicyError",
    "Review",
    "SafeloadError",
    "SourceError",
    "Verdict",
    "__version__",
    "from_pretrained",
    "guarded",
    "install",
    "load",
    "remove",
    "review",
    "scan",
    "unsafe_off",
]

if TYPE_CHECKING:
    from safeload.api import from_pretrained, guarded, install, load, review, scan, unsafe_off
    from safeload.errors import Blocked, DecisionNeeded, Denied, NotLoaded, PolicyError, SafeloadError, SourceError
    from safeload.patch import remove
    from safeload.pipeline import Loaded
    from safeload.policy.interface import Action, Policy, Review, Verdict


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'safeload' has no attribute {name!r}")
    return attribute(_HOME[name], name)


def __dir__() -> list[str]:
    return list(__all__)


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext safeload`."""
    from safeload_jupyter import load_ipython_extension as load_extension

    load_extension(shell)


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext safeload`."""
    from safeload_jupyter import unload_ipython_extension as unload_extension

    unload_extension(shell)
