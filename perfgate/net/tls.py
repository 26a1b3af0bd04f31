"""TLS contexts: which certificates are believed and which is shown, the same for the load and for what looks first."""

from __future__ import annotations

import ssl
from pathlib import Path


def context(
    *, ca: str | Path = "", certificate: str | Path = "", key: str | Path = "", insecure: bool = False
) -> ssl.SSLContext:
    """Verifies certificates unless told not to; SSL_CERT_FILE and SSL_CERT_DIR name other authorities.

    Raises OSError (ssl.SSLError is one) when a file cannot be used.
    """
    made = ssl.create_default_context(cafile=ca or None)
    if insecure:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    if certificate:
        made.load_cert_chain(certificate, key or None)
    return made
