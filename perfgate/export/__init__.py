"""Measurements and verdicts on their way to monitoring systems: an exporter is a module and a line in a dict.

Nothing is judged here, and whatever goes wrong is a warning: the verdict stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from perfgate.export import influxdb, otlp, prometheus, pushgateway, remote_write, statsd
from perfgate.export.contract import Address, Exporter, ExportError
from perfgate.export.families import Family, label
from perfgate.export.judged import of_round, of_verdict
from perfgate.export.live import LiveTotals
from perfgate.export.sending import Sender, flush
from perfgate.model.errors import UsageError
from perfgate.text import export_urls

__all__ = [
    "EXPORTERS",
    "ExportError",
    "Exporter",
    "Family",
    "LiveTotals",
    "Sender",
    "check",
    "connect",
    "flush",
    "label",
    "of_round",
    "of_verdict",
]

EXPORTERS: Mapping[str, Callable[[Address], Exporter]] = {
    "prometheus": prometheus.connect,
    "pushgateway": pushgateway.connect,
    "remote-write": remote_write.connect,
    "otlp": otlp.connect,
    "influxdb": influxdb.connect,
    "statsd": statsd.connect,
    "dogstatsd": statsd.connect_with_tags,
}


def check(url: str) -> str:
    """The name of the exporter. Raises UsageError for what is no destination, without its address."""
    if problem := export_urls.problem(url):
        raise UsageError(problem.message, hint=problem.hint, code="PG-L005" if problem.has_password else "PG-U002")
    return export_urls.exporter_of(url)[0]


def connect(url: str, labels: Mapping[str, str], environ: Mapping[str, str], began: float = 0.0) -> Exporter:
    """`began` is as in Address. Raises UsageError as `check`, ExportError where it cannot be prepared."""
    name = check(url)
    inner = url.partition("+")[2] if name in export_urls.OVER_HTTP else url
    return EXPORTERS[name](Address(url=inner, labels=labels, environ=environ, began=began))
