"""The suite itself: what is collected never depends on time, hash seed or address, or workers could not share it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from time import sleep, time

ROOT = Path(__file__).parents[1]
ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")


def collecting(seed: str) -> subprocess.Popen[str]:
    options = ["-o", "addopts=--strict-markers --import-mode=importlib", "-p", "no:cacheprovider"]
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", *options, "tests"],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": seed},
        stdout=subprocess.PIPE,
        text=True,
    )


def ids(collected: subprocess.Popen[str]) -> list[str]:
    said = collected.communicate(timeout=240)[0]
    assert collected.returncode == 0, said
    return [line for line in said.splitlines() if "::" in line]


def test_two_collections_are_the_same() -> None:
    begun = int(time())
    first = collecting("1")
    while int(time()) == begun:
        sleep(0.01)  # the other begins in another second, and so does all that it imports
    second = collecting("2")
    one, other = ids(first), ids(second)
    assert len(one) > 1000
    assert one == other
    assert [name for name in one if ADDRESS.search(name)] == []
