"""Observations: what one process sees of connections beside the outcome of each request. Rare events only."""

from __future__ import annotations

import errno
import resource
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from socket import gaierror
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
        if isinstance(error, gaierror):
            return NAMES
        number = getattr(error, "errno", None)
        if number == errno.EADDRNOTAVAIL and not self.addresses:  # an address that nothing ever connected to
            return ""
        return shortage_of(number)


def shortage_of(number: int | None) -> str:
    """Which resource an error number of the system says is used up; empty when it is none."""
    return _ERRORS.get(number, "") if number is not None else ""


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
