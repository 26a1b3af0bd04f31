"""Proxies: which one the environment names, and how requests go through it."""

from __future__ import annotations

import ssl
from base64 import b64encode

import pytest
from runtime.scripted import Server, answers, ask, ok

from perfgate.runtime.client import FastClient
from perfgate.runtime.dialling import Proxy, Trust, origin, proxy_for
from perfgate.runtime.responses import Failure

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


PROXY = Proxy("proxy.test", 8080, "")


@pytest.mark.parametrize(
    ("variables", "target", "proxy"),
    [
        ({}, "http://shop.test", None),
        ({"HTTP_PROXY": "http://proxy.test:8080"}, "http://shop.test", PROXY),
        ({"http_proxy": "http://proxy.test:8080/"}, "http://shop.test", PROXY),
        ({"HTTP_PROXY": "proxy.test:8080"}, "http://shop.test", PROXY),
        ({"HTTP_PROXY": "http://proxy.test:8080"}, "https://shop.test", None),
        ({"HTTPS_PROXY": "http://proxy.test:8080"}, "https://shop.test", PROXY),
        ({"HTTPS_PROXY": "http://proxy.test:8080"}, "http://shop.test", None),
        ({"HTTP_PROXY": "http://proxy.test:8080"}, "http://localhost:8765", None),
        ({"HTTP_PROXY": "http://proxy.test:8080"}, "http://127.0.0.1:8765", None),
        ({"HTTP_PROXY": "http://proxy.test:8080"}, "http://[::1]:8765", None),
        ({"HTTP_PROXY": "http://proxy.test:8080", "NO_PROXY": "shop.test"}, "http://shop.test", None),
        ({"HTTP_PROXY": "http://proxy.test:8080", "NO_PROXY": "shop.test"}, "http://api.shop.test:81", None),
        ({"HTTP_PROXY": "http://proxy.test:8080", "NO_PROXY": "shop.test:81"}, "http://shop.test:81", None),
        ({"HTTP_PROXY": "http://proxy.test:8080", "NO_PROXY": "shop.test:81"}, "http://shop.test", PROXY),
        ({"HTTP_PROXY": "http://proxy.test:8080", "NO_PROXY": "a.test, shop.test"}, "http://shop.test", None),
        ({"HTTP_PROXY": "http://proxy.test:8080", "no_proxy": "*"}, "http://shop.test", None),
        (
            {"HTTP_PROXY": "http://ann:p%40ss@proxy.test:8080"},
            "http://shop.test",
            Proxy("proxy.test", 8080, f"Basic {b64encode(b'ann:p@ss').decode()}"),
        ),
    ],
    ids=str,
)
def test_the_proxy_of_a_target(environ, variables, target, proxy):
    environ(**variables)
    assert proxy_for(origin(target)) == proxy


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
    def swallows(peer):
        peer.request()
        peer.send(ok())
        peer.request()

    with Server(swallows, answers(ok(b"second"))) as proxy:
        environ(HTTP_PROXY=proxy.url)
        client = FastClient(origin("http://shop.test"))
        ask(client)
        assert ask(client).body == b"second"
    assert [request.split(b"\r\n")[0] for request in proxy.requests] == [b"GET http://shop.test/ HTTP/1.1"] * 3


def test_what_is_excepted_goes_directly_there(environ):
    environ(HTTP_PROXY="http://127.0.0.1:9", NO_PROXY="127.0.0.2")
    with Server(answers(ok()), host="127.0.0.2") as server:
        assert ask(FastClient(origin(server.url))).body == b"hello"
        assert server.requests == [b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"]


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
        client = FastClient(origin(f"https://{target}"), Trust(ca=certificates / "ca.pem"))
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
