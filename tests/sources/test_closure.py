"""The walk through repositories: what is reached, once, within limits."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from safeload import limits
from safeload.errors import AccessDenied, Misbehaved, NotFound, SourceError, UsageError
from safeload.sources.closure import Closure, listing_of, walk
from safeload.sources.interface import Call, Listing, Role, Silent, Source, Wanted
from safeload.sources.readable import Readable

from .fakes import FakeSource

OTHER = "b" * 40
Wants = dict[str, tuple[Wanted, ...]]


def walked(wants: Wants, *sources: FakeSource, call: Call | None = None) -> Closure:
    """Walk from the first source; the scope of each repository is a constant."""
    known = {source.origin.name: source for source in sources}

    def scope(call: Call, listing: Listing) -> tuple[Wanted, ...]:
        return wants.get(listing.origin.name, ())

    def open_other(name: str, revision: str | None) -> Source:
        if "/" not in name:
            raise UsageError("That is no name.")
        if name not in known:
            raise NotFound(f"There is no {name}.", next="Check.")
        return known[name]

    return walk(call or Call(target="acme/m"), sources[0], scope, open_other=open_other)


def shown(closure: Closure) -> dict[str, str]:
    return {a.path: a.role.value for a in closure.snapshot.artifacts}


def test_only_what_is_wanted_is_there() -> None:
    source = FakeSource("acme/m", {"a.bin": b"1", "b.py": b"2"})
    closure = walked({"acme/m": (Wanted(path="a.bin", role=Role.WEIGHTS),)}, source)
    assert shown(closure) == {"a.bin": "weights"}
    assert closure.snapshot.origin == source.origin
    assert closure.open(closure.snapshot.artifacts[0]).read_at(0, 9) == b"1"
    assert closure.missing == frozenset()


def test_what_is_not_there_has_no_size_and_is_not_fetched() -> None:
    wants = {"acme/m": (Wanted(path="gone.bin", role=Role.WEIGHTS), Wanted(path="a.bin", role=Role.WEIGHTS))}
    source = FakeSource("acme/m", {"a.bin": b"1"})
    closure = walked(wants, source)
    (gone,) = [a for a in closure.snapshot.artifacts if a.size is None]
    assert gone.path == "gone.bin"
    assert closure.missing == {"gone.bin"}
    with pytest.raises(NotFound):
        closure.open(gone)
    assert closure.cached(gone) is None
    assert set(closure.fetch(Silent())) == {"a.bin"}


def test_a_file_of_another_repository_carries_its_origin() -> None:
    wants = {"acme/m": (Wanted(path="code.py", role=Role.CODE, repo="mallory/code"),)}
    other = FakeSource(
        "mallory/code", {"code.py": b"from .more import X", "more.py": b"", "unused.py": b""}, commit=OTHER
    )
    closure = walked(wants, FakeSource("acme/m", {}), other)
    assert shown(closure) == {"mallory/code--code.py": "code", "mallory/code--more.py": "code"}
    artifact = closure.snapshot.artifacts[0]
    assert artifact.origin == other.origin
    assert artifact.name_in_origin == "code.py"
    assert closure.open(artifact).read_at(0, 4) == b"from"
    assert closure.fetch(Silent())["mallory/code--more.py"] == Path("/cache/mallory/code/more.py")
    assert set(closure.sources) == {str(closure.snapshot.origin), f"mallory/code@{OTHER}"}


def test_another_repository_whole_is_walked_with_the_same_scope() -> None:
    wants = {
        "acme/m": (Wanted(path="adapter.bin", role=Role.WEIGHTS), Wanted(path="", role=Role.CONFIG, repo="acme/base")),
        "acme/base": (Wanted(path="base.bin", role=Role.WEIGHTS),),
    }
    closure = walked(wants, FakeSource("acme/m", {"adapter.bin": b""}), FakeSource("acme/base", {"base.bin": b""}))
    assert shown(closure) == {"adapter.bin": "weights", "acme/base--base.bin": "weights"}


def test_circles_end() -> None:
    wants = {
        "acme/m": (Wanted(path="", role=Role.CONFIG, repo="acme/base"),),
        "acme/base": (Wanted(path="", role=Role.CONFIG, repo="acme/m"), Wanted(path="x", role=Role.CONFIG)),
    }
    closure = walked(wants, FakeSource("acme/m", {}), FakeSource("acme/base", {"x": b""}))
    assert shown(closure) == {"acme/base--x": "config"}


def test_the_number_of_repositories_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REPOSITORIES", 3)
    names = [f"acme/m{i}" for i in range(5)]
    wants = {a: (Wanted(path="", role=Role.CONFIG, repo=b),) for a, b in pairwise(names)}
    with pytest.raises(SourceError, match="more than 3 repositories"):
        walked(wants, *(FakeSource(name, {}) for name in names))


def test_the_stronger_role_wins() -> None:
    wants = {"acme/m": (Wanted(path="a.py", role=Role.CODE), Wanted(path="a.py", role=Role.CONFIG))}
    assert shown(walked(wants, FakeSource("acme/m", {"a.py": b""}))) == {"a.py": "code"}


def only_failure(closure: Closure) -> tuple[str, SourceError]:
    """The one file that could not be reached: it has no size and no bytes, so that no grant can come of it."""
    ((path, error),) = closure.failures.items()
    (artifact,) = [a for a in closure.snapshot.artifacts if a.path == path]
    assert artifact.size is None
    assert artifact.origin is not None
    assert path in closure.missing
    assert closure.cached(artifact) is None
    assert path not in closure.fetch(Silent())
    with pytest.raises(type(error)):
        closure.open(artifact)
    return path, error


def test_a_repository_that_is_not_there_is_a_missing_file_that_says_who_asked_for_it() -> None:
    wants = {"acme/m": (Wanted(path="a.py", role=Role.CODE), Wanted(path="x.py", role=Role.CODE, repo="no/such"))}
    closure = walked(wants, FakeSource("acme/m", {"a.py": b""}))
    assert shown(closure) == {"a.py": "code", "no/such--x.py": "code"}
    path, error = only_failure(closure)
    assert isinstance(error, NotFound)
    assert "no/such" in str(error)
    assert "It is named by acme/m@" in str(error)
    assert path == "no/such--x.py"


def test_a_base_model_that_is_not_there_is_a_gap_for_whatever_would_be_loaded_of_it() -> None:
    wants = {"acme/m": (Wanted(path="", role=Role.CONFIG, repo="no/such", revision="v2"),)}
    path, _ = only_failure(walked(wants, FakeSource("acme/m", {})))
    assert path == "no/such@v2--*"


def test_a_name_that_is_none_is_the_repository_s_fault() -> None:
    wants = {"acme/m": (Wanted(path="x.py", role=Role.CODE, repo="nonsense" * 1000),)}
    path, error = only_failure(walked(wants, FakeSource("acme/m", {})))
    assert isinstance(error, Misbehaved)
    assert "nonsense" in error.message
    assert len(path) < 300


class Gated(FakeSource):
    """It is there, and its files are not given out."""

    def open(self, path: str) -> Readable:
        raise AccessDenied(f"{self.origin.name} is gated.")


def test_code_of_a_gated_repository_is_a_gap_and_what_it_imports_is_not_guessed() -> None:
    wants = {"acme/m": (Wanted(path="x.py", role=Role.CODE, repo="acme/gated"),)}
    gated = Gated("acme/gated", {"x.py": b"from .more import X", "more.py": b""}, commit=OTHER)
    path, error = only_failure(walked(wants, FakeSource("acme/m", {}), gated))
    assert (path, type(error)) == ("acme/gated--x.py", AccessDenied)


def test_settings_of_a_gated_repository_are_a_gap() -> None:
    base, home = Gated("acme/gated", {"config.json": b"{}"}, commit=OTHER), FakeSource("acme/m", {"a.bin": b""})

    def scope(call: Call, listing: Listing) -> tuple[Wanted, ...]:
        if listing.origin == home.origin:
            return Wanted(path="a.bin", role=Role.WEIGHTS), Wanted(path="", role=Role.CONFIG, repo="acme/gated")
        listing.read("config.json")
        return ()

    closure = walk(Call(target="acme/m"), home, scope, open_other=lambda name, revision: base)
    assert shown(closure) == {"a.bin": "weights", "acme/gated--*": "config"}
    assert only_failure(closure)[0] == "acme/gated--*"


def test_the_repository_itself_has_to_be_readable() -> None:
    wants = {"acme/gated": (Wanted(path="x.py", role=Role.CODE),)}
    with pytest.raises(AccessDenied):
        walked(wants, Gated("acme/gated", {"x.py": b""}))


def test_the_number_of_repositories_that_cannot_be_reached_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REPOSITORIES", 3)
    asked: list[str] = []

    def scope(call: Call, listing: Listing) -> tuple[Wanted, ...]:
        return tuple(Wanted(path="x.py", role=Role.CODE, repo=f"no/such{i}") for i in range(100))

    def nobody(name: str, revision: str | None) -> Source:
        asked.append(name)
        raise NotFound(f"There is no {name}.")

    with pytest.raises(SourceError, match="more than 3 repositories"):
        walk(Call(target="acme/m"), FakeSource("acme/m", {}), scope, open_other=nobody)
    assert len(asked) == 3


def test_a_folder_whose_name_could_hide_a_file_s() -> None:
    wants = {"acme/m": (Wanted(path="x.py", role=Role.CODE, repo="/tmp/a--b"),)}
    with pytest.raises(SourceError, match="cannot be told apart"):
        walked(wants, FakeSource("acme/m", {}), FakeSource("/tmp/a--b", {"x.py": b""}, commit=None))


def test_a_listing_that_was_read_is_not_read_again() -> None:
    source = FakeSource("acme/m", {"config.json": b"{}"})
    listing = listing_of(source)
    listing.read("config.json")

    def scope(call: Call, listing: Listing) -> tuple[Wanted, ...]:
        listing.read("config.json")
        return ()

    def nobody(name: str, revision: str | None) -> Source:
        raise AssertionError(name)

    walk(Call(target="acme/m"), source, scope, open_other=nobody, listing=listing)
    assert source.opened == ["config.json"]
