"""What `perfgate doctor` says of a target with TLS: the budget file's `tls` holds for it too."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from runtime.conftest import certificates  # noqa: F401 - a fixture

from perfgate import budgets, scenarios
from perfgate.workflows.doctor.check import Check, CheckState, CheckSurroundings, Subject
from perfgate.workflows.doctor.of_target import target

pytestmark = pytest.mark.needs("openssl")


class Fine(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def secure(certificates: Path) -> Iterator[str]:  # noqa: F811 - the fixture
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    with ThreadingHTTPServer(("127.0.0.1", 0), Fine) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"https://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("tls", "state", "words"),
    [
        ("tls: {ca: ca.pem}", CheckState.OK, "answers 200"),
        ("tls: {ca: ca.pem, server_name: shop.test}", CheckState.OK, "answers 200"),
        ("", CheckState.BROKEN, "is not trusted"),
    ],
)
def test_the_target_is_asked_as_the_load_will(
    secure: str,
    certificates: Path,  # noqa: F811
    tmp_path: Path,
    tls: str,
    state: CheckState,
    words: str,
):
    (tmp_path / "ca.pem").write_bytes((certificates / "ca.pem").read_bytes())
    path = tmp_path / "budgets.yaml"
    path.write_text(
        f"version: 1\ntarget: {secure}\n{tls}\nload: {{rate: 1/s, duration: 1s}}\nendpoints: {{home: GET /}}\n"
    )
    read = budgets.read(path, {})
    around = CheckSurroundings(budget=path, root=tmp_path, environ={}, child_environ={}, now=0.0)
    subject = Subject(budget_file=read, plan=scenarios.plan(read), target=secure)

    found: list[Check] = [check for check in target(subject, around) if check.name == "target"]

    assert [(check.state, words in check.message) for check in found] == [(state, True)], found
