"""TLS: certificates are verified unless other authorities are named, and all else is as without TLS."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from contextlib import suppress
from time import monotonic_ns, sleep

import pytest
from runtime.scripted import PATIENCE, Server, answers, ask, client_of, ok, until

from perfgate.runtime.http.client import FastClient
from perfgate.runtime.http.connection import Connection
from perfgate.runtime.http.dialling import TlsConfig, dial, origin

pytestmark = pytest.mark.needs("openssl")

MS = 1_000_000
REQUEST = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"


@pytest.fixture(params=["TLSv1_2", "TLSv1_3"])
def version(request) -> ssl.TLSVersion:
    return ssl.TLSVersion[request.param]


@pytest.fixture
def server_side(certificates, version) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = version
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    return context


@pytest.fixture
def trusting(certificates) -> TlsConfig:
    return TlsConfig(ca=str(certificates / "ca.pem"))


def connected(server: Server, trust: TlsConfig) -> Connection:
    deadline = monotonic_ns() + int(PATIENCE * 1e9)
    connection = Connection(dial(origin(server.url), trust, None, deadline).wire)
    connection.wire.deadline = deadline
    return connection


def exchange(connection: Connection):
    return connection.exchange(REQUEST, keep_body=True, no_body=False)


def test_a_certificate_of_an_unknown_authority_is_a_failure_that_says_so(server_side):
    with Server(answers(ok()), tls=server_side) as server:
        client = client_of(server)
        failure = ask(client).failure
        assert failure.kind == "connection"
        assert failure.detail.startswith("TLS: unable to get local issuer certificate")
        assert server.requests == []


ASK = """
import sys
from perfgate.runtime.http.client import FastClient, SendOptions, Timeouts
from perfgate.runtime.http.dialling import origin
client = FastClient(origin(sys.argv[1]))
for _ in range(2):
    response = client.send(b"GET / HTTP/1.1\\r\\nHost: test\\r\\n\\r\\n", SendOptions("GET", Timeouts(10**10), True))
    print(response.status, response.body.decode(), response.failure)
"""


def test_ssl_cert_file_names_other_authorities(certificates, server_side):
    """In a process of its own: the context is made once."""
    environ = {**os.environ, "SSL_CERT_FILE": str(certificates / "ca.pem")}
    with Server(answers(ok()), tls=server_side) as server:
        command = [sys.executable, "-c", ASK, server.url]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
        assert (done.stdout.splitlines(), done.stderr) == (["200 hello None"] * 2, "")
        assert server.connections == 1


def test_a_certificate_for_another_name_is_refused(server_side, trusting):
    with (
        Server(answers(ok()), tls=server_side, host="127.0.0.2") as server,
        pytest.raises(ssl.SSLCertVerificationError, match=r"127\.0\.0\.2"),
    ):
        connected(server, trusting)


def failure_of(server: Server, trust: TlsConfig) -> str:
    """What a request comes to: the kind of failure and what was said, or "" when it was answered."""
    client = client_of(server, trust)
    failure = ask(client).failure
    client.close()
    return f"{failure.kind}: {failure.detail}" if failure else ""


def test_an_authority_of_its_own(certificates, server_side):
    with Server(answers(ok()), tls=server_side) as server:
        assert failure_of(server, TlsConfig(ca=certificates / "ca.pem")) == ""
        assert failure_of(server, TlsConfig()).startswith("connection: TLS: unable to get local issuer certificate")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
def test_insecure_believes_any_certificate_for_any_name(server_side, host):
    with Server(answers(ok()), tls=server_side, host=host) as server:
        assert failure_of(server, TlsConfig(insecure=True)) == ""


def test_the_name_to_ask_for_and_to_verify_can_be_given(certificates, server_side):
    names = []
    server_side.sni_callback = lambda _, name, __: names.append(name)
    with Server(answers(ok()), tls=server_side, host="127.0.0.2") as server:
        ca = str(certificates / "ca.pem")
        assert failure_of(server, TlsConfig(ca=ca, server_name="shop.test")) == ""
        assert "other.test" in failure_of(server, TlsConfig(ca=ca, server_name="other.test"))
    assert names == ["shop.test", "other.test"]


@pytest.mark.parametrize("name", [".test", "a" * 70 + ".test"])
def test_a_name_that_tls_cannot_ask_for_is_a_failure(certificates, server_side, name):
    with Server(answers(ok()), tls=server_side) as server:
        assert failure_of(server, TlsConfig(insecure=True, server_name=name)).startswith("connection: ")


def test_a_client_certificate_is_shown(certificates, server_side):
    server_side.verify_mode = ssl.CERT_REQUIRED
    server_side.load_verify_locations(certificates / "ca.pem")
    ca, certificate, key = (certificates / name for name in ("ca.pem", "client.pem", "client.key"))
    with Server(answers(ok()), tls=server_side) as server:
        assert failure_of(server, TlsConfig(ca=ca, certificate=certificate, key=key)) == ""
        assert failure_of(server, TlsConfig(ca=ca)).startswith("connection: ")
        assert len(server.requests) == 1


def test_key_and_certificate_may_be_in_one_file(certificates, server_side, tmp_path):
    server_side.verify_mode = ssl.CERT_REQUIRED
    server_side.load_verify_locations(certificates / "ca.pem")
    both = tmp_path / "both.pem"
    both.write_text((certificates / "client.key").read_text() + (certificates / "client.pem").read_text())
    with Server(answers(ok()), tls=server_side) as server:
        assert failure_of(server, TlsConfig(ca=certificates / "ca.pem", certificate=both)) == ""


def test_a_file_that_cannot_be_used_is_a_failure(server_side, tmp_path):
    (tmp_path / "empty.pem").write_text("")
    with Server(answers(ok()), tls=server_side) as server:
        assert failure_of(server, TlsConfig(ca=tmp_path / "gone.pem")) == "connection: No such file or directory"
        assert failure_of(server, TlsConfig(ca=tmp_path / "empty.pem")).startswith("connection: TLS: ")


def test_the_time_of_the_handshake_is_known(server_side, trusting):
    with Server(answers(ok()), tls=server_side) as server:
        client = client_of(server, trusting)
        first, second = ask(client), ask(client)
        assert first.tls > 0
        assert first.wait >= first.dns + first.connect + first.tls
        assert (second.wait, second.tls) == (0, 0)
        client.close()


def test_requests_share_a_connection_whatever_tickets_come_in_between(server_side, trusting):
    with Server(answers(ok(b"one"), ok(b"two")), tls=server_side) as server:
        connection = connected(server, trusting)
        assert exchange(connection).body == b"one"
        for _ in range(20):
            assert connection.reusable
            assert connection.wire.is_quiet()
            assert exchange(connection).body == b"two"
        connection.wire.close()
        assert server.connections == 1


def test_the_end_of_an_idle_connection_is_noticed(server_side, trusting):
    def script(peer):
        peer.request()
        peer.send(ok())

    with Server(script, tls=server_side) as server:
        connection = connected(server, trusting)
        exchange(connection)
        until(lambda: not connection.wire.is_quiet())
        connection.wire.close()


def test_bytes_that_nobody_asked_for_are_noticed(server_side, trusting):
    def script(peer):
        peer.request()
        peer.send(ok())
        peer.request()
        peer.send(ok() + b"surplus")
        peer.send(b"more")
        peer.wait_for_end()

    with Server(script, tls=server_side) as server:
        connection = connected(server, trusting)
        exchange(connection)
        assert connection.wire.is_quiet()
        exchange(connection)
        assert not connection.reusable or not connection.wire.is_quiet()
        connection.wire.close()


@pytest.mark.parametrize("polite", [True, False])
def test_a_body_until_the_end_of_the_connection(server_side, trusting, polite):
    """A server may end TLS (close_notify) and leave the TCP connection open."""

    def script(peer):
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\nhello")
        if polite:
            peer.socket.setblocking(False)
            with suppress(ssl.SSLWantReadError):  # the client's own end may never come
                peer.socket.unwrap()
            peer.server.over.wait(PATIENCE)

    with Server(script, tls=server_side) as server:
        response = exchange(connected(server, trusting))
        assert (response.body, response.failure) == (b"hello", None)


def test_large_messages_in_both_directions(server_side, trusting):
    body = bytes(range(256)) * 20_000

    def script(peer):
        request = peer.request()
        peer.send(ok(request.partition(b"\r\n\r\n")[2]))
        peer.wait_for_end()

    with Server(script, tls=server_side) as server:
        connection = connected(server, trusting)
        data = f"PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        response = connection.exchange(data, keep_body=True, no_body=False)
        assert response.body == body
        connection.wire.close()


def test_times_are_those_of_the_encrypted_bytes(server_side, trusting):
    def script(peer):
        while peer.request():
            sleep(0.05)
            peer.send(ok())

    with Server(script, tls=server_side) as server:
        connection = connected(server, trusting)
        for _ in range(2):
            response = exchange(connection)
            assert response.service >= 0.98 * 50 * MS
            assert response.delivery >= 0
            assert not response.clock_stepped
        connection.wire.close()


def test_a_server_without_tls_is_a_failure():
    def script(peer):
        peer.socket.recv(1000)
        peer.send(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

    with Server(script) as server:
        client = FastClient(origin(server.url.replace("http:", "https:")))
        failure = ask(client).failure
        assert failure.kind == "connection"
        assert failure.detail.startswith("TLS: ")


def test_a_handshake_that_never_ends_is_a_timeout():
    def silent(peer):
        peer.server.over.wait(PATIENCE)

    with Server(silent) as server:
        client = FastClient(origin(server.url.replace("http:", "https:")))
        assert ask(client, timeout=0.1).failure.kind == "timeout"


def test_a_handshake_that_is_cut_off_is_a_failure():
    def script(peer):
        peer.socket.recv(1000)

    with Server(script) as server:
        client = FastClient(origin(server.url.replace("http:", "https:")))
        assert ask(client).failure.detail in ("closed during the TLS handshake", "connection reset")
