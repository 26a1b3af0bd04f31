"""A Redis server for the tests alone: on a free port, without a file, gone with them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from processes import wait_for
from services.needs import lacking, program

from perfgate.loadtest.service.ports import free_ports


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Its URL."""
    if (known := program("redis")) is None:
        lacking("redis")
    [port] = free_ports(1)
    command = [known, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    url = f"redis://127.0.0.1:{port}/0"

    def answers() -> bool:
        try:
            with redis.Redis.from_url(url) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False

    try:
        wait_for(answers, "Redis")
        yield url
    finally:
        server.terminate()
        server.wait(60)
