"""The HTTP client against real sockets: what servers do to connections, and what is told of it."""

from __future__ import annotations

import gzip
import socket
import tracemalloc
from hashlib import sha256
from threading import Event
from time import monotonic_ns, sleep

import gevent
import pytest
from runtime.scripted import PATIENCE, Server, answers, ask, client_of, ok, silent_after, until
from services.needs import lacking

from perfgate.recording.clock import KERNEL_CLOCK
from perfgate.runtime.http.client import RETRY_AFTER_IDLE_NS, FastClient
from perfgate.runtime.http.dialling import origin
from perfgate.runtime.http.observations import Observations
from perfgate.runtime.http.responses import UNKNOWN, Failure
from perfgate.runtime.scenario.endpoint import Endpoint

MS = 1_000_000


def loud(client: FastClient) -> bool:
    """Whether the idle connection's end, or bytes nobody asked for, have come."""
    return not client._connection.wire.is_quiet()


def watched(server: Server) -> tuple[FastClient, Observations]:
    """A client, and what it observes."""
    seen = Observations()
    return FastClient(origin(server.url), observations=seen), seen


# ---- keeping connections


def test_requests_share_one_connection():
    with Server(answers(ok(b"one"), ok(b"two"), b"HTTP/1.1 204 No Content\r\n\r\n", ok(b"four"))) as server:
        client = client_of(server)
        responses = [ask(client) for _ in range(4)]
        assert [(one.status, one.body) for one in responses] == [
            (200, b"one"),
            (200, b"two"),
            (204, b""),
            (200, b"four"),
        ]
        assert [one.failure for one in responses] == [None] * 4
        assert (server.connections, len(server.requests)) == (1, 4)
        assert responses[0].wait >= responses[0].connect > 0
        assert [(one.wait, one.dns, one.connect, one.tls) for one in responses[1:]] == [(0, 0, 0, 0)] * 3


def test_methods_share_it_too():
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"
    with Server(answers(head, chunked, ok(b"x", status="201 Created"))) as server:
        client = client_of(server)
        got = [ask(client, "HEAD"), ask(client), ask(client, "POST", body=b"new")]
        assert [(one.status, one.body, one.failure) for one in got] == [
            (200, b"", None),
            (200, b"hello", None),
            (201, b"x", None),
        ]
        assert server.connections == 1
        assert server.requests[2].endswith(b"\r\n\r\nnew")


@pytest.mark.parametrize(
    "answer",
    [
        ok(b"hi", "Connection: close"),
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    ],
)
def test_a_connection_that_the_server_gives_up_is_replaced(answer):
    with Server(answers(answer)) as server:
        client = client_of(server)
        assert [ask(client).body, ask(client, "POST").body] == [b"hi", b"hi"]
        assert server.connections == 2


def test_a_connection_that_the_request_gives_up_is_not_used_again():
    """The server closes without a word, as it may."""

    def once(peer):
        peer.request()
        peer.send(ok())

    with Server(once) as server:
        endpoint = Endpoint("e", "POST", "/", headers={"connection": "Close"})
        client = client_of(server)
        for _ in range(3):
            message = endpoint.message(origin(server.url), {}, "")
            assert client.send(message, endpoint.options).failure is None
        assert server.connections == 3


def test_a_body_until_the_end_of_the_connection():
    def script(peer):
        while peer.request():
            peer.send(b"HTTP/1.1 200 OK\r\n\r\nhel")
            peer.send(b"lo")
            return

    with Server(script) as server:
        client = client_of(server)
        assert [(one.body, one.size, one.failure) for one in (ask(client), ask(client))] == [(b"hello", 5, None)] * 2
        assert server.connections == 2


def test_interim_answers_come_first():
    def script(peer):
        peer.request()
        peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        peer.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 O")
        peer.send(ok()[len("HTTP/1.1 200 O") :])
        peer.wait_for_end()

    with Server(script) as server:
        response = ask(client_of(server), "POST", body=b"x")
        assert (response.status, response.body, response.headers) == (200, b"hello", {"content-length": "5"})


def test_an_answer_may_come_byte_by_byte():
    def script(peer):
        peer.request()
        for value in ok():
            peer.send(bytes([value]))
        peer.wait_for_end()

    with Server(script) as server:
        assert ask(client_of(server)).body == b"hello"


# ---- losing connections


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connection_known_to_be_closed_is_replaced_for_any_method(method):
    def closes(peer):
        peer.request()
        peer.send(ok(b"first"))

    with Server(closes, answers(ok(b"second"))) as server:
        client = client_of(server)
        assert ask(client).body == b"first"
        until(lambda: loud(client))
        again = ask(client, method)
        assert (again.body, again.failure) == (b"second", None)
        assert again.wait > 0
        assert [request.split()[0] for request in server.requests] == [b"GET", method.encode()]


def swallows(peer):
    """Answers one request, takes a second, and closes."""
    peer.request()
    peer.send(ok(b"first"))
    peer.request()


def hurried(client: FastClient, method: str = "GET"):
    """Sends at the very moment at which the server closes: the connection was open when it was looked at."""
    until(lambda: loud(client))
    client._connection.wire.is_quiet = lambda: True
    return ask(client, method, body=b"order" if method in ("POST", "PATCH") else b"")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_what_never_reached_the_server_is_sent_again(method):
    def closes(peer):
        peer.request()
        peer.send(ok(b"first"))

    with Server(closes, answers(b"HTTP/1.1 204 No Content\r\n\r\n")) as server:
        client, seen = watched(server)
        ask(client)
        again = hurried(client, method)
        assert (again.status, again.failure) == (204, None)
        assert [request.split()[0].decode() for request in server.requests] == ["GET", method]
        assert seen.resends == {"shop": 1}


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
def test_what_is_not_safe_is_never_sent_again(method):
    def closes(peer):
        peer.request()
        peer.send(ok(b"first"))

    with Server(closes, answers(ok(b"second"))) as server:
        client, seen = watched(server)
        ask(client)
        assert hurried(client, method).failure == Failure("connection", "closed before it answered")
        assert not seen.resends
        assert ask(client).body == b"second"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("pause", [0, 10 * RETRY_AFTER_IDLE_NS])
def test_a_server_that_takes_a_request_and_closes_has_failed(method, pause):
    """Even after a pause: it acknowledged the request before it closed, as one that closes an idle connection cannot."""
    with Server(swallows, answers(ok(b"second"))) as server:
        client, seen = watched(server)
        ask(client)
        client._connection.ended -= pause
        client._connection.idle_since -= pause
        lost = ask(client, method, body=b"order" if method == "POST" else b"")
        assert lost.failure == Failure("connection", "closed before it answered")
        assert [request.split()[0].decode() for request in server.requests] == ["GET", method]
        assert not seen.resends
        assert ask(client).body == b"second"


@pytest.mark.parametrize(("pause", "resends"), [(-int(PATIENCE * 1e9), {}), (RETRY_AFTER_IDLE_NS, {"shop": 1})])
def test_a_reset_is_sent_again_only_after_a_long_pause(pause, resends):
    def resets(peer):
        peer.request()
        peer.send(ok(b"first"))
        peer.request()
        peer.reset()

    with Server(resets, answers(ok(b"second"))) as server:
        client, seen = watched(server)
        ask(client)
        client._connection.ended -= pause
        again = ask(client)
        assert again.failure == (None if resends else Failure("connection", "connection reset"))
        assert seen.resends == resends


def test_the_time_of_a_lost_attempt_counts():
    """The visitor waited for it."""

    def dawdles(peer):
        peer.request()
        peer.send(ok(b"first"))
        peer.request()
        sleep(0.05)
        peer.reset()

    with Server(dawdles, answers(ok(b"second"))) as server:
        client = client_of(server)
        ask(client)
        client._connection.ended -= RETRY_AFTER_IDLE_NS
        assert ask(client).wait >= 0.98 * 50 * MS


@pytest.mark.parametrize("end", ["close", "reset"])
def test_an_answer_that_had_begun_is_not_asked_for_again(end):
    def breaks_off(peer):
        peer.request()
        peer.send(ok(b"first"))
        peer.request()
        peer.send(ok()[:-2])
        if end == "reset":
            received.wait(PATIENCE)
            peer.reset()

    received = Event()
    with Server(breaks_off, answers(ok(b"second"))) as server:
        client = client_of(server)
        ask(client)
        if end == "reset":  # once the beginning has been read, so that the reset cannot overtake it
            asking = gevent.spawn(ask, client)
            until(lambda: client._connection.answered)
            received.set()
            broken = asking.get()
        else:
            broken = ask(client)
        said = "closed in the middle of the answer" if end == "close" else "connection reset"
        assert broken.failure == Failure("connection", said)
        assert len(server.requests) == 2
        assert ask(client).body == b"second"


@pytest.mark.parametrize("length", [0, 1, 20, 40])
def test_an_answer_cut_off_on_a_fresh_connection_is_a_failure(length):
    def script(peer):
        peer.request()
        peer.send(ok()[:length])

    with Server(script) as server:
        response = ask(client_of(server))
        said = "closed in the middle of the answer" if length else "closed before it answered"
        assert (response.status, response.failure) == (0, Failure("connection", said))
        assert (server.connections, len(server.requests)) == (1, 1)


def test_a_reset_is_a_failure():
    def script(peer):
        peer.request()
        peer.reset()

    with Server(script) as server:
        assert ask(client_of(server)).failure == Failure("connection", "connection reset")


def test_a_refused_connection_is_a_failure():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        client = FastClient(origin(f"http://127.0.0.1:{unused.getsockname()[1]}"))
        response = ask(client)
        assert response.failure == Failure("connection", "connection refused")
        assert response.service > 0


def test_what_is_not_http_is_a_failure_and_the_next_request_has_a_new_connection():
    with Server(answers(b"SSH-2.0-OpenSSH_9.6\r\n"), answers(ok())) as server:
        client = client_of(server)
        failure = ask(client).failure
        assert failure.kind == "protocol"
        assert failure.detail.startswith("not HTTP: ")
        assert ask(client).body == b"hello"


def test_a_switch_of_protocols_is_a_failure():
    answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    with Server(answers(answer)) as server:
        assert ask(client_of(server)).failure == Failure(
            "protocol", "not HTTP: 101 Switching Protocols, which nobody asked for"
        )


def test_bytes_that_nobody_asked_for_are_no_answer():
    def script(peer):
        peer.request()
        peer.send(ok(b"first"))
        peer.send(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        peer.wait_for_end()

    with Server(script, answers(ok(b"second"))) as server:
        client = client_of(server)
        assert ask(client).body == b"first"
        if client._connection is not None:  # None when both came at once
            until(lambda: loud(client))
        assert ask(client, "POST").body == b"second"
        assert server.connections == 2


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_bytes_that_nobody_asked_for_are_no_answer_even_to_one_in_a_hurry(method):
    """Right after an answer the socket is not asked: the kernel's clock tells that they came too early."""
    go = Event()

    def script(peer):
        peer.request()
        peer.send(ok(b"first"))
        go.wait(PATIENCE)
        peer.send(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with Server(script, answers(ok(b"second"))) as server:
        client = client_of(server)
        assert ask(client).body == b"first"
        go.set()
        until(lambda: loud(client))
        client._connection.idle_since = monotonic_ns()  # as if the answer had come just now
        again = ask(client, method)
        assert (again.status, again.body, again.failure) == (200, b"second", None)
        assert server.connections == 2


# ---- time


def test_no_answer_in_time_is_a_timeout_that_took_so_long():
    with Server(silent_after(ok()), answers(ok())) as server:
        client = client_of(server)
        ask(client)  # a busy machine may need 0.1 s to connect
        response = ask(client, timeout=0.1)
        assert response.failure == Failure("timeout", "no complete answer within 0.1 s")
        assert response.service >= 100 * MS
        assert ask(client).body == b"hello"
        assert server.connections == 2


def test_half_an_answer_in_time_is_a_timeout_too():
    def stalls(peer):
        peer.request()
        peer.send(ok())
        peer.request()
        peer.send(ok()[:-1])
        peer.server.over.wait(PATIENCE)

    with Server(stalls, answers(ok())) as server:
        client = client_of(server)
        ask(client)  # a busy machine may need 0.1 s to connect
        assert ask(client, timeout=0.1).failure.kind == "timeout"
        assert ask(client).body == b"hello"


def test_a_timeout_of_a_scenario_around_a_request_is_its_own():
    """And the answer that comes too late is not taken for the next one's."""

    def late(peer):
        peer.request()
        peer.send(ok())
        peer.request()
        peer.request()
        peer.send(ok(b"late"))
        peer.wait_for_end()

    with Server(late, answers(ok(b"second"))) as server:
        client = client_of(server)
        ask(client)  # a busy machine may need 0.1 s to connect
        with pytest.raises(gevent.Timeout) as caught, gevent.Timeout(0.1) as own:
            ask(client)
        assert caught.value is own
        assert ask(client).body == b"second"


def test_latency_is_at_least_the_servers_own():
    begun = Event()

    def slow(peer):
        while peer.request():
            sleep(0.05)
            peer.send(ok()[:-1])
            begun.wait(PATIENCE)  # what is read together has one time
            sleep(0.02)
            peer.send(ok()[-1:])

    with Server(slow) as server:
        client = client_of(server)
        for _ in range(2):
            begun.clear()
            asking = gevent.spawn(ask, client)
            gevent.sleep(0)  # sends the request
            until(lambda: client._connection is not None and client._connection.answered)
            begun.set()
            response = asking.get(timeout=PATIENCE)
            assert response.service >= 0.98 * 70 * MS
            assert 50 * MS <= response.first_byte <= response.service - 20 * MS
            assert response.delivery >= 0
            assert not response.clock_stepped


@pytest.mark.usefixtures("kernel_timestamps")
@pytest.mark.skipif(not KERNEL_CLOCK, reason="the kernel's timestamps are Linux's")
def test_a_busy_generator_does_not_lengthen_the_latency():
    """The answer is there long before anybody reads it: the kernel knows when it came."""
    waiting, answered = Event(), Event()

    def script(peer):
        peer.request()
        peer.send(ok())
        peer.request()
        waiting.wait(PATIENCE)
        peer.send(ok())
        answered.set()
        peer.wait_for_end()

    with Server(script) as server:
        client = client_of(server)
        ask(client)
        asking = gevent.spawn(ask, client)
        gevent.sleep(0.05)  # until it waits for the answer
        waiting.set()
        assert answered.wait(PATIENCE)  # this and the next line block the whole thread, and with it the client
        sleep(0.2)
        response = asking.get()
        assert response.delivery >= 0.98 * 200 * MS
        assert not response.clock_stepped


# ---- sizes and contents


def test_a_large_answer_that_nobody_reads():
    body = bytes(range(256)) * 40_000
    with Server(answers(ok(body))) as server:
        client = client_of(server)
        dropped = ask(client, keep_body=False)
        assert (dropped.body, dropped.size, dropped.failure) == (b"", len(body), None)
        assert ask(client).body == body
        assert server.connections == 1


def test_a_huge_answer_that_nobody_reads_is_never_in_memory():
    piece, pieces = bytes(1 << 20), 100

    def script(peer):
        while peer.request():
            peer.send(f"HTTP/1.1 200 OK\r\nContent-Length: {pieces * len(piece)}\r\n\r\n".encode())
            for _ in range(pieces):
                peer.send(piece)

    with Server(script) as server:
        client = client_of(server)
        tracemalloc.start()
        try:
            response = ask(client, keep_body=False)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert (response.size, response.body, response.failure) == (pieces * len(piece), b"", None)
        assert peak < 3 * len(piece)
        client.close()


def test_a_large_request_to_a_slow_reader():
    def slow_reader(peer):
        request = peer.request()
        peer.send(ok(sha256(request.partition(b"\r\n\r\n")[2]).hexdigest().encode()))
        peer.wait_for_end()

    body = bytes(range(256)) * 20_000
    with Server(slow_reader, buffer=1 << 15) as server:
        assert ask(client_of(server), "PUT", body=body).body == sha256(body).hexdigest().encode()


def test_a_server_that_refuses_a_large_request_early_does_not_hang_the_client():
    """The answer may get lost with the rest of the request; what matters is that there is an end."""

    def refuses(peer):
        peer.socket.recv(1000)
        peer.send(ok(b"", "Connection: close", status="413 Content Too Large"))

    with Server(refuses) as server:
        response = ask(client_of(server), "PUT", body=bytes(5_000_000))
        assert response.status == 413 or response.failure.kind == "connection"


def test_an_answer_to_a_request_that_is_not_yet_sent():
    """The server refuses after the head and reads no further: the answer counts, and the connection is of no use."""

    def refuses(peer):
        peer.socket.recv(1000)
        peer.send(ok(b"too much", status="413 Content Too Large"))
        peer.server.over.wait(PATIENCE)

    with Server(refuses, answers(ok()), buffer=1 << 15) as server:
        client = client_of(server)
        response = ask(client, "POST", body=bytes(20_000_000))
        assert (response.status, response.body, response.failure) == (413, b"too much", None)
        assert ask(client).body == b"hello"
        assert server.connections == 2


@pytest.mark.parametrize("keep_body", [True, False])
@pytest.mark.parametrize(("encoding", "decoded"), [("gzip", 300_000), ("identity", 300_000), ("br", UNKNOWN)])
def test_the_size_of_what_is_compressed(encoding, decoded, keep_body):
    """gzip says it at its end; nothing is unpacked for it."""
    text = b"".join(b"%d, " % number for number in range(100_000))[:300_000]
    body = gzip.compress(text, 1) if encoding == "gzip" else text
    with Server(answers(ok(body, f"Content-Encoding: {encoding}"))) as server:
        response = ask(client_of(server), keep_body=keep_body)
        assert (response.size, response.decoded) == (len(body), decoded)


def test_compressed_contents():
    body = gzip.compress(b'{"a": "tea"}')
    with Server(answers(ok(body, "Content-Encoding: gzip", "Content-Type: application/json"))) as server:
        response = ask(client_of(server))
        assert (response.json, response.size, response.body) == ({"a": "tea"}, len(body), body)


# ---- where


def test_ipv6():
    try:
        server = Server(answers(ok()), host="::1")
    except OSError:
        lacking("IPv6")
    with server:
        assert ask(client_of(server)).body == b"hello"


def test_names_are_resolved():
    with Server(answers(ok())) as server:
        assert ask(FastClient(origin(f"http://localhost:{server.port}"))).body == b"hello"


@pytest.mark.parametrize("host", [f"{'a' * 64}.test", "a..test", f"{'a.' * 200}test", "shop.invalid"])
def test_names_that_nobody_can_have_are_failures(host):
    response = ask(FastClient(origin(f"http://{host}")))
    assert response.failure == Failure("generator", "names")


def test_closing_twice_is_closing():
    with Server(answers(ok())) as server:
        client = client_of(server)
        ask(client)
        client.close()
        client.close()
        assert ask(client).body == b"hello"
        assert server.connections == 2
