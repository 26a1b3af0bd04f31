"""The demo shop in a process of its own, with faults on its front page."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep

import httpx

from perfgate.demo.faults import VARIABLE
from perfgate.loadtest.service.ports import free_ports

START_S = 30


@contextmanager
def running(fault: str = "") -> Iterator[str]:
    """Its address, for as long as the block lasts."""
    (port,) = free_ports(1)
    environ = {**os.environ, VARIABLE: f"home:{fault}" if fault else ""}
    command = [sys.executable, "-m", "perfgate.demo", "--port", str(port)]
    shop = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, shop)
        yield url
    finally:
        shop.terminate()
        shop.wait(timeout=START_S)


def _wait(url: str, shop: subprocess.Popen[bytes]) -> None:
    until = monotonic() + START_S
    while monotonic() < until and shop.poll() is None:
        try:
            httpx.get(f"{url}/healthz", timeout=1).raise_for_status()
            return
        except httpx.HTTPError:
            sleep(0.1)
    sys.exit(f"The demo shop does not start at {url}.")
