"""What a hub says of a repository, taken at its word but not at its types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.sources.interface import About

if TYPE_CHECKING:
    from safeload.sources.hub import HubSource


def about(source: HubSource) -> About:
    return About()
