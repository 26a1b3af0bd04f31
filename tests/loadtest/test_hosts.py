"""Which host the load went to, as a condition of comparing: the port of a service that perfgate starts is chance."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfgate.loadtest import Sides, Start, host_of
from perfgate.model.budget_file import Service


@pytest.mark.parametrize(
    ("target", "host"),
    [
        ("http://127.0.0.1:8765", "127.0.0.1:8765"),
        ("https://Staging.Example", "staging.example"),
        ("http://[::1]:80/", "[::1]:80"),
    ],
)
def test_of_what_runs_already_the_port_belongs_to_it(target, host):
    assert host_of(Sides(target=target)) == host


def test_of_a_service_that_is_started_the_port_is_no_part():
    start = Start(service=Service(command="serve", port=4711), folder=Path(), log=Path("log"), environ={})
    assert host_of(Sides(target="http://127.0.0.1:4711", starts=(start,))) == "127.0.0.1"
