"""Repositories that are no models: their kind stands in front of their name."""

from __future__ import annotations

import pytest

from safeload.sources import cache
from safeload.sources.interface import Silent
from safeload.sources.names import is_repository, kind_of, repository_of_kind
from safeload.sources.registry import open_source

NAME = "datasets/acme/pages"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (NAME, ("dataset", "acme/pages")),
        ("spaces/acme/app", ("space", "acme/app")),
        ("acme/model", ("model", "acme/model")),
        ("datasets/model", ("model", "datasets/model")),
    ],
)
def test_the_kind_of_a_name(name, expected):
    assert kind_of(name) == expected
    assert is_repository(name)


@pytest.mark.parametrize("name", ["others/acme/pages", "datasets/a/b/c", "datasets//b", "datasets/../b"])
def test_three_parts_are_no_name_otherwise(name):
    assert not is_repository(name)


def test_a_name_as_the_client_has_it():
    assert repository_of_kind("acme/pages", "dataset") == NAME
    assert repository_of_kind("acme/model", None) == "acme/model"


def test_reading_fetching_and_finding_it_again_without_a_network(hub_env):
    hub_env.push(NAME, {"main/one.py": b"x = 1\n"})
    source = open_source(NAME)
    assert str(source.origin) == f"{NAME}@{hub_env.head(NAME)}"
    assert source.open("main/one.py").read_at(0, 99) == b"x = 1\n"
    place = source.fetch(["main/one.py"], Silent())["main/one.py"]
    assert "datasets--acme--pages" in str(place)
    assert cache.around(place.parent) is not None
    hub_env.down()
    again = open_source(NAME)
    assert [a.path for a in again.files()] == ["main/one.py"]
    assert again.origin == source.origin
