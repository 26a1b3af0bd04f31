"""What kind of server an address is: as the budget file says, by the program that listens there, or by its port."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Literal, get_args

import psutil

Kind = Literal["database", "cache", "broker", "external"]
WAITED_FOR: tuple[Kind, ...] = get_args(Kind)

_PROGRAMS: Mapping[str, Kind] = {  # by the beginning of the name of a program
    "postgres": "database",
    "pgbouncer": "database",
    "mysqld": "database",
    "mariadbd": "database",
    "mongod": "database",
    "cockroach": "database",
    "clickhouse": "database",
    "redis": "cache",
    "valkey": "cache",
    "keydb": "cache",
    "memcached": "cache",
    "beam.smp": "broker",
}
_PORTS: Mapping[int, Kind] = {
    5432: "database",
    6432: "database",
    3306: "database",
    1433: "database",
    1521: "database",
    27017: "database",
    9042: "database",
    8123: "database",
    26257: "database",
    6379: "cache",
    11211: "cache",
    5672: "broker",
    5671: "broker",
    9092: "broker",
}
_LOCAL = ("127.", "::1")


class Kinds:
    """`named` says what listens on which port."""

    def __init__(self, named: Mapping[int, Kind]) -> None:
        self._known: dict[tuple[str, int], Kind] = {}
        self._named = named

    def of(self, host: str, port: int) -> Kind:
        address = (host, port)
        if address not in self._known:
            program = _program(port) if host.startswith(_LOCAL) else ""
            by_program = next((kind for name, kind in _PROGRAMS.items() if program.startswith(name)), None)
            self._known[address] = self._named.get(port) or by_program or _PORTS.get(port, "external")
        return self._known[address]

    def looks(self, moments: Mapping[frozenset[tuple[str, int]], int], kind: Kind) -> int:
        """At how many moments one of that kind, or several side by side, were waited for."""
        return sum(count for at, count in moments.items() if any(self.of(*address) == kind for address in at))


def _program(port: int) -> str:
    """The name of the program that listens on a local port; empty where it may not be known."""
    with suppress(psutil.Error, OSError):
        for item in psutil.net_connections("tcp"):
            if item.status == psutil.CONN_LISTEN and item.laddr and item.laddr.port == port and item.pid:
                return str(psutil.Process(item.pid).name())
    return ""
