"""The command that approves exactly what a review is about."""

from __future__ import annotations

import shlex

from safeload.policy.interface import Review
from safeload.sources.interface import OriginKind

# Options of a call that change which files it opens, and so must be part of the approval.
SCOPING = ("subfolder", "variant", "use_safetensors", "gguf_file")


def approve_command(review: Review, *, reason: str = "what you checked") -> str:
    """A line for a shell: `safeload approve org/name@COMMIT --loader … --reason "…"`.

    The commit pins what is approved. For a local path, the digest that the decision stores does.
    """
    call, origin = review.call, review.snapshot.origin
    words = ["safeload", "approve", str(origin) if origin.kind is OriginKind.HUB else origin.name]
    loader = call.entry or call.loader
    if loader:
        words += ["--loader", loader]
    if call.trust_remote_code:
        words.append("--trust-remote-code")
    for key in SCOPING:
        if call.options.get(key) not in (None, ""):
            words += ["--option", f"{key}={call.options[key]}"]
    if review.policy.name != "standard":
        words += ["--policy", review.policy.name]
    return " ".join(shlex.quote(word) for word in [*words, "--reason", reason])
