"""Whether load may be sent to a target, and whether it is there at all."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection, Mapping
from contextlib import closing, suppress
from typing import Any
from urllib.parse import urlsplit

from perfgate.loadtest.service.handshake import TlsCheck, shake_hands, speaks_tls, tunnel
from perfgate.model.errors import TargetError
from perfgate.net.proxies import Proxy, host_and_port, proxy_for

CONNECT_TIMEOUT_S = 5.0  # s
LOOPBACK = ("127.0.0.1", "::1")


def check_allowed(target: str, allow: Collection[str]) -> None:
    """Load goes to this machine, or to hosts that somebody allows ("*": any). Raises TargetError."""
    host = _host_and_port(target)[0]
    if "*" in allow or host in allow or _is_local(host):
        return
    raise TargetError(
        f"The target {host} is not this machine, and load on it is not allowed.",
        hint=f"If it is yours to load, say `allow: [{host}]` in the budget file, or pass --allow-remote.",
        code="PG-T001",
    )


def check_up(target: str, environ: Mapping[str, str], tls: TlsCheck | None = None) -> None:
    """Connects and hangs up again, without sending a request; through the proxy, where the environment names one.
    With `tls` it shakes hands with an https:// target, as the load will.

    Raises TargetError when nobody listens, or nobody that the load can speak to; UsageError when that proxy cannot be
    used.
    """
    host, port = _host_and_port(target)
    scheme = urlsplit(target).scheme
    proxy = proxy_for(scheme, host, port, environ)

    def connect() -> socket.socket:
        sock = _connect_to_proxy(proxy) if proxy else _connect(target, host, port)
        try:
            if scheme == "https" and proxy:
                tunnel(sock, proxy, host, port)
        except TargetError:
            sock.close()
            raise
        return sock

    if scheme == "https" and tls:
        shake_hands(connect, tls, target, host)
    else:
        connect().close()


def check_plain(target: str, environ: Mapping[str, str]) -> None:
    """Tells why no request to an http:// target succeeded, where it is that the server speaks TLS. Asked only then: a
    server of plain HTTP would write the handshake into its log.

    Raises TargetError.
    """
    host, port = _host_and_port(target)
    if proxy_for("http", host, port, environ):
        return
    with suppress(OSError, UnicodeError), closing(socket.create_connection((host, port), CONNECT_TIMEOUT_S)) as sock:
        if speaks_tls(sock, host):
            raise TargetError(
                f"No request succeeded, and {host} port {port} speaks TLS: {target} is an https:// target.",
                hint=f"Write {urlsplit(target)._replace(scheme='https').geturl()}.",
                code="PG-T012",
            )


def _connect(target: str, host: str, port: int) -> socket.socket:
    try:
        return socket.create_connection((host, port), timeout=CONNECT_TIMEOUT_S)
    except (OSError, UnicodeError) as error:  # UnicodeError: no name can be like this
        reason = "nobody answers" if isinstance(error, TimeoutError) else _reason(error)
        raise TargetError(
            f"The target {target} is down: cannot connect to {host} port {port} ({reason}).",
            hint=_elsewhere(target, host, port)
            or "Start it first, name another one with --target URL, or let perfgate start it: "
            "`service: {command: ..., port: ...}` in the budget file.",
            code="PG-T002",
        ) from error


def way_to(target: str, environ: Mapping[str, str]) -> str:
    """Says which proxy the load will go through; empty without one."""
    proxy = proxy_for(urlsplit(target).scheme, *_host_and_port(target), environ)
    return f", through the proxy {proxy.host}:{proxy.port} that the environment names" if proxy else ""


def _elsewhere(target: str, host: str, port: int) -> str:
    """What to do where somebody listens on this machine's other loopback address: `localhost` may mean either."""
    if not _is_local(host):
        return ""
    for other in LOOPBACK:
        with suppress(OSError):
            socket.create_connection((other, port), timeout=CONNECT_TIMEOUT_S).close()
            there = host_and_port(other, port)
            url = urlsplit(target)._replace(netloc=there).geturl()
            return f"Something listens on {there} only: name {url} as the target, or let it listen on {host} too."
    return ""


def _reason(error: OSError | UnicodeError) -> str:
    if isinstance(error, UnicodeError):
        return "a part of its name is empty or longer than 63 characters"
    return (error.strerror or str(error)).lower()


def _connect_to_proxy(proxy: Proxy) -> socket.socket:
    try:
        return socket.create_connection((proxy.host, proxy.port), timeout=CONNECT_TIMEOUT_S)
    except (OSError, UnicodeError) as error:
        raise TargetError(
            f"The proxy that the environment names is down: cannot connect to {proxy.host} port {proxy.port}.",
            hint="Start it, unset HTTP_PROXY, HTTPS_PROXY and ALL_PROXY, or except the target: NO_PROXY=host.",
            code="PG-T004",
        ) from error


def _host_and_port(target: str) -> tuple[str, int]:
    parts = urlsplit(target)
    try:
        port = parts.port
    except ValueError as error:
        raise TargetError(f"The target {target!r} has no valid port.", code="PG-T003") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise TargetError(f"The target {target!r} is not an http:// or https:// URL with a host.", code="PG-T003")
    return parts.hostname, port or (443 if parts.scheme == "https" else 80)


def is_here(target: str) -> bool:
    """Whether the target is on this machine, by any of its addresses."""
    try:
        addresses = socket.getaddrinfo(*_host_and_port(target), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return bool(addresses) and all(_is_own(family, address) for family, _, _, _, address in addresses)


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
