"""What stands between a connection and its first request: a proxy's tunnel, and TLS. Tried once before any load, so
that neither is told as failures of the target."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from perfgate.model.budget_file import Tls
from perfgate.model.errors import TargetError
from perfgate.model.plan import Plan
from perfgate.net import tls
from perfgate.net.proxies import Proxy, host_and_port, tunnel_request
from perfgate.text.sanitize import one_line

HTTP1, HTTP2 = "http/1.1", "h2"  # as ALPN names them (RFC 7301)
NO_PROTOCOL, ALERT = "no application protocol", "ALERT"  # in the reasons of OpenSSL
OBJECTION_S, POLL_S = 2.0, 0.02  # s
MAX_HEAD_BYTES = 1 << 16  # bytes of a proxy's answer


@dataclass(frozen=True, kw_only=True)
class TlsCheck:
    """`tls` as the budget file says it; its files are relative to `folder`. `protocol` is what the load speaks."""

    tls: Tls
    folder: Path
    protocol: str = HTTP1

    def context(self) -> ssl.SSLContext:
        files = {name: path and self.folder / path for name, path in self._files.items()}
        return tls.context(**files, insecure=self.tls.insecure)

    @property
    def _files(self) -> dict[str, str]:
        return {"ca": self.tls.ca, "certificate": self.tls.certificate, "key": self.tls.key}


def tls_check(plan: Plan) -> TlsCheck | None:
    """Returns None where only hand-written scenarios send: what their clients believe is their own affair."""
    if not plan.endpoints and not plan.journeys:
        return None
    is_grpc = all(endpoint.grpc for endpoint in plan.endpoints)
    return TlsCheck(tls=plan.tls, folder=plan.source.parent, protocol=HTTP2 if is_grpc else HTTP1)


def tunnel(sock: socket.socket, proxy: Proxy, host: str, port: int) -> None:
    """Asks the proxy for a connection to a TLS target, as the load will. Raises TargetError when it refuses."""
    answer = b""
    try:
        sock.sendall(tunnel_request(proxy, host, port))
        while b"\r\n\r\n" not in answer and len(answer) < MAX_HEAD_BYTES:
            if not (data := sock.recv(4096)):
                break
            answer += data
        said = one_line(answer.split(b"\r\n", 1)[0].decode("latin-1"), 80) or "it closed the connection"
    except OSError as error:
        said = "it did not answer" if isinstance(error, TimeoutError) else (error.strerror or str(error)).lower()
    if answer.split(b" ", 2)[1:2] != [b"200"]:
        raise TargetError(
            f"The proxy {proxy.host} port {proxy.port} does not connect to {host_and_port(host, port)}: {said}.",
            hint=f"Allow it there, unset HTTPS_PROXY and ALL_PROXY, or except the target: NO_PROXY={host}.",
            code="PG-T011",
        )


def shake_hands(connect: Callable[[], socket.socket], check: TlsCheck, target: str, host: str) -> None:
    """Raises TargetError when the load could not speak TLS with the target either, or not the protocol in it."""
    name = check.tls.server_name or host
    try:
        with closing(connect()) as plain, closing(_offering(plain, check, name, check.protocol)) as sock:
            _await_objection(sock)
            agreed = sock.selected_alpn_protocol()
        is_http2 = agreed is None and check.protocol == HTTP1 and _speaks_http2_alone(connect, check, name)
    except ssl.SSLCertVerificationError as error:
        raise TargetError(
            f"The certificate of {target} is not trusted: {error.verify_message}",
            hint=_cure(error),
            code="PG-T010",
        ) from error
    except (OSError, ValueError) as error:
        is_http2 = NO_PROTOCOL in _reason(error) and check.protocol == HTTP1
        if not is_http2:
            raise TargetError(
                f"{target} does not speak TLS with perfgate: {_reason(error)}.",
                hint=_what_it_wants(_reason(error), bool(check.tls.certificate)),
                code="PG-T010",
            ) from error
    if is_http2:
        raise TargetError(
            f"{target} speaks HTTP/2 alone, and perfgate measures by HTTP/1.1 (HTTP/2 for gRPC).",
            hint="Let it offer http/1.1 too (ALPN), or measure its plain HTTP port behind the proxy.",
            code="PG-T015",
        )


def _offering(sock: socket.socket, check: TlsCheck, name: str, protocol: str) -> ssl.SSLSocket:
    context = check.context()
    context.set_alpn_protocols([protocol])
    return context.wrap_socket(sock, server_hostname=name)


def _await_objection(sock: ssl.SSLSocket) -> None:
    """Waits for what a server says of the client's certificate, which TLS 1.3 leaves until after the handshake: an
    alert, or a ticket for the next session. Raises ssl.SSLError for an alert."""
    until = monotonic() + OBJECTION_S
    sock.settimeout(POLL_S)
    while sock.version() == "TLSv1.3" and monotonic() < until and not (sock.session and sock.session.has_ticket):
        try:
            sock.recv(1)
        except TimeoutError:
            continue
        except OSError as error:
            if ALERT in str(getattr(error, "reason", "")):
                raise
        return


def _speaks_http2_alone(connect: Callable[[], socket.socket], check: TlsCheck, name: str) -> bool:
    """Whether a server that agrees on HTTP/2 and not on HTTP/1.1 has no answer to the latter: many have one."""
    with closing(connect()) as plain, closing(_offering(plain, check, name, HTTP2)) as sock:
        if sock.selected_alpn_protocol() != HTTP2:
            return False
    try:
        with closing(connect()) as plain, closing(_offering(plain, check, name, HTTP1)) as sock:
            sock.sendall(f"HEAD / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
            return not sock.recv(5).startswith(b"HTTP")
    except TimeoutError:
        return False
    except OSError:
        return True


def speaks_tls(sock: socket.socket, host: str) -> bool:
    """Whether a handshake succeeds, whatever the certificate."""
    try:
        tls.context(insecure=True).wrap_socket(sock, server_hostname=host).close()
    except (OSError, ValueError):
        return False
    return True


def _cure(error: ssl.SSLCertVerificationError) -> str:
    otherwise = "or take any: `tls: {insecure: true}`."
    if "match" in error.verify_message.lower():
        return f"Name the host that it is for: `tls: {{server_name: HOST}}`, {otherwise}"
    if "expired" in error.verify_message or "not yet valid" in error.verify_message:
        return f"Renew it (and look at this machine's clock), {otherwise}"
    return f"Name the authority that signed it: `tls: {{ca: ca.pem}}`, {otherwise}"


def _what_it_wants(reason: str, has_certificate: bool) -> str:
    if "unrecognized name" in reason:
        return "Name the host that it serves: `tls: {server_name: HOST}`."
    if "certificate required" in reason:
        return "It wants a certificate of its clients: `tls: {certificate: client.pem}`."
    if has_certificate and "alert" in reason:
        return "It may not trust the certificate that `tls` names."
    return (
        "Is it http://? A server of TLS 1.1 or older is refused too, and one that wants a certificate: "
        "`tls: {certificate: client.pem}`."
    )


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer to the handshake"
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
    return str(getattr(error, "strerror", "") or error).lower()
