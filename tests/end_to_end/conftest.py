"""Fixtures of the end-to-end tests; what they are made of is in projects.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from projects import Project, Shop, open_shop


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture(scope="session")
def shop() -> Iterator[Shop]:
    with open_shop() as shop:
        yield shop
