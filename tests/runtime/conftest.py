"""Certificates that tests of TLS share."""

from __future__ import annotations

import socket
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from time import sleep, time_ns

import pytest
from processes import wait_for
from services import needs

from perfgate.recording.clock import KERNEL_CLOCK
from perfgate.runtime.http.wire import ANCILLARY, SO_TIMESTAMPNS


@pytest.fixture(scope="session")
def kernel_timestamps() -> Iterator[None]:
    """Keeps the kernel's receive timestamps on: it begins with them a moment after the first socket wants them."""
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        if KERNEL_CLOCK:
            sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            sock.bind(("127.0.0.1", 0))
            wait_for(lambda: _is_stamped(sock), "the kernel's timestamps")
        yield


def _is_stamped(sock: socket.socket) -> bool:
    """Whether a packet comes with the time of its arrival, which is not that of its reading."""
    sock.sendto(b"?", sock.getsockname())
    sleep(0.001)
    now = time_ns()
    _, [(_, _, value)], _, _ = sock.recvmsg(1, ANCILLARY)
    seconds, nanoseconds = struct.unpack("qq", value)
    return seconds * 1_000_000_000 + nanoseconds < now


@pytest.fixture(scope="session")
def certificates(tmp_path_factory) -> Path:
    """A folder with an authority (ca.pem), a certificate it gave to localhost, 127.0.0.1 and shop.test (server.pem),
    and one for a client (client.pem)."""
    if needs.program("openssl") is None:
        needs.lacking("openssl")
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=120)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    signed_by = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names", "-days", "2")
    # What an authority and its certificates must say of themselves since Python 3.13 checks strictly (RFC 5280).
    authority = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
    own = ("-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test CA", "-days", "2")
    openssl("req", "-x509", *key, *own, *authority)
    (folder / "names").write_text(
        "subjectAltName=DNS:localhost,DNS:shop.test,IP:127.0.0.1\nauthorityKeyIdentifier=keyid\n"
    )
    for name in ("server", "client"):
        openssl("req", "-new", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", f"{name}.csr", *signed_by, "-out", f"{name}.pem")
    return folder
