"""Servers that answer before they have read the whole request, and then do not read the rest of it."""

from __future__ import annotations

import ssl

import pytest
from runtime.scripted import PATIENCE, Peer, Server, answers, ask, client_of, ok

from perfgate.runtime.http.dialling import TlsConfig

BODY = b"x" * 8_000_000  # more than the kernel takes off our hands


def refuses(peer: Peer, *headers: str) -> None:
    """Reads the head, answers."""
    while b"\r\n\r\n" not in peer._buffer:
        assert peer._more()
    peer.send(ok(b"too large", *headers, status="413 Content Too Large"))


def and_closes(peer: Peer) -> None:
    """With the body unread, so that the client's kernel is told by a reset."""
    refuses(peer)


def and_stays(peer: Peer) -> None:
    refuses(peer)
    peer.server.over.wait(PATIENCE)


def and_lingers(peer: Peer) -> None:
    """As nginx does: it reads on for a while, so that the answer is not lost."""
    refuses(peer, "Connection: close")
    peer.wait_for_end()


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("script", [and_closes, and_stays, and_lingers])
@pytest.mark.parametrize("tls", [False, True])
def test_an_early_answer_is_the_answer(request, script, tls, method):
    context, trust = None, TlsConfig()
    if tls:
        folder = request.getfixturevalue("certificates")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem", folder / "server.key")
        trust = TlsConfig(ca=folder / "ca.pem")
    with Server(script, answers(ok(b"next")), tls=context) as server:
        client = client_of(server, trust)
        first, second = ask(client, method, body=BODY), ask(client)
        client.close()
        assert (first.status, first.body, first.failure) == (413, b"too large", None)
        assert (second.body, second.connections) == (b"next", 1)  # the old connection still waits for the rest
