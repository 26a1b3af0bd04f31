"""Observations: what one process sees of connections beside the outcome of each request. Rare events only."""

from __future__ import annotations

import errno
import resource
import socket
import struct
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from perfgate.recording.shortages import FILES, MEMORY, NAMES, PORTS

GENERATOR = "generator"  # the kind of a failure that is the load generator's own
_ERRORS = {
    errno.EMFILE: FILES,
    errno.ENFILE: FILES,
    errno.ENOBUFS: MEMORY,
    errno.ENOMEM: MEMORY,
    errno.EADDRNOTAVAIL: PORTS,
    errno.EADDRINUSE: PORTS,  # so say some systems
}
RESERVED_OPEN_FILES = 16  # file descriptors that connections leave to the process itself
MAX_OPEN_FILES = 1 << 20  # of the soft limit: what walks through all possible descriptors shall end
MAX_REMARKS = 200
SLOW_LOOKUP_NS = 500_000_000  # of a name: what a resolver nearby never takes
RESENT_AFTER_NS = 900_000_000  # Linux asks for a connection again after 1 s, 3 s, 7 s ...
RETRANSMISSIONS = struct.Struct("=100xI")  # in Linux's struct tcp_info
SLOW_LOOKUP = "looking up this name took 0.5 s or more each time, before the target was asked for anything"
QUEUE_FULL = (
    "connecting took 1 s or more, as the first packet was lost: the queue of new connections is full (raise the "
    "server's backlog and net.core.somaxconn, or let it accept faster), or the network loses packets"
)


class Observations:
    """`resends` counts requests sent again by endpoint, `unsent` requests that could not be sent by shortage,
    `addresses` connections by address, and `remarks` what is odd by (endpoint, remark)."""

    def __init__(self) -> None:
        self.resends: Counter[str] = Counter()
        self.unsent: Counter[str] = Counter()
        self.addresses: Counter[str] = Counter()
        self.remarks: Counter[tuple[str, str]] = Counter()
        self.turn = 0  # which of a name's addresses is next

    def remark(self, endpoint: str, text: str, number: int = 1) -> None:
        if (endpoint, text) in self.remarks or len(self.remarks) < MAX_REMARKS:
            self.remarks[endpoint, text] += number

    def spread(self, addresses: list[Any]) -> list[Any]:
        """What `getaddrinfo` found, the next address first: connections take turns among those of the family that the
        system prefers. The others follow, for when none of these answers."""
        preferred = [address for address in addresses if address[0] == addresses[0][0]]
        start = self.turn % len(preferred)
        self.turn += 1
        return (
            preferred[start:] + preferred[:start] + [address for address in addresses if address[0] != addresses[0][0]]
        )

    def remark_silent(self, silent: list[tuple[int, str]], family: int) -> None:
        """Addresses that did not answer, of a name of which another one did. Those of another family are left out: a
        service that listens on one of localhost's two is well."""
        for item, address in silent:
            if item == family:
                self.remark(address, "this address of the target did not answer; another one did")

    def remark_slow(self, host: str, address: str, lookup: int, connect: int, sock: Any) -> None:
        """Names the cause of a connection that took long (ns): the lookup of the name, or packets that were lost."""
        if lookup >= SLOW_LOOKUP_NS:
            self.remark(host, SLOW_LOOKUP)
        if connect >= RESENT_AFTER_NS and retransmissions(sock):
            self.remark(address, QUEUE_FULL)

    def as_plain(self) -> dict[str, Any]:
        """What other processes and files can hold."""
        return {
            "resends": dict(self.resends),
            "unsent": dict(self.unsent),
            "addresses": dict(self.addresses),
            "remarks": [[*remark, count] for remark, count in self.remarks.items()],
        }

    def add(self, plain: Mapping[str, Any]) -> None:
        """Adds what another process observed."""
        self.resends.update(plain.get("resends", {}))
        self.unsent.update(plain.get("unsent", {}))
        self.addresses.update(plain.get("addresses", {}))
        for endpoint, text, number in plain.get("remarks", ()):
            self.remark(endpoint, text, number)

    def shortage(self, error: BaseException) -> str:
        """What the generator itself lacked; empty when the error is none of its own. A name that cannot be resolved
        says nothing of the target, which may serve others well."""
        if isinstance(error, socket.gaierror):
            return NAMES
        number = getattr(error, "errno", None)
        if number == errno.EADDRNOTAVAIL and not self.addresses:  # an address that nothing ever connected to
            return ""
        return shortage_of(number)


def shortage_of(number: int | None) -> str:
    """Which resource an error number of the system says is used up; empty when it is none."""
    return _ERRORS.get(number, "") if number is not None else ""


def retransmissions(sock: Any) -> int:
    """How many packets of a connection the system had to send again; 0 where it does not say."""
    if sys.platform != "linux":
        return 0
    with suppress(OSError, struct.error):
        number: int = RETRANSMISSIONS.unpack(
            sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, RETRANSMISSIONS.size)
        )[0]
        return number
    return 0


def raise_file_limit() -> None:
    """Raises the soft limit of open files as far as the hard one allows: each connection needs one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):  # the system has a limit of its own
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def require_spare_files(sock: Any) -> None:
    """Raises OSError (EMFILE) where a new connection takes one of the last file descriptors: without any, the process
    could not even write down what it measured."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and sock.fileno() >= soft - RESERVED_OPEN_FILES:
        raise OSError(errno.EMFILE, "too many open files")
