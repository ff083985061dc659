"""The command that approves exactly what a review is about."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING
from safeload.parsers.facts import GapReason
from safeload.sources.interface import Origin, OriginKind

if TYPE_CHECKING:
    from safeload.policy.interface import Review

# Options of a call that change which files it opens, and so must be part of the approval.
SCOPING = ("subfolder", "weight_name", "variant", "use_safetensors", "gguf_file", "code_revision", "task", "tokenizer",
           "processor", "image_processor", "feature_extractor", "assistant_model", "custom_pipeline",
           "custom_revision")  # fmt: skip
IN_MEMORY = "<bytes>"
UNREACHABLE = f"gap-{GapReason.UNREACHABLE.value}"  # the clause for what the source stopped delivering


def approve_command(review: Review, *, reason: str = "what you checked") -> str:
    """A line for a shell: `safeload approve org/name@COMMIT --loader … --reason "…"`; "" where there can be none.

    The commit pins what is approved. For a local path, the digest that the decision stores does. Bytes that lie only in
    memory, and paths with characters that do not print, cannot be named on a command line.
    """
    import shlex

    call, origin = review.call, review.snapshot.origin
    words = ["safeload", "approve", _named(origin)]
    loader = call.entry or call.loader
    if loader:
        words += ["--loader", loader]
    if call.trust_remote_code:
        words.append("--trust-remote-code")
    for key in SCOPING:
        if call.options.get(key) not in (None, ""):
            words += ["--option", f"{key}={call.options[key]}"]
    if review.policy.given:
        words += ["--policy", review.policy.given]
    words += ["--reason", reason]
    if origin.name == IN_MEMORY or not all(word.isprintable() for word in words):
        return ""
    return " ".join(shlex.quote(word) for word in words)


def how_to_approve(review: Review) -> str:
    """One sentence that names the command, or says why there is none yet."""
    if any(reason.clause == UNREACHABLE for reason in review.verdict.reasons):
        return "Nobody can approve what nobody could read: try again when the source delivers."
    command = approve_command(review)
    if command:
        return f"To approve it: {command}"
    return "To approve it, save it under a plain name, and run `safeload approve` on that file."


def _named(origin: Origin) -> str:
    if origin.kind is OriginKind.HUB:
        return str(origin)
    return f"./{origin.name}" if origin.name.startswith("-") else origin.name
