"""How the application is reached, and how perfgate starts it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Tls:
    """Files are relative to the budget file's folder. Certificates are verified unless `insecure`."""

    ca: str = ""  # certificate authorities, instead of the system's
    certificate: str = ""  # of the client
    key: str = ""  # of the client's certificate, when it is in a file of its own
    insecure: bool = False
    server_name: str = ""  # to ask for and to verify (SNI), instead of the target's host


@dataclass(frozen=True, kw_only=True)
class Service:
    """The application under test when perfgate starts it itself."""

    command: str
    port: int
    ready: str = "/"
    ready_timeout: float = 30.0
    env: Mapping[str, str] = field(default_factory=dict)
    setup: str = ""  # before it is started from a checkout, in a virtual environment of its own (A/B tests)
