"""What a service waits for, seen from outside: real sockets of a real process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import inf
from pathlib import Path

import psutil
import psycopg
import pytest
from processes import wait_for

from perfgate.diagnose.facts import ProbeCounts
from perfgate.diagnose.probes import PostgresProbe, WaitProbe, cpu_quota, merged
from perfgate.diagnose.probes.locks import LockWatch
from perfgate.diagnose.probes.peers import Kinds
from perfgate.diagnose.probes.sockets import ESTABLISHED, SocketReader, TcpSocket, turn
from perfgate.diagnose.probes.waits import WaitTally
from perfgate.loadtest.service.ports import free_ports, is_free
from perfgate.model.budget_file import DiagnosePolicy
from perfgate.workflows import probing

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="Linux tells of sockets"),
]
WAIT = 0.05  # s that the other service takes
# Asks another service twice for each request, over a connection that it keeps.
SERVICE = """
import http.client, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        for _ in range(2):
            other.request("GET", "/")
            other.getresponse().read()
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_): ...
other = http.client.HTTPConnection("127.0.0.1", int(sys.argv[2]))
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


class Other(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    @staticmethod
    def wait() -> object:
        return threading.Event().wait(WAIT)

    def do_GET(self) -> None:
        self.wait()
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"x" * 1000)

    def log_message(self, *_: object) -> None: ...


@contextmanager
def other_service(wait: Callable[[], object] | None = None) -> Iterator[int]:
    handler = Other if wait is None else type("Waiting", (Other,), {"wait": staticmethod(wait)})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def service() -> Iterator[tuple[int, int, int]]:
    """Its process, its port, and that of the other service."""
    [port] = free_ports(1)
    with other_service() as other, subprocess.Popen([sys.executable, "-c", SERVICE, str(port), str(other)]) as process:
        wait_for(lambda: not is_free(port), "the service")
        yield process.pid, port, other
        process.kill()


def send(port: int, times: int) -> None:
    for _ in range(times):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60).read()


def test_messages_to_another_service_and_the_time_that_they_take(service: tuple[int, int, int]):
    pid, port, other = service
    send(port, 1)  # connects
    probe = WaitProbe(pid)
    probe.begin()
    send(port, 6)

    counts = probe.counted(requests=6)
    probe.close()

    assert counts.values["external_messages"] == 2
    assert counts.values["external_opened"] == 0
    assert counts.values["external_wait"] > WAIT
    assert counts.values["external_span"] == pytest.approx(counts.values["external_wait"])  # one after the other
    assert counts.values["database_wait"] == counts.values["cache_wait"] == 0
    [peer] = counts.peers
    assert (peer.address, peer.kind, peer.connections) == (f"127.0.0.1:{other}", "external", 1)
    assert peer.size > 2000


# Asks another service over a new connection for each request, as `requests.get` does.
RECONNECTING = (
    SERVICE.replace("other = http", "def connect(): return http")
    .replace("for _ in range(2):", "for other in [connect()]:")
    .replace(".read()", ".read(); other.close()")
)


class ClosingReader:
    """Reads the sockets; a connection to the other service that awaits its answer has had it, and is closed, before
    anybody can look up whose it was."""

    def __init__(self, other: int, answer: threading.Semaphore) -> None:
        self.real, self.other, self.answer, self.waiting = SocketReader(), other, answer, 0

    def read(self) -> list[TcpSocket]:
        sockets = self.real.read()
        for item in sockets:
            if item.peer_port == self.other and item.state == ESTABLISHED and item.messages and not item.answers:
                self.waiting += 1
                self.answer.release()
                wait_for(lambda inode=item.inode: self.is_closed(inode), "the end of the connection")
        return sockets

    def is_closed(self, inode: int) -> bool:
        return inode not in {item.inode for item in self.real.read()}

    def close(self) -> None:
        self.real.close()


@contextmanager
def reconnecting_service() -> Iterator[tuple[WaitProbe, ClosingReader, int]]:
    """A probe that has seen one connection of the service to the other one; a reader for it; the service's port."""
    [port] = free_ports(1)
    answer = threading.Semaphore(0)
    with (
        other_service(lambda: answer.acquire(timeout=60)) as other,
        subprocess.Popen([sys.executable, "-c", RECONNECTING, str(port), str(other)]) as process,
    ):
        wait_for(lambda: not is_free(port), "the service")
        reader = ClosingReader(other, answer)
        first = threading.Thread(target=send, args=(port, 1))
        first.start()
        wait_for(lambda: any(item.peer_port == other for item in reader.real.read()), "the connection")
        probe = WaitProbe(process.pid)
        answer.release()
        first.join()
        probe._reader.close()
        probe._reader = probe._owners._reader = reader  # type: ignore[assignment]
        try:
            yield probe, reader, port
        finally:
            probe.close()
            process.kill()


def counted_phase(probe: WaitProbe, port: int) -> ProbeCounts:
    """What a probe counts beside one request."""
    probe.begin()
    send(port, 1)
    return probe.counted(requests=1)


def test_connections_that_close_before_their_owner_is_looked_up_are_the_service_s():
    with reconnecting_service() as (probe, reader, port):
        phases = [counted_phase(probe, port) for _ in range(3)]

    assert reader.waiting == 3
    assert [counts.values["external_messages"] for counts in phases] == [1, 1, 1]
    assert [counts.values["external_opened"] for counts in phases] == [1, 1, 1]
    assert all(counts.values["external_wait"] > 0 for counts in phases)


def test_connections_that_another_process_makes_too_are_none_of_the_service_s():
    with reconnecting_service() as (probe, reader, _), socket.create_connection(("127.0.0.1", reader.other)):
        phases = [counted_phase(probe, reader.other) for _ in range(3)]

    assert reader.waiting == 3
    assert [counts.peers for counts in phases] == [(), (), ()]


def test_the_budget_file_says_what_listens_on_a_port(service: tuple[int, int, int]):
    pid, port, other = service
    probe = WaitProbe(pid, {other: "database"})
    probe.begin()
    send(port, 2)

    counts = probe.counted(requests=2)
    probe.close()

    assert counts.values["database_messages"] == 2
    assert counts.values["external_messages"] == 0


def test_without_requests_nobody_waits(service: tuple[int, int, int]):
    pid, port, _ = service
    send(port, 1)
    probe = WaitProbe(pid)
    probe.begin()
    threading.Event().wait(0.2)

    counts = probe.counted(requests=0)
    probe.close()

    assert set(counts.values.values()) == {0.0}
    assert "idle_external_wait" in counts.values


def test_a_service_that_somebody_stops(service: tuple[int, int, int]):
    pid, port, _ = service
    probe = WaitProbe(pid)
    os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED, "the stop")
    probe.begin()
    wait_for(lambda: probe._tally.looks, "a look")
    stopped = probe.counted(requests=1)
    os.kill(pid, signal.SIGCONT)
    probe.begin()
    send(port, 2)
    running = probe.counted(requests=2)
    probe.close()

    assert stopped.values["stopped"] == 1
    assert running.values["stopped"] == 0


def test_a_quota_that_is_used_up(tmp_path: Path):
    (tmp_path / "cpu.stat").write_text("usage_usec 5\nnr_periods 40\nnr_throttled 10\nthrottled_usec 9\n")

    after = cpu_quota.counted(tmp_path)

    assert after.share_since(cpu_quota.Periods(20, 5)) == 0.25
    assert cpu_quota.counted(tmp_path / "none").share_since(cpu_quota.Periods(0, 0)) == 0


class Waiting:
    """A connection to a database in which one statement waits for a lock at every moment, and two commits for the disk.
    It ends after some looks."""

    def __init__(self, looks: float = inf) -> None:
        self._looks, self._is_look = looks, False
        self.looked, self.ended = threading.Event(), threading.Event()

    def execute(self, _: str, values: Sequence[object] = ()) -> Waiting:
        self._is_look = bool(values)
        return self

    def fetchone(self) -> tuple[int, ...]:
        if not self._is_look:
            return (0,)  # the time
        if self._looks <= 0:
            self.ended.set()
            raise OSError("the connection has ended")
        self._looks -= 1
        self.looked.set()
        return 1, 2

    def close(self) -> None: ...


def test_commits_that_wait_for_the_disk_are_no_locks():
    connection = Waiting()
    watch = LockWatch(connection)
    watch.begin()
    connection.looked.wait(60)

    waits = watch.seconds()
    watch.close()

    assert waits
    assert 0 < waits.locks == waits.commits / 2


@pytest.mark.parametrize("looks", [0, 1])
def test_a_connection_that_ended_says_nothing_of_locks(looks: int):
    connection = Waiting(looks)
    watch = LockWatch(connection)
    watch.begin()
    connection.ended.wait(60)

    assert watch.seconds() is None


@pytest.mark.needs("postgresql")
def test_statements_that_wait_for_a_lock(postgresql_server: str):
    def update() -> None:
        with psycopg.connect(postgresql_server) as connection:
            connection.execute("update locked set n = n + 1")

    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute("create extension if not exists pg_stat_statements")
        connection.execute("create table locked as select 1 as n")
        probe = PostgresProbe(postgresql_server)
        probe.begin()
        waiting = threading.Thread(target=update)
        with connection.transaction():
            connection.execute("update locked set n = n + 1")
            waiting.start()
            waits = "select 1 from pg_locks where not granted"
            wait_for(lambda: connection.execute(waits).fetchone(), "the lock that is waited for")
            threading.Event().wait(0.3)
        waiting.join()

        counts = probe.counted(requests=2)
        probe.close()
        connection.execute("drop table locked")

    assert counts.values["lock_wait"] > 0.02


@pytest.mark.needs("postgresql")
def test_a_session_that_has_waited_since_before_waits_for_no_request(postgresql_server: str):
    """A job that waits for its turn, as long as another one has the lock."""

    def follow() -> None:
        with psycopg.connect(postgresql_server, autocommit=True) as connection:
            connection.execute("select pg_advisory_lock(7)")

    with psycopg.connect(postgresql_server, autocommit=True) as leader:
        leader.execute("select pg_advisory_lock(7)")
        follower = threading.Thread(target=follow)
        follower.start()
        waits = "select 1 from pg_stat_activity where wait_event_type = 'Lock'"
        wait_for(lambda: leader.execute(waits).fetchone(), "the session that waits")
        watch = LockWatch(psycopg.connect(postgresql_server, autocommit=True))
        watch.begin()
        wait_for(lambda: watch._looks > 2, "looks")
        seen = watch.seconds()
        watch.close()
        leader.execute("select pg_advisory_unlock(7)")
        follower.join()

    assert seen
    assert seen.locks == 0


def connection(*, sent: int, received: int, messages: int, answers: int) -> TcpSocket:
    return TcpSocket(
        inode=1,
        state=ESTABLISHED,
        port=40000,
        peer="10.0.0.1",
        peer_port=5432,
        unread=0,
        sent=sent,
        received=received,
        messages=messages,
        size=100 * answers,
        answers=answers,
    )


@pytest.mark.parametrize(
    ("sent", "received", "messages", "answers", "is_awaiting"),
    [
        (4, 60, 11, 10, True),  # sent after it had received
        (60, 4, 11, 11, False),
        (20, 20, 11, 10, True),  # in one tick: one more was sent, and nothing came
        (20, 20, 11, 11, False),
        (20, 20, 12, 11, True),  # two were sent, one came
        (20, 20, 10, 10, False),  # nothing happened
    ],
)
def test_whose_turn_it_is_on_a_connection(sent: int, received: int, messages: int, answers: int, is_awaiting: bool):
    earlier = turn(connection(sent=40, received=30, messages=10, answers=10))

    now = turn(connection(sent=sent, received=received, messages=messages, answers=answers), earlier)

    assert not earlier.is_awaiting
    assert now.is_awaiting is is_awaiting


def test_an_answer_that_came_at_once_with_the_next_request_leaves_it_waiting():
    earlier = turn(connection(sent=4, received=60, messages=10, answers=9))

    assert turn(connection(sent=20, received=20, messages=11, answers=10), earlier).is_awaiting
    assert not turn(connection(sent=20, received=20, messages=11, answers=11), earlier).is_awaiting


def test_answers_that_are_waited_for_side_by_side_are_one_wait():
    waiting = connection(sent=8, received=8, messages=1, answers=0)
    tally = WaitTally(began=0.0)
    tally.add([waiting, waiting._replace(inode=2), waiting._replace(inode=3, peer_port=6379)], set(), {})
    tally.add([waiting], set(), {})
    tally.add([], set(), {})

    kinds = Kinds({5432: "database", 6379: "cache"})
    assert sum(tally.awaiting.values()) == 4
    assert [kinds.looks(tally.moments, kind) for kind in ("database", "cache", "external")] == [2, 1, 0]


def test_a_broker_is_no_cache_unless_it_is_named_as_both():
    queue, cache = "redis://127.0.0.1:6380/0", "redis://127.0.0.1:6379/0"

    assert probing.named_ports(DiagnosePolicy(celery=queue, redis=cache), {}) == {6380: "broker", 6379: "cache"}
    assert probing.named_ports(DiagnosePolicy(celery=queue, redis=queue), {}) == {6380: "cache"}


@pytest.mark.parametrize(
    ("seen", "waited"),
    [
        ({"cache_wait": 0.050, "cache_messages": 2.0}, 0.040),
        ({"cache_wait": 0.050, "cache_messages": 0.02}, 0.0),  # a worker that listens, and was sampled more often
        ({"cache_wait": 0.012, "cache_messages": 2.0}, 0.0),  # hardly more than always
        ({"cache_wait": 0.050}, 0.040),
        (
            {"cache_wait": 0.050, "cache_messages": 0.1, "idle_cache_wait": 0.0},
            0.050,
        ),  # rare, and never without requests
    ],
)
def test_what_is_always_waited_for_is_no_request_s_wait(seen: dict[str, float], waited: float):
    counts = ProbeCounts(values={"phase_seconds": 0.010, "idle_cache_wait": 1.0, **seen})

    assert merged([counts]).values["cache_wait"] == pytest.approx(waited)


def test_a_connection_that_was_made_for_one_question_awaits_its_answer():
    """Its kernel shows the moment at which it was made as that of the last answer."""
    assert turn(connection(sent=8, received=8, messages=1, answers=0)).is_awaiting
    assert not turn(connection(sent=8, received=8, messages=0, answers=0)).is_awaiting


def test_an_ipv6_address_stands_in_brackets_before_its_port():
    probe = WaitProbe(os.getpid())
    tally = WaitTally(began=0.0)
    for number, peer in enumerate(("::1", "10.0.0.1")):
        item = connection(sent=1, received=1, messages=1, answers=1)
        tally.last[number] = item._replace(inode=number, peer=peer)

    addresses = [peer.address for peer in probe._peers(tally, 1.0, 1)]
    probe.close()

    assert sorted(addresses) == ["10.0.0.1:5432", "[::1]:5432"]
