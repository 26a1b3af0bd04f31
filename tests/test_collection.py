"""The suite itself: what is collected never depends on time, hash seed or address, or workers could not share it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from conftest import SLOWEST_FIRST

ROOT = Path(__file__).parents[1]
ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")


def collected(seed: str) -> list[str]:
    options = ["-o", "addopts=--strict-markers --import-mode=importlib", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", *options, "tests"],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return [line for line in done.stdout.splitlines() if "::" in line]


def test_two_collections_are_the_same() -> None:
    """One after the other: each takes seconds, so no module is imported at the same second in both."""
    one, other = collected("1"), collected("2")
    assert {name.partition("::")[0] for name in one} >= {f"tests/{name}" for name in SLOWEST_FIRST}
    assert len(one) > 1000
    assert one == other
    assert [name for name in one if ADDRESS.search(name)] == []
