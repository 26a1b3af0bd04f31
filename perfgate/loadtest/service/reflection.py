"""Whether a gRPC server declares its own methods. Tried once before any load: without, each call would be a failure of
the target, and it is the budget file that lacks something."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from contextlib import closing
from typing import cast
from urllib.parse import urlsplit

from perfgate.loadtest.service.handshake import TlsCheck
from perfgate.model.errors import TargetError
from perfgate.net.proxies import proxy_for

TIMEOUT_S = 5.0  # s for connecting, and then for all answers: a server may send pings for ever
VERSIONS = ("v1", "v1alpha")
LIST_SERVICES = b"\0\0\0\0\x02\x3a\0"  # a framed ServerReflectionRequest
UNIMPLEMENTED = "12"  # of google.rpc.Code


def check_reflection(target: str, environ: Mapping[str, str], tls: TlsCheck) -> None:
    """Raises TargetError where the server certainly has none; what else goes wrong is told by the calls themselves."""
    parts = urlsplit(target)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    if proxy_for(parts.scheme, host, port, environ):
        return
    try:
        with closing(_connect(host, port, tls if parts.scheme == "https" else None)) as sock:
            statuses = _statuses(sock, target)
    except (OSError, ValueError, ImportError):  # h2 is of an extra, whose lack the calls tell
        return
    if statuses and all(status == UNIMPLEMENTED for status in statuses):
        raise TargetError(
            f"The gRPC server {target} has no reflection: it does not say what its methods take.",
            hint="Name the file that says it: `grpc: {proto: FILE}`, or switch reflection on in the server.",
            code="PG-T014",
        )


def _connect(host: str, port: int, tls: TlsCheck | None) -> socket.socket:
    sock = socket.create_connection((host, port), TIMEOUT_S)
    if tls is None:
        return sock
    try:
        context = tls.context()
        context.set_alpn_protocols(["h2"])
        return context.wrap_socket(sock, server_hostname=tls.tls.server_name or host)
    except (OSError, ValueError):
        sock.close()
        raise


def _statuses(sock: socket.socket, target: str) -> list[str]:
    """The gRPC status of each version of the service; empty where one has none. Raises OSError or ValueError."""
    from h2.config import H2Configuration
    from h2.connection import H2Connection
    from h2.events import ResponseReceived, StreamEnded, StreamReset, TrailersReceived
    from h2.exceptions import ProtocolError

    connection = H2Connection(H2Configuration(header_encoding="utf-8"))
    connection.initiate_connection()
    statuses: dict[int, str] = {}
    for version in VERSIONS:
        stream = connection.get_next_available_stream_id()
        connection.send_headers(stream, _headers(target, version))
        connection.send_data(stream, LIST_SERVICES, end_stream=True)
        statuses[stream] = ""
    over, end = 0, time.monotonic() + TIMEOUT_S
    try:
        while over < len(statuses):
            sock.settimeout(_time_left(end))
            sock.sendall(connection.data_to_send())
            if not (data := sock.recv(1 << 16)):
                return []
            for event in connection.receive_data(data):
                if isinstance(event, (ResponseReceived, TrailersReceived)):
                    headers = cast(dict[str, str], dict(event.headers))  # `header_encoding` makes them text
                    statuses[event.stream_id] = headers.get("grpc-status", "")
                over += isinstance(event, (StreamEnded, StreamReset))
    except ProtocolError as error:
        raise ValueError(str(error)) from error
    return list(statuses.values())


def _time_left(end: float) -> float:
    """Seconds until then. Raises TimeoutError where there are none: a socket with none would not block at all."""
    if (left := end - time.monotonic()) <= 0:
        raise TimeoutError
    return left


def _headers(target: str, version: str) -> list[tuple[str, str]]:
    parts = urlsplit(target)
    service = f"grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"
    return [
        (":method", "POST"),
        (":scheme", parts.scheme),
        (":path", f"{parts.path.rstrip('/')}/{service}"),
        (":authority", parts.netloc.rpartition("@")[2]),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
    ]
