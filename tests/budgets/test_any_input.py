"""Whatever stands in the file: `read` returns, or raises BudgetFileError with mistakes that can be shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from perfgate import budgets
from perfgate.budgets import messages
from perfgate.model.errors import BudgetFileError

# fmt: off
KEYS = st.sampled_from([
    "version", "name", "target", "allow", "service", "load", "defaults", "endpoints", "journeys", "scenarios", "gate",
    "history", "command", "port", "ready", "env", "rate", "users", "stages", "warmup", "duration", "arrivals", "for",
    "request", "weight", "headers", "json", "form", "multipart", "body", "graphql", "variables", "with", "expect",
    "capture", "timeout", "login", "budget", "p95", "errors", "fail", "warn", "between", "choice", "sequence", "from",
    "once", "file", "steps", "think", "baseline", "floor", "status", "header", "text", "regex", "equals", "a", "b",
    "abort", "total", "connect", "first_byte", "tls", "ca", "certificate", "key", "insecure", "client",
]) | st.text(max_size=3)
SCALARS = st.sampled_from([
    "300ms", "+10%", "300ms +10%", "uuid", "exists", "{x}", "${A}", "${B:-c}", "GET /", "/{x}", "$.a", "$[", "none",
    "log in", "a", "yes", "1:30", "0123", "users.csv", "http://x", "1%", "-5/s", "200/s", "1s", "\x1b[0m", "(", "{",
]) | st.integers(-5, 600) | st.booleans() | st.none() | st.floats() | st.text(max_size=4)
WORDS = st.sampled_from([
    "a", "b: ", "version: 1\n", "\n", "\n  ", "- ", "{", "}", "[", "]", ", ", "&a ", "*a", "<<: ", "'", '"', "!!str ",
    "!x ", "? ", "| ", "#", "%", "@", "\t", "---\n", "x", "1", "~", "yes", "\x85", "\u2028", "\ufeff", "é", "😀", "\r",
    "\r\n", "\0", "=", ":",
])
# fmt: on
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=8
)
ENTRIES = st.dictionaries(
    st.sampled_from(["a", "b", "log in"]), SCALARS | st.dictionaries(KEYS, VALUES, max_size=5), max_size=3
)
LOAD = {"rate": "1/s", "duration": "1s"}
FILES = st.fixed_dictionaries(
    {"version": st.just(1), "target": st.just("http://x") | SCALARS, "load": st.just(LOAD) | VALUES},
    optional={
        "endpoints": ENTRIES,
        "journeys": ENTRIES,
        "defaults": VALUES,
        "gate": VALUES,
        "service": VALUES,
        "tls": VALUES,
    },
)


@pytest.fixture(scope="module")
def path() -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        yield Path(folder) / "budgets.yaml"


def check(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    for environ in (None, {"A": "x"}):
        try:
            budgets.read(path, environ)
        except BudgetFileError as error:
            assert error.mistakes
            assert messages.render(error)


@settings(max_examples=100, deadline=None)
@given(data=FILES)
def test_any_data(path: Path, data: dict[str, Any]) -> None:
    check(path, yaml.safe_dump(data, allow_unicode=True, sort_keys=False).encode("utf-8", "replace"))


@settings(max_examples=75, deadline=None)
@given(words=st.lists(WORDS, max_size=20))
def test_any_yaml(path: Path, words: list[str]) -> None:
    check(path, "".join(words).encode())


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=60))
def test_any_bytes(path: Path, content: bytes) -> None:
    check(path, content)
