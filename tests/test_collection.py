"""The suite itself: what is collected never depends on time, hash seed or address, or workers could not share it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import SLOWEST_FIRST

ROOT = Path(__file__).parents[1]
ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")


def collected(seed: str, chosen: str) -> list[str]:
    options = ["-o", "addopts=--strict-markers --import-mode=importlib", "-p", "no:cacheprovider", "-m", chosen]
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


def test_two_collections_are_the_same(request: pytest.FixtureRequest) -> None:
    """One after the other: each takes seconds, so no module is imported at the same second in both. That of a session
    of the whole suite is one of the two."""
    config = request.config
    chosen = config.option.markexpr
    is_whole = [ROOT / argument for argument in config.args] == [ROOT / "tests"] and not config.option.keyword
    here = [item.nodeid for item in request.session.items]
    one, other = collected("1", chosen), here if is_whole else collected("2", chosen)
    assert [name for name in SLOWEST_FIRST if not (ROOT / "tests" / name).is_file()] == []
    assert len(one) > 1000
    assert one == other
    assert [name for name in one if ADDRESS.search(name)] == []
