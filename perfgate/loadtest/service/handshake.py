"""What stands between a connection and its first request: a proxy's tunnel, and TLS. Tried once before any load, so
that neither is told as failures of the target."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from perfgate.model.budget_file import Tls
from perfgate.model.errors import TargetError
from perfgate.net import tls
from perfgate.net.proxies import Proxy
from perfgate.text.sanitize import one_line

MAX_HEAD_BYTES = 1 << 16  # bytes of a proxy's answer


@dataclass(frozen=True, kw_only=True)
class TlsCheck:
    """`tls` as the budget file says it; its files are relative to `folder`."""

    tls: Tls
    folder: Path

    def context(self) -> ssl.SSLContext:
        files = {name: path and self.folder / path for name, path in self._files.items()}
        return tls.context(**files, insecure=self.tls.insecure)

    @property
    def _files(self) -> dict[str, str]:
        return {"ca": self.tls.ca, "certificate": self.tls.certificate, "key": self.tls.key}


def tunnel(sock: socket.socket, proxy: Proxy, host: str, port: int) -> None:
    """Asks the proxy for a connection to a TLS target, as the load will. Raises TargetError when it refuses."""
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    head = f"CONNECT {where} HTTP/1.1\r\nHost: {where}\r\n"
    if proxy.authorization:
        head += f"Proxy-Authorization: {proxy.authorization}\r\n"
    answer = b""
    try:
        sock.sendall(f"{head}\r\n".encode())
        while b"\r\n\r\n" not in answer and len(answer) < MAX_HEAD_BYTES:
            if not (data := sock.recv(4096)):
                break
            answer += data
        said = one_line(answer.split(b"\r\n", 1)[0].decode("latin-1"), 80) or "it closed the connection"
    except OSError as error:
        said = "it did not answer" if isinstance(error, TimeoutError) else (error.strerror or str(error)).lower()
    if answer.split(b" ", 2)[1:2] != [b"200"]:
        raise TargetError(
            f"The proxy {proxy.host} port {proxy.port} does not connect to {where}: {said}.",
            hint=f"Allow it there, unset HTTPS_PROXY and ALL_PROXY, or except the target: NO_PROXY={host}.",
            code="PG-T011",
        )


def shake_hands(sock: socket.socket, check: TlsCheck, target: str, host: str) -> None:
    """Raises TargetError when the load could not speak TLS with the target either."""
    name = check.tls.server_name or host
    try:
        check.context().wrap_socket(sock, server_hostname=name).close()
    except ssl.SSLCertVerificationError as error:
        raise TargetError(
            f"The certificate of {target} is not trusted: {error.verify_message}",
            hint=_cure(error),
            code="PG-T010",
        ) from error
    except (OSError, ValueError) as error:
        raise TargetError(
            f"{target} does not speak TLS with perfgate: {_reason(error)}.",
            hint="Is it http://? A server of TLS 1.1 or older is refused too, and one that wants a certificate: "
            "`tls: {certificate: client.pem}`.",
            code="PG-T010",
        ) from error


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


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer to the handshake"
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
    return str(getattr(error, "strerror", "") or error).lower()
