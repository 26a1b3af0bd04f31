"""Measurements and verdicts on their way to monitoring systems: an exporter is a module and a line in a dict.

Nothing is judged here, and whatever goes wrong is a warning: the verdict stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from perfgate.export import influxdb, otlp, prometheus, pushgateway, statsd
from perfgate.export.contract import Address, Exporter, ExportError
from perfgate.export.families import Family, label
from perfgate.export.judged import of_round, of_verdict
from perfgate.export.live import LiveTotals
from perfgate.export.sending import Sender
from perfgate.model.errors import UsageError

__all__ = [
    "EXPORTERS",
    "ExportError",
    "Exporter",
    "Family",
    "LiveTotals",
    "Sender",
    "check",
    "connect",
    "label",
    "of_round",
    "of_verdict",
]

EXPORTERS: Mapping[str, Callable[[Address], Exporter]] = {
    "prometheus": prometheus.connect,
    "pushgateway": pushgateway.connect,
    "otlp": otlp.connect,
    "influxdb": influxdb.connect,
    "statsd": statsd.connect,
    "dogstatsd": statsd.connect_with_tags,
}
OVER_HTTP = ("pushgateway", "otlp", "influxdb")
KNOWN = ", ".join(f"{name}+http://..." if name in OVER_HTTP else f"{name}://HOST:PORT" for name in EXPORTERS)


def check(url: str) -> str:
    """The name of the exporter. Raises UsageError for what is no destination, without its address."""
    name, transport = _scheme(url)
    try:
        parts = urlsplit(url)
        has_password, host = parts.password is not None or parts.username is not None, parts.hostname
        _ = parts.port
    except ValueError:
        has_password, host = False, None
    if name not in EXPORTERS or host is None or (transport in ("http", "https")) != (name in OVER_HTTP):
        raise UsageError(f"`{name}` is no place to export to.", hint=f"Known: {KNOWN}", code="PG-U002")
    if has_password:
        hint = "Credentials come from the environment: see docs/export.md."
        raise UsageError(f"The address of {name} has a user or a password in it.", hint=hint, code="PG-L005")
    return name


def connect(url: str, labels: Mapping[str, str], environ: Mapping[str, str]) -> Exporter:
    """Raises UsageError as `check`, ExportError where it cannot be prepared."""
    name = check(url)
    inner = url.partition("+")[2] if name in OVER_HTTP else url
    return EXPORTERS[name](Address(url=inner, labels=labels, environ=environ))


def _scheme(url: str) -> tuple[str, str]:
    """`otlp+https://host`: otlp, https."""
    name, _, transport = url.partition("://")[0].lower().partition("+")
    return name[:40], transport
