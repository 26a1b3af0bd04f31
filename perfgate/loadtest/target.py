"""Whether load may be sent to a target, and whether it is there at all."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

from perfgate.model.errors import TargetError

CONNECT_TIMEOUT = 5.0  # s


def check_allowed(target: str, allow: Collection[str]) -> None:
    """Load goes to this machine, or to hosts that somebody allows ("*": any). Raises TargetError."""
    host = _host_and_port(target)[0]
    if "*" in allow or host in allow or _is_local(host):
        return
    raise TargetError(
        f"The target {host} is not this machine, and nobody has allowed load on it.",
        hint=f"If it is yours to load, say `allow: [{host}]` in the budget file, or pass --allow-remote.",
    )


def check_up(target: str) -> None:
    """Connects and hangs up again, without sending a request. Raises TargetError when nobody listens."""
    host, port = _host_and_port(target)
    try:
        socket.create_connection((host, port), timeout=CONNECT_TIMEOUT).close()
    except OSError as error:
        reason = "nobody answers" if isinstance(error, TimeoutError) else (error.strerror or str(error)).lower()
        raise TargetError(
            f"The target {target} is down: cannot connect to {host} port {port} ({reason}).",
            hint="Start it first, name another one with --target URL, or let perfgate start it: "
            "`service: {command: ..., port: ...}` in the budget file.",
        ) from error


def _host_and_port(target: str) -> tuple[str, int]:
    parts = urlsplit(target)
    try:
        port = parts.port
    except ValueError as error:
        raise TargetError(f"The target {target!r} has no valid port.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise TargetError(f"The target {target!r} is not an http:// or https:// URL with a host.")
    return parts.hostname, port or (443 if parts.scheme == "https" else 80)


def _is_local(host: str) -> bool:
    """A loopback address, or a name that means nothing but loopback addresses."""
    try:
        addresses = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return bool(addresses) and all(ipaddress.ip_address(one.partition("%")[0]).is_loopback for one in addresses)
