"""Ports for services."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from perfgate import budgets, scenarios
from perfgate.loadtest import Options
from perfgate.loadtest.locust import locust_process
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


@pytest.mark.skipif(not ports.EPHEMERAL.exists(), reason="only Linux tells which ports connections take")
def test_no_outgoing_connection_takes_the_port_over_which_processes_share_a_load(tmp_path: Path):
    path = tmp_path / "budgets.yaml"
    path.write_text("version: 1\ntarget: http://127.0.0.1:1\nload: {rate: 1/s, duration: 1s}\nendpoints: {a: GET /}\n")
    plan = scenarios.plan(budgets.read(path, None))
    options = Options(target="http://127.0.0.1:1", root=tmp_path, environ={}, processes=2)

    command = locust_process._command(plan, options)

    port = int(command[command.index("--master-port") + 1])
    assert command[command.index("--master-bind-port") + 1] == str(port)
    assert port < int(ports.EPHEMERAL.read_text().split()[0])
