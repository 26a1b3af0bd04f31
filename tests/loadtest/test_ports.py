"""Ports for services."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from perfgate.loadtest.service import ports


def test_they_differ_and_no_outgoing_connection_takes_them():
    found = ports.free_ports(50)

    assert len(set(found)) == 50
    if ports.EPHEMERAL.exists():
        low, high = map(int, ports.EPHEMERAL.read_text().split())
        assert not [port for port in found if low <= port <= high]


@pytest.mark.parametrize("said", [None, "nonsense", "1024 65535"])
def test_where_there_is_no_such_range_there_are_ports_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str | None
):
    monkeypatch.setattr(ports, "EPHEMERAL", tmp_path / "range")
    if said is not None:
        ports.EPHEMERAL.write_text(said)

    assert len(set(ports.free_ports(3))) == 3


def test_who_listens_has_taken_it():
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not ports.is_free(server.getsockname()[1])
    [free] = ports.free_ports(1)
    assert ports.is_free(free)
