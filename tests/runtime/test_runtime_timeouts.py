"""Timeouts: which one ends a request, what is said of it, and that one overdue connection disturbs no other."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Event
from time import monotonic, monotonic_ns

import gevent
import pytest
from runtime.scripted import PATIENCE, Server, answers, ask, client_of, ok, silent_after, until

from perfgate.runtime.http.client import FastClient
from perfgate.runtime.http.dialling import origin
from perfgate.runtime.http.responses import Failure
from perfgate.runtime.http.watchdog import SWEEP_INTERVAL_S, TimedOut, Watchdog

MS = 1_000_000


silent = silent_after()


def trickle(answer: bytes, pause: float):
    """A script that answers a request at once, and the next one byte by byte."""

    def script(peer):
        peer.request()
        peer.send(ok())
        peer.request()
        for value in answer:
            peer.send(bytes([value]))
            if peer.server.over.wait(pause):
                return

    return script


@contextmanager
def full_port() -> Iterator[int]:
    """A port of this machine that takes no more connections, and refuses none."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = listener.getsockname()[1]
        for _ in range(8):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        yield port


# ---- which one it was


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a full backlog refuses")
@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"connect": 0.1}, "no connection within 0.1 s"),
        ({"connect": 0.2, "first_byte": 0.1}, "no connection within 0.2 s"),
    ],
)
def test_a_connection_that_is_never_made(limits, said):
    with full_port() as port:
        response = ask(FastClient(origin(f"http://127.0.0.1:{port}")), **limits)
    assert response.failure == Failure("timeout", said)
    assert response.service >= 0.99 * limits["connect"] * 1000 * MS
    assert (response.wait, response.connections) == (0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a full backlog refuses")
def test_without_a_timeout_of_its_own_connecting_ends_with_the_whole():
    with full_port() as port:
        response = ask(FastClient(origin(f"http://127.0.0.1:{port}")), timeout=0.1)
    assert response.failure.kind == "timeout"
    assert response.failure.detail.endswith(" within 0.1 s")


def test_the_handshake_is_part_of_connecting():
    with Server(silent) as server:
        client = FastClient(origin(server.url.replace("http:", "https:")))
        assert ask(client, connect=0.1).failure == Failure("timeout", "no connection within 0.1 s")


def test_no_first_byte_in_time():
    with Server(silent, answers(ok())) as server:
        client = client_of(server)
        response = ask(client, connect=PATIENCE, first_byte=0.1)
        assert response.failure == Failure("timeout", "no answer within 0.1 s")
        assert response.service + response.wait >= 100 * MS
        assert response.connections == 1
        assert ask(client, connect=PATIENCE, first_byte=PATIENCE).body == b"hello"
        assert server.connections == 2


def test_no_first_byte_in_time_on_a_connection_in_use():
    with Server(silent_after(ok())) as server:
        client = client_of(server)
        assert ask(client, first_byte=PATIENCE).body == b"hello"
        assert ask(client, first_byte=0.1).failure == Failure("timeout", "no answer within 0.1 s")
        until(lambda: len(server.requests) == 2)


def test_once_the_answer_has_begun_the_whole_counts():
    go = Event()

    def in_two_pieces(peer):
        peer.request()
        peer.send(ok()[:5])
        go.wait(PATIENCE)
        peer.send(ok()[5:])

    with Server(in_two_pieces) as server:
        client = client_of(server)
        asking = gevent.spawn(ask, client, first_byte=PATIENCE / 3)
        until(lambda: client._connection is not None and client._connection.answered)
        assert client._connection.wire.deadline > monotonic_ns() + PATIENCE / 3 * 1000 * MS
        go.set()
        response = asking.get(timeout=PATIENCE)
        assert (response.body, response.failure) == (b"hello", None)


def test_the_shorter_of_two_is_named():
    with Server(silent_after(ok())) as server:
        client = client_of(server)
        ask(client)  # a busy machine may need 0.1 s to connect
        assert ask(client, timeout=0.1, first_byte=PATIENCE).failure.detail == "no complete answer within 0.1 s"
        assert ask(client).body == b"hello"
        assert ask(client, first_byte=0.1).failure.detail == "no answer within 0.1 s"


def test_an_answer_that_comes_drop_by_drop_ends_too():
    """Each byte comes in time: only the whole is too late (slow loris, the other way round)."""
    with Server(trickle(ok(bytes(1000)), 0.05), answers(ok())) as server:
        client = client_of(server)
        ask(client)  # a busy machine may need 0.4 s to connect
        began = monotonic()
        response = ask(client, timeout=0.4, first_byte=PATIENCE)
        assert response.failure == Failure("timeout", "no complete answer within 0.4 s")
        assert 0.4 <= monotonic() - began < PATIENCE
        assert ask(client).body == b"hello"


def test_a_server_that_does_not_read_is_a_timeout():
    def deaf(peer):
        peer.request()
        peer.send(ok())
        peer.server.over.wait(PATIENCE)

    with Server(deaf, buffer=1 << 14) as server:
        client = client_of(server)
        ask(client)  # a busy machine may need 0.2 s to connect
        response = ask(client, "PUT", body=bytes(20_000_000), timeout=0.2)
        assert response.failure == Failure("timeout", "no complete answer within 0.2 s")


# ---- names

ASK = """
import sys
import gevent
from perfgate.runtime.http.client import FastClient, SendOptions, Timeouts
from perfgate.runtime.http.dialling import origin

class Resolver:
    def __init__(self, hub=None): pass
    def close(self): pass
    def getaddrinfo(self, *arguments): gevent.sleep(600)

gevent.config.resolver = Resolver
timeouts = Timeouts(*(int(float(limit) * 1e9) for limit in sys.argv[1:]))
response = FastClient(origin("http://shop.test")).send(b"", SendOptions("GET", timeouts, True))
print(response.failure.kind, "-", response.failure.detail)
"""


@pytest.mark.parametrize(
    ("total", "connect", "said"),
    [("60", "0.1", "no connection within 0.1 s"), ("0.2", "0", "no connection within 0.2 s")],
)
def test_a_name_that_is_looked_up_for_ever_is_a_timeout(total, connect, said):
    command = [sys.executable, "-c", ASK, total, connect]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout.strip(), done.stderr) == (f"timeout - {said}", "")


def test_a_name_that_there_is_not_is_a_failure_of_the_connection():
    response = ask(FastClient(origin("http://no-such-host.invalid")))
    assert response.failure == Failure("generator", "names")
    assert (response.connections, response.wait) == (0, 0)


# ---- the watchdog


def test_one_overdue_among_many_disturbs_no_other():
    """All wait at once; only the one whose time is over is woken."""
    go = Event()

    def holds(peer):
        peer.request()
        peer.send(ok())
        while number := b"".join(peer.request().split(b" ")[1:2]):
            go.wait(PATIENCE)
            peer.send(ok(number))

    with Server(holds) as server:
        clients = [client_of(server) for _ in range(200)]
        for client in clients:
            ask(client)
        asking = [
            gevent.spawn(ask, client, path=str(number), timeout=0.3 if number == 77 else PATIENCE)
            for number, client in enumerate(clients)
        ]
        late = asking[77].get(timeout=PATIENCE)
        assert [one for one in asking if one.ready()] == [asking[77]]
        go.set()
        assert late.failure == Failure("timeout", "no complete answer within 0.3 s")
        answered = [one.get(timeout=PATIENCE) for number, one in enumerate(asking) if number != 77]
        assert [one.failure for one in answered] == [None] * 199
        assert [int(one.body) for one in answered] == [number for number in range(200) if number != 77]
        assert ask(clients[77]).body == b"hello"
        for client in clients:
            client.close()


def test_many_are_overdue_at_once():
    with Server(silent) as server:
        clients = [client_of(server) for _ in range(100)]
        asking = [gevent.spawn(ask, client, timeout=0.2) for client in clients]
        gevent.joinall(asking, timeout=PATIENCE)
        assert {one.value.failure.kind for one in asking} == {"timeout"}  # some wait for their connection still


class Waiter:
    """Waits until it is switched to, as a wire does."""

    def __init__(self, deadline: int) -> None:
        self.deadline, self.waits, self.greenlet = deadline, False, None
        self.woken = False

    def wait(self) -> None:
        self.greenlet, self.waits = gevent.getcurrent(), True
        try:
            gevent.get_hub().switch()
        except TimedOut:
            self.woken = True
        finally:
            self.waits = False


def test_only_what_waits_and_has_a_deadline_is_woken():
    watchdog = Watchdog()
    overdue, patient, no_hurry = Waiter(1), Waiter(2**62), Waiter(0)
    idle = Waiter(1)
    for one in (overdue, patient, no_hurry, idle):
        watchdog.watch(one)
    waiting = [gevent.spawn(one.wait) for one in (overdue, patient, no_hurry)]
    waiting[0].join(PATIENCE)
    gevent.sleep(2.5 * SWEEP_INTERVAL_S)
    assert [one.woken for one in (overdue, patient, no_hurry)] == [True, False, False]
    for one in waiting[1:]:
        one.kill()


def test_one_that_is_woken_may_close_another():
    watchdog = Watchdog()
    one, other = Waiter(1), Waiter(1)

    def wait_and_end(mine: Waiter, yours: Waiter) -> None:
        mine.wait()
        watchdog.forget(yours)
        yours.waits = False

    for waiter in (one, other):
        watchdog.watch(waiter)
    waiting = [gevent.spawn(wait_and_end, one, other), gevent.spawn(wait_and_end, other, one)]
    gevent.joinall(waiting, timeout=PATIENCE, count=1)
    gevent.sleep(0.1)
    assert [one.woken, other.woken].count(True) == 1
    gevent.killall(waiting)


def test_it_watches_again_after_nothing_was_left_to_watch():
    watchdog = Watchdog()
    for _ in range(3):
        one = Waiter(1)
        watchdog.watch(one)
        gevent.spawn(one.wait).join(PATIENCE)
        watchdog.forget(one)
        assert one.woken
