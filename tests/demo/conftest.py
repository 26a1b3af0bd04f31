"""Starts the demo shop as the real process it is, on a free port, with a temporary folder of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest


@dataclass(frozen=True, kw_only=True)
class RunningShop:
    url: str
    process: subprocess.Popen[str]
    temporary: Path  # what the process takes for /tmp
    said: str  # on stderr, up to the line that says where it is

    def client(self) -> httpx.Client:
        # No proxy and no certificates of the environment: this machine only, and quick to make.
        return httpx.Client(base_url=self.url, timeout=60, trust_env=False, verify=False)

    def signed_in(self) -> httpx.Client:
        client = self.client()
        token = client.post("/login", json={"user": "user1", "password": "demo"}).json()["token"]
        client.cookies.clear()
        client.headers["Authorization"] = f"Bearer {token}"
        return client

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """The exit code, and what was written to stderr since the start."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, errors


@contextmanager
def running_shop(faults: str = "", arguments: Sequence[str] = ()) -> Iterator[RunningShop]:
    with tempfile.TemporaryDirectory() as temporary:
        environment = {**os.environ, "PERFGATE_DEMO_FAULTS": faults, "TMPDIR": temporary}
        command = [sys.executable, "-m", "perfgate.demo", "--port", "0", *arguments]
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        try:
            assert process.stderr is not None
            said = ""
            for line in process.stderr:  # ends when the process does
                said += line
                if line.startswith("demo shop at "):
                    break
            assert "demo shop at " in said, said
            url = said.split("demo shop at ")[1].split()[0]
            yield RunningShop(url=url, process=process, temporary=Path(temporary), said=said)
        finally:
            process.kill()
            process.communicate()


@pytest.fixture(scope="session")
def start_shop() -> Callable[..., AbstractContextManager[RunningShop]]:
    """For shops with faults or arguments: `with start_shop("search:slow=3") as shop`."""
    return running_shop


@pytest.fixture(scope="session")
def shop() -> Iterator[RunningShop]:
    """A sound shop, shared: tests must not count on baskets or counters being empty."""
    with running_shop() as running:
        yield running
