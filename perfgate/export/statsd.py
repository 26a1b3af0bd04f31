"""StatsD by UDP. Labels are parts of the name (`statsd://host:8125`), or tags as Datadog's agent, Telegraf and
Prometheus' statsd_exporter read them (`dogstatsd://host:8125`). Histograms are left to the quantiles beside them."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urlsplit

from perfgate.export.contract import Address, Exporter, ExportError
from perfgate.export.families import Buckets, Family, Point

PORT = 8125
MAX_PACKET_BYTES = 1400  # one packet of an Ethernet

Namer = Callable[[Family, Point], tuple[str, str]]  # name, and what stands behind the type

_NAME = re.compile(r"[^A-Za-z0-9_]+")
_TAG = re.compile(r"[,|#:\s]+")


class Statsd:
    """Counters as what came since the last time, everything else as gauges."""

    def __init__(self, address: Address, named: Namer) -> None:
        parts = urlsplit(address.url)
        port = parts.port or PORT
        family, kind, _, _, to = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_DGRAM)[0]
        self._socket, self._to, self._named = socket.socket(family, kind), to, named
        self._counted: dict[tuple[str, str], float] = {}

    def send(self, families: Sequence[Family], at: float) -> None:  # noqa: ARG002 - it takes no times
        lines = [line for family in families for line in self._lines(family)]
        try:
            for packet in packets(lines):
                self._socket.sendto(packet, self._to)
        except OSError as error:
            raise ExportError(f"cannot be sent: {error.strerror}") from error

    def close(self) -> None:
        self._socket.close()

    def _lines(self, family: Family) -> Iterator[str]:
        """Counters whose names are the same here (of `GET /a` and `GET /a/`) are one."""
        values: dict[tuple[str, str], float] = {}
        for point in family.points:
            if not isinstance(point.value, Buckets):
                key = self._named(family, point)
                values[key] = point.value + (values.get(key, 0.0) if family.kind == "counter" else 0.0)
        for (name, tags), value in values.items():
            if family.kind == "counter":
                growth = value - self._counted.get((name, tags), 0.0)
                self._counted[name, tags] = value
                if growth > 0:
                    yield f"{name}:{_written(growth)}|c{tags}"
                continue
            if value < 0:  # a sign would mean "less than before by"
                yield f"{name}:0|g{tags}"
            yield f"{name}:{_written(value)}|g{tags}"


def with_names(family: Family, point: Point) -> tuple[str, str]:
    """`perfgate.measured.time.shop.main.search.endpoint.p95`."""
    parts = (_NAME.sub("_", value).strip("_") or "_" for value in point.labels.values())
    return ".".join((family.name, *parts)), ""


def with_tags(family: Family, point: Point) -> tuple[str, str]:
    """`perfgate.measured.time` and `|#endpoint:search,metric:p95`."""
    tags = ",".join(f"{name}:{_TAG.sub('_', value)}" for name, value in point.labels.items() if value)
    return family.name, f"|#{tags}" if tags else ""


def packets(lines: Sequence[str]) -> Iterator[bytes]:
    """Whole lines, several in a packet."""
    packet = b""
    for data in (line.encode() for line in lines):
        if packet and len(packet) + 1 + len(data) > MAX_PACKET_BYTES:
            yield packet
            packet = b""
        packet = packet + b"\n" + data if packet else data
    if packet:
        yield packet


def _written(value: float) -> str:
    return f"{value:.9f}".rstrip("0").rstrip(".")


def connect(address: Address) -> Exporter:
    return _connected(address, with_names)


def connect_with_tags(address: Address) -> Exporter:
    return _connected(address, with_tags)


def _connected(address: Address, named: Namer) -> Exporter:
    """Raises ExportError for what is no address."""
    try:
        return Statsd(address, named)
    except (OSError, ValueError) as error:
        raise ExportError(f"no such address: {error}") from error
