"""Addresses, shortages, and what processes tell each other of them."""

from __future__ import annotations

import errno
import socket
import sys
import threading
from contextlib import ExitStack, suppress
from pathlib import Path
from time import monotonic_ns

import pytest
from processes import wait_for
from runtime.scripted import Server, answers, ok

from perfgate.recording.shortages import FILES, MEMORY, PORTS
from perfgate.runtime.http.dialling import TlsConfig, _connect, dial, origin
from perfgate.runtime.http.observations import (
    MAX_REMARKS,
    QUEUE_FULL,
    RESENT_AFTER_NS,
    SLOW_LOOKUP,
    SLOW_LOOKUP_NS,
    Observations,
)

V4, V6 = socket.AF_INET, socket.AF_INET6


def addresses(*found: tuple[int, str]) -> list:
    return [(family, socket.SOCK_STREAM, 6, "", (address, 80)) for family, address in found]


def firsts(observations: Observations, *found: tuple[int, str], times: int) -> list[str]:
    return [observations.spread(addresses(*found))[0][4][0] for _ in range(times)]


def test_connections_take_turns():
    assert firsts(Observations(), (V4, "10.0.0.1"), (V4, "10.0.0.2"), times=4) == ["10.0.0.1", "10.0.0.2"] * 2


def test_the_family_that_the_system_prefers_comes_first():
    found = (V6, "::1"), (V4, "10.0.0.1"), (V6, "::2")
    seen = Observations()
    assert firsts(seen, *found, times=3) == ["::1", "::2", "::1"]
    assert [one[4][0] for one in seen.spread(addresses(*found))] == ["::2", "::1", "10.0.0.1"]


def test_an_address_that_does_not_answer_is_named():
    with Server(answers(ok())) as server:
        seen = Observations()
        found = [(V4, socket.SOCK_STREAM, 6, "", (host, server.port)) for host in ("127.0.0.9", "127.0.0.1")]
        for _ in range(4):
            sock, address = _connect(seen.spread(found), monotonic_ns() + 10**10, seen)
            sock.close()
            assert address == "127.0.0.1"
    assert list(seen.remarks.items()) == [
        (("127.0.0.9", "this address of the target did not answer; another one did"), 2)
    ]


def test_an_address_of_another_family_that_does_not_answer_is_not():
    seen = Observations()
    seen.remark_silent([(V6, "::1")], V4)
    assert not seen.remarks


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a full queue refuses")
def test_a_full_queue_of_new_connections_is_named():
    """gwsystems/sledge-serverless-framework pull request 395: a spike at 1 s, where first packets are sent again."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = listener.getsockname()[1]
        while not asking(port):  # until one of them is not let in
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        waiting = asking(port)

        def accept() -> None:
            wait_for(lambda: asking(port) != waiting, "one more that is not let in", timeout_s=60)
            with suppress(OSError):  # closed when the test is over
                for _ in range(waiting + 2):
                    listener.accept()[0].close()

        acceptor = threading.Thread(target=accept)
        acceptor.start()
        seen = Observations()
        where = origin(f"http://127.0.0.1:{port}")
        dial(where, TlsConfig(), None, monotonic_ns() + 60 * 10**9, seen).wire.close()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)  # ends the wait of the thread; closing does not
        acceptor.join(60)
        stack.close()
    assert dict(seen.remarks) == {("127.0.0.1", QUEUE_FULL): 1}


def asking(port: int) -> int:
    """The number of connections to a port of this machine that wait for an answer to their first packet."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return sum(f":{port:04X} 02 " in line for line in lines)


def test_a_slow_lookup_is_told_from_a_slow_connection():
    """kubernetes/dns issue 96: looking up a name takes 5 s, connecting and answering 0.2 s."""
    seen = Observations()
    with socket.socket() as sock:  # never sent anything again
        seen.remark_slow("shop.example", "10.0.0.1", SLOW_LOOKUP_NS, RESENT_AFTER_NS, sock)
        seen.remark_slow("shop.example", "10.0.0.1", SLOW_LOOKUP_NS - 1, RESENT_AFTER_NS, sock)
    assert dict(seen.remarks) == {("shop.example", SLOW_LOOKUP): 1}


@pytest.mark.parametrize(
    ("number", "shortage"),
    [
        (errno.EMFILE, FILES),
        (errno.ENFILE, FILES),
        (errno.ENOBUFS, MEMORY),
        (errno.EADDRNOTAVAIL, PORTS),
        (errno.ECONNREFUSED, ""),
        (errno.ECONNRESET, ""),
        (errno.ETIMEDOUT, ""),
    ],
)
def test_what_the_generator_itself_has_run_out_of(number, shortage):
    seen = Observations()
    seen.addresses["10.0.0.1"] = 1
    assert seen.shortage(OSError(number, "words")) == shortage


def test_an_address_that_nothing_ever_connect_to_is_no_shortage_of_ports():
    """IPv6 that is switched off says so too."""
    assert Observations().shortage(OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")) == ""


def test_processes_add_up():
    first, second = Observations(), Observations()
    for one in (first, second):
        one.resends["shop"] += 1
        one.unsent[PORTS] += 2
        one.addresses["10.0.0.1"] += 3
        one.remark("shop", "odd")
    first.add(second.as_plain())
    first.add({})  # what a process of an earlier version says
    assert first.as_plain() == {
        "resends": {"shop": 2},
        "unsent": {PORTS: 4},
        "addresses": {"10.0.0.1": 6},
        "remarks": [["shop", "odd", 2]],
    }


def test_remarks_are_bounded():
    seen = Observations()
    for number in range(2 * MAX_REMARKS):
        seen.remark(f"{number}", "odd")
        seen.remark("0", "odd")
    assert len(seen.remarks) == MAX_REMARKS
    assert seen.remarks["0", "odd"] == 2 * MAX_REMARKS + 1
