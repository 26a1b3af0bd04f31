"""The question before the load whether a gRPC server has reflection."""

from __future__ import annotations

import socket
import time
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest

from perfgate.loadtest.service import reflection
from perfgate.loadtest.service.handshake import TlsCheck
from perfgate.model.budget_file import Tls

SETTINGS = b"\0\0\0\4\0\0\0\0\0"
PING = b"\0\0\x08\6\0\0\0\0\0" + bytes(8)
MAX_PINGS = 3000  # half a minute: far more than the check may take


def test_a_server_that_only_sends_pings_does_not_hold_up_the_run(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reflection, "TIMEOUT_S", 0.2)
    sent: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Thread(target=_send_pings, args=(listening, sent), daemon=True)
        server.start()
        target = f"http://127.0.0.1:{listening.getsockname()[1]}"
        reflection.check_reflection(target, {}, TlsCheck(tls=Tls(), folder=Path()))
        server.join()
    assert len(sent) < MAX_PINGS


def _send_pings(listening: socket.socket, sent: list[bytes]) -> None:
    """Sends them until the client leaves."""
    connection = listening.accept()[0]
    with closing(connection):
        try:
            connection.sendall(SETTINGS)
            while len(sent) < MAX_PINGS:
                connection.sendall(PING)
                sent.append(PING)
                time.sleep(0.01)
        except OSError:
            return
