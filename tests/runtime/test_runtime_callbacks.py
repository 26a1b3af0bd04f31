"""Callbacks against real sockets: which job they end, when, and what becomes of those that end none."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic_ns, sleep

import gevent
import pytest
from gevent import socket as gevent_socket
from services.needs import lacking

from perfgate.recording.clock import KERNEL_CLOCK
from perfgate.runtime.callbacks.awaited import DUPLICATE, LATE, UNKNOWN
from perfgate.runtime.callbacks.receiver import MALFORMED, CallbackReceiver
from perfgate.runtime.callbacks.requests import MAX_REQUEST_BYTES
from perfgate.runtime.http.observations import Observations

PATIENCE = 60


class Application:
    """One connection to the receiver, over which an application calls."""

    def __init__(self, receiver: CallbackReceiver) -> None:
        self.socket = gevent_socket.create_connection(("127.0.0.1", receiver.port), timeout=PATIENCE)

    def send(self, token: str, body: bytes = b"{}", method: str = "POST", more: str = "") -> None:
        head = (
            f"{method} /hooks/callback/{token}?try=1 HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{more}\r\n"
        )
        self.socket.sendall(head.encode() + body)

    def answer(self) -> bytes:
        """The status line of the next answer; nothing at the end of the connection."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = self.socket.recv(1)
            if not more:
                return data
            data += more
        return data.split(b"\r\n")[0]

    def call(self, token: str, body: bytes = b"{}", method: str = "POST") -> bytes:
        self.send(token, body, method)
        return self.answer()


@pytest.fixture
def observations() -> Observations:
    return Observations()


@pytest.fixture
def receiver(observations: Observations) -> Iterator[CallbackReceiver]:
    receiver = CallbackReceiver("127.0.0.1", "", observations)
    yield receiver
    receiver.close()


def test_a_call_reaches_the_job_of_its_token_alone(receiver: CallbackReceiver):
    first, second = receiver.awaited.expect("export"), receiver.awaited.expect("export")
    application = Application(receiver)

    statuses = [application.call(second.token, b'{"state": "done"}'), application.call(first.token, b"", "GET")]

    assert statuses == [b"HTTP/1.1 204 No Content"] * 2
    assert second.calls.get(timeout=PATIENCE).content.json == {"state": "done"}
    assert first.calls.get(timeout=PATIENCE).content.content == b""
    assert first.token != second.token
    assert min(len(first.token), len(second.token)) >= 32
    assert receiver.url(first.token, receiver.host) == f"http://127.0.0.1:{receiver.port}/callback/{first.token}"


def test_what_ends_no_job_is_counted(receiver: CallbackReceiver, observations: Observations):
    done, late = receiver.awaited.expect("export"), receiver.awaited.expect("export")
    application = Application(receiver)
    application.call(done.token)
    done.calls.get(timeout=PATIENCE)
    receiver.awaited.end(done, is_done=True)
    receiver.awaited.end(late, is_done=False)

    statuses = [application.call(token) for token in (done.token, done.token, late.token, "guessed", "")]
    statuses.append(application.call("guessed", method="OPTIONS"))

    assert [int(status.split()[1]) for status in statuses] == [204, 204, 204, 404, 404, 204]
    counted = {("export", DUPLICATE): 2, ("export", LATE): 1, ("callbacks", UNKNOWN): 2}
    assert observations.remarks == counted


def test_two_calls_at_the_same_moment_are_one_and_a_duplicate(receiver: CallbackReceiver, observations: Observations):
    job = receiver.awaited.expect("export")
    application = Application(receiver)
    assert [application.call(job.token), application.call(job.token)] == [b"HTTP/1.1 204 No Content"] * 2

    job.calls.get(timeout=PATIENCE)
    receiver.awaited.end(job, is_done=True)

    assert observations.remarks == {("export", DUPLICATE): 1}


@pytest.mark.usefixtures("kernel_timestamps")
def test_a_call_is_timed_by_the_kernel_however_late_it_is_read(receiver: CallbackReceiver):
    if not KERNEL_CLOCK:
        lacking("the kernel's receive timestamps")
    job = receiver.awaited.expect("export")
    application = Application(receiver)
    assert application.call("nobody").endswith(b"Not Found")  # the connection is accepted
    before = monotonic_ns()
    application.send(job.token)
    sleep(0.05)  # the load process is busy, and reads nothing
    resumed = monotonic_ns()

    call = job.calls.get(timeout=PATIENCE)

    assert before < call.arrived < resumed


def test_a_call_ends_with_its_last_byte(receiver: CallbackReceiver):
    job = receiver.awaited.expect("export")
    application = Application(receiver)
    application.send(job.token, b"", more="")  # completes the connection's first request
    assert application.answer()
    job.calls.get(timeout=PATIENCE)
    head = f"POST /callback/{job.token} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    application.socket.sendall(head.encode())
    assert application.answer() == b"HTTP/1.1 100 Continue"
    assert job.calls.empty()
    before = monotonic_ns()
    application.socket.sendall(b"{}")

    assert job.calls.get(timeout=PATIENCE).arrived > before
    assert application.answer() == b"HTTP/1.1 204 No Content"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS\r\n\r\n", b"HTTP/1.1 400 Bad Request"),
        (b"POST / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", b"HTTP/1.1 400 Bad Request"),
        (
            b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n" + b"x" * (MAX_REQUEST_BYTES + 1),
            b"HTTP/1.1 413 Content Too Large",
        ),
    ],
    ids=["tls", "upgrade", "endless"],
)
def test_what_is_no_callback_is_refused(
    receiver: CallbackReceiver, observations: Observations, data: bytes, status: bytes
):
    application = Application(receiver)
    gevent.spawn(_send_all, application, data)

    assert application.answer() == status
    assert observations.remarks == {("callbacks", MALFORMED): 1}


def _send_all(application: Application, data: bytes) -> None:
    try:
        application.socket.sendall(data)
    except OSError:  # refused before its end
        return


def test_a_port_that_is_taken_is_passed_over(receiver: CallbackReceiver, observations: Observations):
    other = CallbackReceiver(f"127.0.0.1:{receiver.port}", "runner.example", observations)
    try:
        assert receiver.port < other.port <= receiver.port + 64
        assert other.url("t", other.host) == f"http://runner.example:{other.port}/callback/t"
    finally:
        other.close()


def test_where_all_addresses_are_listened_on_the_host_is_chosen_by_the_way_to_the_target(observations: Observations):
    receiver = CallbackReceiver("0.0.0.0", "", observations)
    try:
        assert receiver.host == ""
        assert receiver.url("t", "192.0.2.7") == f"http://192.0.2.7:{receiver.port}/callback/t"
        assert receiver.url("t", "2001:db8::7") == f"http://[2001:db8::7]:{receiver.port}/callback/t"
    finally:
        receiver.close()


def test_an_address_of_another_machine_cannot_be_listened_on(observations: Observations):
    with pytest.raises(OSError, match="assign"):
        CallbackReceiver("192.0.2.7", "", observations)
