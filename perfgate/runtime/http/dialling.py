"""Opens wires: name look-up, connection, proxy, TLS; each phase timed."""

from __future__ import annotations

import os
import socket
import ssl
from functools import cache
from pathlib import Path
from time import monotonic_ns
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

import gevent
from gevent import socket as gevent_socket

from perfgate.net import proxies, tls
from perfgate.net.proxies import Proxy
from perfgate.runtime.http.observations import Observations, require_spare_files
from perfgate.runtime.http.watchdog import TimedOut
from perfgate.runtime.http.wire import KERNEL_CLOCK, SO_TIMESTAMPNS, TlsWire, Wire


class Origin(NamedTuple):
    """Scheme, host and port of the target, and the path that every request's path is put behind."""

    tls: bool
    host: str
    port: int
    base: str

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"

    @property
    def root(self) -> str:
        """The URL without any path."""
        return f"{'https' if self.tls else 'http'}://{self.authority}"

    def serves(self, url: str, host: str = "") -> bool:
        """Whether `url` has the same scheme, host and port; `//host/path` has the same scheme. `host` is a Host header
        that was sent: another name of the target."""
        scheme = "https" if self.tls else "http"
        try:
            other = _parsed(url if urlsplit(url).scheme else f"{scheme}:{url}")
            names = [self, *([_parsed(f"{scheme}://{host}")] if host else [])]
        except ValueError:
            return False
        return any((other.tls, other.host, other.port) == (name.tls, name.host, name.port) for name in names)

    def leaving(self, parts: SplitResult) -> str:
        """Says where a redirect leads that is not followed, without the user and password that may be in it."""
        where = "://".join(filter(None, (parts.scheme, parts.netloc.rpartition("@")[2])))[:80]
        if parts.hostname == self.host and parts.scheme != ("https" if self.tls else "http"):
            return f"redirected to {where}, which is not followed: the target is {self.root}"
        return f"redirected to another host, which is not followed: {where}"


@cache
def origin(url: str) -> Origin:
    """One object per URL. Raises ValueError when `url` is not http(s) with a host."""
    return _parsed(url)


def _parsed(url: str) -> Origin:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"the target is not an http(s) URL with a host: {url!r}")
    is_tls = parts.scheme == "https"
    return Origin(is_tls, parts.hostname, parts.port or (443 if is_tls else 80), parts.path.rstrip("/"))


class TlsConfig(NamedTuple):
    """Which certificates are believed, which is shown, and for which name. Empty: the system's, none, the host's."""

    ca: str | Path = ""
    certificate: str | Path = ""
    key: str | Path = ""
    insecure: bool = False
    server_name: str = ""  # that TLS asks for and verifies (SNI), when it is not the target's host
    alpn: str = "http/1.1"  # the protocol that is spoken over TLS (RFC 7301)


@cache
def tls_context(config: TlsConfig) -> ssl.SSLContext:
    """Verifies certificates unless told not to; SSL_CERT_FILE and SSL_CERT_DIR name other authorities.

    Raises OSError (ssl.SSLError is one) when a file cannot be used.
    """
    context = tls.context(ca=config.ca, certificate=config.certificate, key=config.key, insecure=config.insecure)
    context.set_alpn_protocols([config.alpn])
    return context


def proxy_for(where: Origin) -> Proxy | None:
    """The proxy that the environment names for this target. Raises UsageError when it cannot be used."""
    return proxies.proxy_for("https" if where.tls else "http", where.host, where.port, os.environ)


class Dialled(NamedTuple):
    """A new wire and how long its phases took (ns); tls is 0 without TLS."""

    wire: Wire
    dns: int
    connect: int
    tls: int


def dial(
    where: Origin, tls_config: TlsConfig, proxy: Proxy | None, deadline: int, observations: Observations | None = None
) -> Dialled:
    """Resolves, connects and shakes hands. Raises OSError (ssl.SSLError is one) or TimedOut."""
    observations = observations or Observations()
    host, port = (proxy.host, proxy.port) if proxy else (where.host, where.port)
    began = monotonic_ns()
    with gevent.Timeout(max(0.001, (deadline - began) / 1e9), TimedOut):
        addresses = resolved(host, port)
    known = monotonic_ns()
    sock, address = _connect(observations.spread(addresses), deadline, observations)
    connected = monotonic_ns()
    observations.remark_slow(host, address, known - began, connected - known, sock)
    try:
        wire = TlsWire(sock, tls_context(tls_config), tls_config.server_name or where.host) if where.tls else Wire(sock)
    except (OSError, ValueError) as error:  # a name that TLS cannot ask for
        sock.close()
        raise error if isinstance(error, OSError) else OSError(f"TLS: {error}") from error
    wire.deadline = deadline
    try:
        if proxy and where.tls:
            _tunnel(wire, where, proxy)
        if isinstance(wire, TlsWire):
            wire.handshake()
    except BaseException:
        wire.close()
        raise
    done = monotonic_ns()
    if not proxy:
        observations.addresses[address] += 1
    return Dialled(wire, known - began, connected - known, done - connected if where.tls else 0)


def resolved(host: str, port: int) -> list[Any]:
    """What `getaddrinfo` finds. Raises socket.gaierror, also for what can be no name."""
    try:
        return list(gevent_socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM))
    except UnicodeError as error:  # an empty label, or one of over 63 characters
        raise socket.gaierror(socket.EAI_NONAME, "no valid host name") from error


def _connect(addresses: list[Any], deadline: int, observations: Observations) -> tuple[Any, str]:
    """A socket to the first address that answers, and that address."""
    last: OSError = OSError("the host has no address")
    silent: list[tuple[int, str]] = []
    for family, kind, protocol, _, address in addresses:
        sock = gevent_socket.socket(family, kind, protocol)
        try:
            require_spare_files(sock)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if KERNEL_CLOCK:
                sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            sock.settimeout(max(0.001, (deadline - monotonic_ns()) / 1e9))
            sock.connect(address)
        except OSError as error:
            sock.close()
            last = error
            if observations.shortage(error):
                break
            silent.append((family, address[0]))
            continue
        except BaseException:
            sock.close()
            raise
        observations.remark_silent(silent, family)
        return sock, address[0]
    raise last


def _tunnel(wire: Wire, where: Origin, proxy: Proxy) -> None:
    """Opens the way to a TLS target. Raises OSError when the proxy refuses."""
    Wire.send(wire, proxies.tunnel_request(proxy, where.host, where.port))
    answer = b""
    while b"\r\n\r\n" not in answer:
        _, data = Wire.receive(wire)
        if not data or len(answer) > 65536:
            raise ConnectionResetError("the proxy closed the connection")
        answer += bytes(data)
    if answer.split(b" ", 2)[1:2] != [b"200"]:
        raise ConnectionRefusedError(f"the proxy refuses: {answer.splitlines()[0][:80].decode('latin-1')}")
