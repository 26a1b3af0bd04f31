"""A GitHub for every test, of both kinds; what is not as GitHub describes it fails the test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fake_github.description import DOTCOM, GHES
from fake_github.server import FakeGitHub, strict_github


@pytest.fixture(params=[DOTCOM, GHES])
def github(request: pytest.FixtureRequest) -> Iterator[FakeGitHub]:
    with strict_github(request.param) as fake:
        yield fake
