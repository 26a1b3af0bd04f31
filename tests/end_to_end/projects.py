"""perfgate as a user runs it: real processes, a real shop, real sockets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import forked
from processes import wait_for

from perfgate.loadtest.service.ports import free_ports

ENVIRONMENT = {**os.environ, "NO_COLOR": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "COLUMNS": "120"}
for name in [name for name in ENVIRONMENT if name.startswith(("PERFGATE_", "GITHUB_", "GITLAB_", "CI_", "LOCUST_"))]:
    del ENVIRONMENT[name]
ENVIRONMENT["PERFGATE_DIAGNOSE"] = "0"  # its second pass takes time, and sends requests that tests count
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
MAX_WORKERS = 16


@dataclass
class Project:
    """A folder with a budget file, outside any git repository."""

    folder: Path

    def write(self, text: str, name: str = "budgets.yaml") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def perfgate(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return forked.perfgate(*arguments, cwd=self.folder, env={**ENVIRONMENT, **environment})

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "perfgate", *arguments],
            cwd=self.folder,
            env={**ENVIRONMENT, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def runs(self) -> list[Path]:
        """By the time of their start, and those of one second in the order in which they ended."""
        folders = (self.folder / ".perfgate" / "runs").iterdir()
        return sorted(folders, key=lambda run: (run.name.rpartition("-")[0], run.stat().st_mtime_ns))

    def run(self) -> dict[str, Any]:
        """run.json of the newest run."""
        data: dict[str, Any] = json.loads((self.runs[-1] / "run.json").read_text(encoding="utf-8"))
        return data

    def verdict(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads((self.runs[-1] / "verdict.json").read_text(encoding="utf-8"))
        return data


def free_port() -> int:
    """Not from the range of outgoing connections, of which the tests beside this one open thousands, and none that a test
    in another worker gets before anybody listens there."""
    while True:
        [port] = free_ports(1)
        if port % MAX_WORKERS == WORKER % MAX_WORKERS:
            return port


@dataclass
class Shop:
    """A demo shop that is running."""

    url: str

    def stats(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/stats", timeout=60) as answer:
            data: dict[str, Any] = json.load(answer)
            return data

    def reset(self) -> None:
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/stats/reset", method="POST"), timeout=60).close()


@contextmanager
def open_shop(**environment: str) -> Iterator[Shop]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "perfgate.demo", "--port", str(port)],
        env={**ENVIRONMENT, **environment},
        stderr=subprocess.DEVNULL,
    )
    shop = Shop(f"http://127.0.0.1:{port}")
    try:
        wait_for(lambda: answers(f"{shop.url}/healthz"), "the shop")
        yield shop
    finally:
        process.terminate()
        process.wait(60)


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=10).close()
    except OSError:
        return False
    return True
