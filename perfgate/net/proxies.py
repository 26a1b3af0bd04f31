"""Which HTTP proxy the environment names for a target, by the rules that curl has.

`http_proxy` and `https_proxy` are for targets of that scheme, `all_proxy` for both, `no_proxy` lists the exceptions;
each in upper case as well. The first of them that is not empty counts, in that order, lower case first.
"""

from __future__ import annotations

import ipaddress
from base64 import b64encode
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from perfgate.model.errors import UsageError

DEFAULT_PORT = 80  # of a proxy's URL that names none


class Proxy(NamedTuple):
    """An HTTP proxy, spoken to without TLS. `authorization` is the header's value, empty without a user."""

    host: str
    port: int
    authorization: str


def proxy_for(scheme: str, host: str, port: int, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy for this target. None: there is none, the target is excepted, or it is this machine itself.

    Raises UsageError when the variable names what is no proxy for us.
    """
    host = host.rstrip(".").lower()
    name, url = _first(environ, f"{scheme}_proxy", "all_proxy")
    if not url or is_this_machine(host) or _is_excepted(host, port, _first(environ, "no_proxy")[1]):
        return None
    return _parsed(name, url)


def host_and_port(host: str, port: int) -> str:
    """Host and port in one text, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def tunnel_request(proxy: Proxy, host: str, port: int) -> bytes:
    """Asks a proxy for a connection to a TLS target (RFC 9110, section 9.3.6)."""
    where = host_and_port(host, port)
    authorization = f"Proxy-Authorization: {proxy.authorization}\r\n" if proxy.authorization else ""
    return f"CONNECT {where} HTTP/1.1\r\nHost: {where}\r\n{authorization}\r\n".encode()


def _first(environ: Mapping[str, str], *names: str) -> tuple[str, str]:
    """The first variable of these that is set, and its value."""
    for name in names:
        for spelled in (name, name.upper()):
            if value := environ.get(spelled, "").strip():
                return spelled, value
    return "", ""


def _parsed(name: str, url: str) -> Proxy:
    """Messages leave the value out: it may have a password in it."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        scheme, host, port = parts.scheme, parts.hostname or "", parts.port or DEFAULT_PORT
    except ValueError:
        scheme = host = ""
    if scheme and scheme != "http":
        raise UsageError(
            f"{name} names a {scheme}:// proxy, which perfgate cannot use.",
            hint=f"Name an HTTP proxy ({name}=http://host:port; https targets are tunnelled through it), "
            "or except the target: NO_PROXY=host.",
            code="PG-T008",
        )
    if not host:
        raise UsageError(
            f"The environment variable {name} is not the URL of a proxy.", hint="As in http://host:port", code="PG-T008"
        )
    user = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else ""
    return Proxy(host, port, f"Basic {b64encode(user.encode()).decode()}" if user else "")


def is_this_machine(host: str) -> bool:
    """Whether a host is this machine itself, to which no proxy leads."""
    address = _address(host)
    return host == "localhost" or host.endswith(".localhost") or (address is not None and address.is_loopback)


def _is_excepted(host: str, port: int, exceptions: str) -> bool:
    """Entries are separated by commas or spaces: `*`, a domain with all below it, an address, a network (10.0.0.0/8);
    a domain or an address may have a port behind it."""
    return any(_matches(host, port, entry.lower()) for entry in exceptions.replace(",", " ").split())


def _matches(host: str, port: int, entry: str) -> bool:
    address = _address(host)
    if entry == "*":
        return True
    if "/" in entry:
        return address is not None and _is_in(address, entry)
    name, only = _with_port(entry)
    if only and only != str(port):
        return False
    if address is not None:
        return address == _address(name)
    domain = name.removeprefix("*").strip(".")
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def _with_port(entry: str) -> tuple[str, str]:
    """Name and port of `name:80` or `[::1]:80`; an IPv6 address without brackets has no port."""
    if entry.startswith("["):
        name, _, rest = entry[1:].partition("]")
        return name, rest.removeprefix(":")
    name, _, port = entry.partition(":")
    return (name, port) if entry.count(":") == 1 else (entry, "")


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def _is_in(address: ipaddress.IPv4Address | ipaddress.IPv6Address, network: str) -> bool:
    try:
        return address in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
