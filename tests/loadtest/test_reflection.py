"""Whether a gRPC server declares its methods is tried, and not for ever."""

from __future__ import annotations

import socket
from pathlib import Path
from threading import Thread

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection

from perfgate.loadtest.service import reflection
from perfgate.loadtest.service.handshake import TlsCheck
from perfgate.model.budget_file import Tls

TLS = TlsCheck(tls=Tls(), folder=Path())


def ping(listening: socket.socket) -> None:
    """Answers with nothing but pings until the other side is gone."""
    sock, _ = listening.accept()
    server = H2Connection(H2Configuration(client_side=False))
    server.initiate_connection()
    try:
        while True:
            server.ping(b"12345678")
            sock.sendall(server.data_to_send())
            server.receive_data(sock.recv(1 << 16))
    except (OSError, ValueError):
        sock.close()


def test_a_server_that_only_pings_is_left_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reflection, "TIMEOUT_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        Thread(target=ping, args=(listening,), daemon=True).start()
        reflection.check_reflection(f"http://127.0.0.1:{listening.getsockname()[1]}", {}, TLS)
