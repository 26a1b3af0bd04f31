"""Certificates that tests of TLS share."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from services import needs


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
