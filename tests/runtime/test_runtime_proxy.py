"""How requests go through the proxy that the environment names; which one that is: tests/test_proxies.py."""

from __future__ import annotations

import socket
import ssl
from base64 import b64encode
from contextlib import suppress
from threading import Thread

import pytest
from runtime.scripted import Peer, Server, answers, ask, ok

from perfgate.model.errors import UsageError
from perfgate.runtime.http.client import RETRY_AFTER_IDLE_NS, FastClient
from perfgate.runtime.http.dialling import TlsConfig, origin
from perfgate.runtime.http.responses import Failure

NAMES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")


@pytest.fixture
def environ(monkeypatch):
    """Sets variables of the environment, in which there is no proxy before."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    def set_all(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_all


def test_a_proxy_is_sent_the_whole_url(environ):
    with Server(answers(ok(b"one"), ok(b"two"))) as proxy:
        environ(HTTP_PROXY=proxy.url)
        client = FastClient(origin("http://shop.test:8080"))
        got = [ask(client, path="/products?page=1"), ask(client, "POST", path="/orders", body=b"GET / HTTP/1.1")]
        client.close()
    assert [(one.body, one.failure) for one in got] == [(b"one", None), (b"two", None)]
    assert proxy.requests == [
        b"GET http://shop.test:8080/products?page=1 HTTP/1.1\r\nHost: test\r\n\r\n",
        b"POST http://shop.test:8080/orders HTTP/1.1\r\nHost: test\r\nContent-Length: 14\r\n\r\nGET / HTTP/1.1",
    ]
    assert proxy.connections == 1


def test_a_proxy_is_told_who_asks(environ):
    with Server(answers(ok())) as proxy:
        environ(HTTP_PROXY=proxy.url.replace("//", "//ann:secret@"))
        assert ask(FastClient(origin("http://shop.test"))).body == b"hello"
    said = b64encode(b"ann:secret")
    assert proxy.requests == [
        b"GET http://shop.test/ HTTP/1.1\r\nProxy-Authorization: Basic " + said + b"\r\nHost: test\r\n\r\n"
    ]


def test_a_lost_request_is_sent_to_the_proxy_as_a_whole_url_again(environ):
    def resets(peer):
        peer.request()
        peer.send(ok())
        peer.request()
        peer.reset()

    with Server(resets, answers(ok(b"second"))) as proxy:
        environ(HTTP_PROXY=proxy.url)
        client = FastClient(origin("http://shop.test"))
        ask(client)
        client._connection.ended -= RETRY_AFTER_IDLE_NS
        assert ask(client).body == b"second"
    assert [request.split(b"\r\n")[0] for request in proxy.requests] == [b"GET http://shop.test/ HTTP/1.1"] * 3


def test_what_is_excepted_goes_directly_there(environ):
    with Server(answers(ok()), host="127.0.0.2") as server:
        environ(HTTP_PROXY="http://127.0.0.1:9")
        assert ask(FastClient(origin(server.url))).body == b"hello"
        assert server.requests == [b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"]


def test_a_proxy_of_another_kind_is_never_spoken_to(environ):
    with Server(answers(ok())) as proxy:
        environ(ALL_PROXY=proxy.url.replace("http:", "socks5:"))
        with pytest.raises(UsageError, match="ALL_PROXY names a socks5:// proxy"):
            FastClient(origin("http://shop.test"))
        assert proxy.connections == 0


def relays(peer: Peer) -> None:
    """A small proxy that does its work; every name is this machine for it."""
    while head := peer.request():
        method, target, _ = head.split(b"\r\n")[0].split(b" ")
        authority, _, path = target.removeprefix(b"http://").partition(b"/")
        with socket.create_connection(("127.0.0.1", int(authority.rpartition(b":")[2]))) as behind:
            if method == b"CONNECT":
                peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
                Thread(target=pump, args=(behind, peer.socket), daemon=True).start()
                pump(peer.socket, behind)
                return
            behind.sendall(head.replace(target, b"/" + path, 1))
            behind.shutdown(socket.SHUT_WR)
            pump(behind, peer.socket)


def pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):  # one of the two has gone
        while data := source.recv(65536):
            sink.sendall(data)


def test_through_a_real_proxy(environ, certificates):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    with (
        Server(answers(ok(b"plain"))) as plain,
        Server(answers(ok(b"secret"), ok(b"again")), tls=context) as secure,
        Server(relays) as proxy,
    ):
        environ(ALL_PROXY=proxy.url)
        client = FastClient(origin(f"http://shop.test:{plain.port}"))
        assert [ask(client, path=f"/{number}").body for number in (1, 2)] == [b"plain"] * 2
        assert (proxy.connections, plain.connections) == (1, 2)
        assert [one.split(b" HTTP")[0] for one in plain.requests] == [b"GET /1", b"GET /2"]
        client.close()
        client = FastClient(origin(f"https://shop.test:{secure.port}"), TlsConfig(ca=certificates / "ca.pem"))
        assert [ask(client).body for _ in range(2)] == [b"secret", b"again"]
        assert (proxy.connections, secure.connections) == (2, 1)
        client.close()


def test_a_proxy_that_is_not_there_is_a_failure(environ):
    environ(HTTP_PROXY="http://127.0.0.1:9")
    assert ask(FastClient(origin("http://shop.test"))).failure == Failure("connection", "connection refused")


# ---- tunnels


@pytest.mark.parametrize(("target", "asked"), [("shop.test", "shop.test:443"), ("shop.test:8443", "shop.test:8443")])
def test_a_tls_target_is_talked_to_through_a_tunnel(environ, certificates, target, asked):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")

    def tunnel(peer):
        peer.request()
        for piece in (b"HTTP/1.1 200 Conn", b"ection established\r\nVia: x\r\n", b"\r\n"):
            peer.send(piece)
        peer.socket = context.wrap_socket(peer.socket, server_side=True)
        answers(ok())(peer)

    with Server(tunnel) as proxy:
        environ(HTTPS_PROXY=proxy.url.replace("//", "//ann:secret@"))
        client = FastClient(origin(f"https://{target}"), TlsConfig(ca=certificates / "ca.pem"))
        got = [ask(client), ask(client)]
        client.close()
    assert [(one.body, one.failure) for one in got] == [(b"hello", None)] * 2
    said = b64encode(b"ann:secret").decode()
    connect = f"CONNECT {asked} HTTP/1.1\r\nHost: {asked}\r\nProxy-Authorization: Basic {said}\r\n\r\n".encode()
    assert proxy.requests == [connect, *[b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"] * 2]
    assert got[0].tls > 0


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "the proxy refuses: HTTP/1.1 403 Forbidden"),
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "the proxy refuses: HTTP/1.1 407 Proxy Auth"),
        (b"", "the proxy closed the connection"),
        (b"HTTP/1.1 200 OK\r\n", "the proxy closed the connection"),
    ],
)
def test_a_tunnel_that_is_not_made_is_a_failure(environ, answer, said):
    def refuses(peer):
        peer.request()
        peer.send(answer)

    with Server(refuses) as proxy:
        environ(HTTPS_PROXY=proxy.url)
        failure = ask(FastClient(origin("https://shop.test"))).failure
    assert failure.kind == "connection"
    assert failure.detail.startswith(said)


def test_a_tunnel_that_is_never_made_is_a_timeout(environ):
    def silent(peer):
        peer.request()
        peer.wait_for_end()

    with Server(silent) as proxy:
        environ(HTTPS_PROXY=proxy.url)
        failure = ask(FastClient(origin("https://shop.test")), connect=0.1).failure
    assert failure == Failure("timeout", "no connection within 0.1 s")
