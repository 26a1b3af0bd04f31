"""What a run says of its load."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfgate import budgets, scenarios
from perfgate.loadtest.locust.load_warnings import load_warnings
from perfgate.recording.handover import LoadResult
from perfgate.text.notes import bare

FILE = "version: 1\ntarget: http://127.0.0.1:8765\nload: {rate: 10/s, duration: 10s}\nendpoints:\n"
CURE = "were redirects (status 3xx). If that is right, add `expect: {status: ...}`; else `follow_redirects: true`, or log in first."


@pytest.mark.parametrize(
    ("redirected", "named"),
    [
        ("a", "`a`"),
        ("ab", "`a` and `b`"),
        ("abcdefg", "7 endpoints, `a`, `b`, `c` and 4 more"),
        ("x", ""),  # its status is expected
    ],
)
def test_redirects_are_noted_once(tmp_path: Path, redirected: str, named: str):
    path = tmp_path / "budgets.yaml"
    lines = [f"  {name}: GET /{name}\n" for name in "abcdefg"]
    path.write_text(FILE + "".join(lines) + "  x: {request: GET /x, expect: {status: 302}}\n", encoding="utf-8")
    plan = scenarios.plan(budgets.read(path, {}))
    result = LoadResult(started="", began=0.0, duration=1.0, interrupted=False, redirected=tuple(redirected))

    texts = list(map(bare, load_warnings(result, plan)))

    assert texts == ([f"All successes of {named} {CURE}"] if named else [])
