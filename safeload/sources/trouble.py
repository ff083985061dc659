"""What the hub client's errors mean for a user: whose fault it is, and what to do next."""

from __future__ import annotations

from contextlib import contextmanager

from safeload.errors import AccessDenied, Misbehaved, NotFound, SafeloadError, SourceError, Unreachable
from safeload.lean import Iterator
from safeload.sources import transport

# What the hub client raises when an answer is not of the form that it expects.
BAD_ANSWER = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, AssertionError)
_REASON = 160  # characters of a library's own words that are worth repeating


@contextmanager
def explained(what: str, *, endpoint: str, repository: str) -> Iterator[None]:
    """Turn every failure of the hub client within the block into one `SourceError` about `what`."""
    try:
        yield
    except SafeloadError:
        raise
    except _foreseen() as error:
        raise meaning(error, what, endpoint=endpoint, repository=repository) from error


def _foreseen() -> tuple[type[BaseException], ...]:
    from huggingface_hub import errors

    # hf_xet, a native library, raises plain RuntimeErrors.
    xet = getattr(errors, "XetDownloadError", RuntimeError)
    return (*transport.failures(), OSError, *BAD_ANSWER, RuntimeError, xet)


def meaning(error: BaseException, what: str, *, endpoint: str, repository: str) -> SourceError:
    """The `SourceError` that says what `error` means."""
    from huggingface_hub import errors

    if isinstance(error, errors.LocalEntryNotFoundError) and error.__cause__ is not None:
        # The client's word for "no answer, nothing in the cache": the reason is behind it.
        return meaning(error.__cause__, what, endpoint=endpoint, repository=repository)
    if isinstance(error, (errors.OfflineModeIsEnabled, errors.LocalEntryNotFoundError)):
        return NotFound(
            f"{what} is not in the local cache, and offline mode is on.",
            next="Unset HF_HUB_OFFLINE, or download it first where there is a network.",
        )
    if isinstance(error, errors.GatedRepoError):
        return _gated(endpoint=endpoint, repository=repository)
    named = _not_found(error, what, endpoint=endpoint, repository=repository)
    if named is not None:
        return named
    return _failed(error, what, endpoint=endpoint, repository=repository)


def _not_found(error: BaseException, what: str, *, endpoint: str, repository: str) -> SourceError | None:
    from huggingface_hub import errors

    if isinstance(error, errors.RepositoryNotFoundError):
        return _no_repository(endpoint=endpoint, repository=repository)
    if isinstance(error, errors.RevisionNotFoundError):
        return NotFound(f"{repository} has no such revision ({what}).", next="Give a branch, a tag or a commit of it.")
    if isinstance(error, errors.EntryNotFoundError):
        return NotFound(f"{what} does not exist at this revision.", next="Check the name, or choose another revision.")
    if isinstance(error, getattr(errors, "DisabledRepoError", ())):
        return AccessDenied(f"{repository} was disabled by the hub.", next="Nothing can be loaded from it.")
    return None


def _failed(error: BaseException, what: str, *, endpoint: str, repository: str) -> SourceError:
    from huggingface_hub import errors

    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, errors.HfHubHTTPError) and isinstance(status, int):
        code = error.response.headers.get("X-Error-Code", "")
        return for_answer(status, code, what, endpoint=endpoint, repository=repository)
    if transport.timed_out(error):
        return Unreachable(f"{endpoint} did not answer in time ({what}).", next=_LATER)
    # requests' JSON error is one of transport by inheritance, and says that there was an answer.
    if isinstance(error, transport.failures()) and not isinstance(error, ValueError):
        return Unreachable(f"{endpoint} could not be reached ({what}: {_words(error)}).", next=_LATER)
    if isinstance(error, OSError) and not isinstance(error, errors.FileMetadataError) and error.errno is not None:
        return SourceError(
            f"{what} could not be stored ({error.strerror}).",
            next="Free some space, or set HF_HOME to a folder that you can write.",
        )
    return Misbehaved(
        f"{endpoint} gave an answer that makes no sense ({what}: {_words(error)}).",
        next="If HF_ENDPOINT is set, check that it is a hub. Nothing was loaded.",
    )


_LATER = "Check the network, the proxy settings and HF_ENDPOINT, or try again later."


def for_answer(status: int, code: str, what: str, *, endpoint: str, repository: str) -> SourceError:
    """The error that a refusal means: by the hub's own code (`X-Error-Code`), else by the HTTP status."""
    if code == "GatedRepo":
        return _gated(endpoint=endpoint, repository=repository)
    if code == "RepoNotFound":
        return _no_repository(endpoint=endpoint, repository=repository)
    return for_status(status, what, endpoint=endpoint, repository=repository)


def _gated(*, endpoint: str, repository: str) -> SourceError:
    return AccessDenied(
        f"{repository} is gated: its owners give access on request.",
        next=f"Ask for access at {endpoint}/{repository}, then run `hf auth login`.",
    )


def _no_repository(*, endpoint: str, repository: str) -> SourceError:
    return NotFound(
        f"There is no repository {repository} at {endpoint}, or it is private.",
        next="Check the spelling. If it is private, run `hf auth login` with an account that may see it.",
    )


def for_status(status: int, what: str, *, endpoint: str, repository: str) -> SourceError:
    """The error that an HTTP status means, where the hub gave no code of its own."""
    if status in (401, 403):
        return AccessDenied(
            f"{endpoint} refuses {what} (status {status}).",
            next="Run `hf auth login` with an account that may see it.",
        )
    if status == 404:
        return NotFound(f"{what} does not exist at {endpoint}.", next=f"Check the name and the files of {repository}.")
    if status == 429:
        return Unreachable(f"{endpoint} refuses more requests for now ({what}).", next="Wait, then try again.")
    if status >= 500:
        return Unreachable(f"{endpoint} has a problem of its own ({what}: status {status}).", next="Try again later.")
    return Misbehaved(f"{endpoint} answered {what} with status {status}.", next="Nothing was loaded.")


def _words(error: BaseException) -> str:
    line = " ".join(str(error).split())[:_REASON]
    return f"{type(error).__name__}: {line}" if line else type(error).__name__
