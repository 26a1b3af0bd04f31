"""URLs of monitoring systems: what is wrong with one, without repeating it, since it may hold a secret."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

OVER_HTTP = ("pushgateway", "remote-write", "otlp", "influxdb")
BY_HOST = ("prometheus", "statsd", "dogstatsd")
NEEDS_PORT = ("prometheus",)  # the others have one by default
KNOWN = ", ".join((*(f"{name}+http://..." for name in OVER_HTTP), *(f"{name}://HOST:PORT" for name in BY_HOST)))
MAX_NAME_CHARS = 40


@dataclass(frozen=True, kw_only=True)
class ExportUrlProblem:
    message: str
    hint: str
    has_password: bool = False


def exporter_of(url: str) -> tuple[str, str]:
    """`otlp+https://host`: otlp, https."""
    name, _, transport = url.partition("://")[0].lower().partition("+")
    return name[:MAX_NAME_CHARS], transport


def place(url: str) -> str:
    """Which destination this is, for people: `otlp at host:4318`. The rest of a URL may be secret."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{exporter_of(url)[0]} at {host}{f':{parts.port}' if parts.port else ''}"


def problem(url: str) -> ExportUrlProblem | None:
    name, transport = exporter_of(url)
    if name not in OVER_HTTP + BY_HOST or "://" not in url or (transport in ("http", "https")) != (name in OVER_HTTP):
        return ExportUrlProblem(message=f"`{name}` is no place to export to.", hint=f"Known: {KNOWN}")
    example = f"for example `{name}+http://HOST:PORT`" if name in OVER_HTTP else f"for example `{name}://HOST:PORT`"
    try:
        parts = urlsplit(url)
    except ValueError:
        return ExportUrlProblem(message=f"The address of {name} has a wrong host.", hint=example)
    if parts.password is not None or parts.username is not None:
        message = f"The address of {name} has a user or a password in it."
        hint = "Credentials come from the environment: see docs/export.md."
        return ExportUrlProblem(message=message, hint=hint, has_password=True)
    if not parts.hostname or not url.isprintable() or " " in url:
        return ExportUrlProblem(message=f"The address of {name} has no host, or a wrong one.", hint=example)
    return _port_problem(name, url, example)


def _port_problem(name: str, url: str, example: str) -> ExportUrlProblem | None:
    try:
        port = urlsplit(url).port
    except ValueError:
        port = 0
    if port == 0:
        return ExportUrlProblem(message=f"The port of {name} is no number from 1 to 65535.", hint=example)
    if port is None and name in NEEDS_PORT:
        return ExportUrlProblem(message=f"The address of {name} has no port.", hint=example)
    return None
