"""Whether load may be sent to a target, and whether it is there at all."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection, Mapping
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

from perfgate.model.errors import TargetError
from perfgate.net.proxies import Proxy, proxy_for

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


def check_up(target: str, environ: Mapping[str, str]) -> None:
    """Connects and hangs up again, without sending a request; to the proxy, where the environment names one.

    Raises TargetError when nobody listens, UsageError when that proxy cannot be used.
    """
    host, port = _host_and_port(target)
    if proxy := proxy_for(urlsplit(target).scheme, host, port, environ):
        _check_proxy(proxy)
        return
    try:
        socket.create_connection((host, port), timeout=CONNECT_TIMEOUT).close()
    except (OSError, UnicodeError) as error:  # UnicodeError: no name can be like this
        reason = "nobody answers" if isinstance(error, TimeoutError) else _reason(error)
        raise TargetError(
            f"The target {target} is down: cannot connect to {host} port {port} ({reason}).",
            hint="Start it first, name another one with --target URL, or let perfgate start it: "
            "`service: {command: ..., port: ...}` in the budget file.",
        ) from error


def _reason(error: OSError | UnicodeError) -> str:
    if isinstance(error, UnicodeError):
        return "a part of its name is empty or longer than 63 characters"
    return (error.strerror or str(error)).lower()


def _check_proxy(proxy: Proxy) -> None:
    try:
        socket.create_connection((proxy.host, proxy.port), timeout=CONNECT_TIMEOUT).close()
    except (OSError, UnicodeError) as error:
        raise TargetError(
            f"The proxy that the environment names is down: cannot connect to {proxy.host} port {proxy.port}.",
            hint="Start it, unset HTTP_PROXY, HTTPS_PROXY and ALL_PROXY, or except the target: NO_PROXY=host.",
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


def is_here(target: str) -> bool:
    """Whether the target is on this machine, by any of its addresses."""
    try:
        matches = socket.getaddrinfo(*_host_and_port(target), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return bool(matches) and all(_is_own(family, address) for family, _, _, _, address in matches)


def _is_own(family: int, address: Any) -> bool:
    """Only an address of this machine can be listened on."""
    with closing(socket.socket(family, socket.SOCK_STREAM)) as own:
        try:
            own.bind((address[0], 0, *address[2:]))
        except OSError:
            return False
    return True


def _is_local(host: str) -> bool:
    """A loopback address, or a name that means nothing but loopback addresses."""
    try:
        addresses = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return False
    return bool(addresses) and all(ipaddress.ip_address(address.partition("%")[0]).is_loopback for address in addresses)
