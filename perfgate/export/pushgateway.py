"""Prometheus' Pushgateway: `pushgateway+http://host:9091`. One group per load test and branch, so that none replaces
another's; families that are not sent again keep their values there."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Sequence

from perfgate.export import exposition
from perfgate.export.contract import Address, Exporter
from perfgate.export.families import Family
from perfgate.export.posting import Poster

AUTHORIZATION = "PERFGATE_PUSHGATEWAY_AUTHORIZATION"  # the header's value, "Basic ..." or "Bearer ..."


class Pushgateway:
    def __init__(self, address: Address) -> None:
        group = "".join(f"/{name}@base64/{_encoded(value)}" for name, value in address.labels.items())
        headers = {"Content-Type": exposition.CONTENT_TYPE}
        if authorization := address.environ.get(AUTHORIZATION, "").strip():
            headers["Authorization"] = authorization
        self._poster = Poster(f"{address.url.rstrip('/')}/metrics/job/perfgate{group}", headers, AUTHORIZATION)

    def send(self, families: Sequence[Family], at: float) -> None:  # noqa: ARG002 - it takes no times
        self._poster.post(exposition.text(families).encode())

    def close(self) -> None:
        self._poster.close()


def _encoded(value: str) -> str:
    """Base64 for URLs, as the Pushgateway reads it: an empty value is a lone padding."""
    return urlsafe_b64encode(value.encode()).decode() or "="


def connect(address: Address) -> Exporter:
    return Pushgateway(address)
