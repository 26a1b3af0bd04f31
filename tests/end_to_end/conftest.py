"""Fixtures of the end-to-end tests; what they are made of is in projects.py."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import wait_for
from projects import Project, Shop, free_port, open_shop
from services.needs import program

from perfgate.loadtest.service.ports import is_free


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture(scope="session")
def shop() -> Iterator[Shop]:
    with open_shop() as shop:
        yield shop


@pytest.fixture(scope="session")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    port = free_port()
    command = [program("redis") or "", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--hz", "100"]
    server = subprocess.Popen(command, cwd=tmp_path_factory.mktemp("redis"), stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: not is_free(port), "Redis")
        yield port
    finally:
        server.terminate()
        server.wait(60)
