"""The application's own Prometheus metrics: what counters grew by per request, and gauges as they are.

They are context for people. No rule rests on them, for nobody knows what they count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite
from urllib.parse import urlsplit

from perfgate.diagnose.facts import ProbeCounts
from perfgate.model.errors import DiagnosisError
from perfgate.net.http import HttpSession, NoReplyError

PREFIX = "metric:"
MAX_SERIES = 400  # series that are kept: those of an application with one per user are no help
MAX_NAME_CHARS = 120  # characters of a series' name
MAX_ANSWER_BYTES = 8 << 20
TIMEOUT_S = 5.0  # s
OK = 200
ACCEPT = {"Accept": "text/plain; version=0.0.4"}
COUNTERS, GAUGES = ("counter", "histogram", "summary"), ("gauge",)
QUANTILE = "quantile"  # the label of a summary's values that do not only grow


class PrometheusProbe:
    """Raises DiagnosisError when the endpoint cannot be read, or is none of Prometheus."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = HttpSession(timeout=TIMEOUT_S, direct=True)
        try:
            self._counters, _ = self._now()
        except DiagnosisError:
            self.close()
            raise

    def begin(self) -> None:
        self._counters, _ = self._now()

    def counted(self, requests: int) -> ProbeCounts:
        counters, gauges = self._now()
        if not requests:
            return ProbeCounts()
        grown = {
            name: (value - self._counters.get(name, 0.0)) / requests
            for name, value in counters.items()
            if value > self._counters.get(name, 0.0)  # less: the process was restarted
        }
        largest = sorted({**grown, **gauges}.items())[:MAX_SERIES]
        return ProbeCounts(values={f"{PREFIX}{name}": value for name, value in largest})

    def close(self) -> None:
        self._client.close()

    def _now(self) -> tuple[Mapping[str, float], Mapping[str, float]]:
        """Counters and gauges, by the name of their series."""
        try:
            from prometheus_client.parser import text_string_to_metric_families
        except ImportError as error:
            raise DiagnosisError(
                "diagnose.prometheus needs prometheus-client: pip install 'perfgate[prometheus]'", code="PG-X002"
            ) from error
        counters: dict[str, float] = {}
        gauges: dict[str, float] = {}
        try:
            for family in text_string_to_metric_families(self._text()):
                if family.type not in (*COUNTERS, *GAUGES):
                    continue
                for sample in family.samples:
                    into = gauges if family.type in GAUGES or QUANTILE in sample.labels else counters
                    if isfinite(sample.value) and not sample.name.endswith(("_bucket", "_created")):
                        into[_series(sample.name, sample.labels)] = float(sample.value)
        except (ValueError, KeyError, IndexError) as error:
            raise DiagnosisError(
                f"diagnose.prometheus: {self._where} has no metrics of Prometheus", code="PG-X001"
            ) from error
        return counters, gauges

    def _text(self) -> str:
        try:
            reply = self._client.exchange("GET", self._url, headers=ACCEPT, max_bytes=MAX_ANSWER_BYTES)
        except NoReplyError as error:
            raise DiagnosisError(f"diagnose.prometheus: cannot read {self._where}", code="PG-X001") from error
        if reply.status != OK:
            raise DiagnosisError(
                f"diagnose.prometheus: {self._where} answered {reply.status}",
                hint="Let it answer the machine that runs perfgate, without a login.",
                code="PG-X001",
            )
        return reply.body.decode(errors="replace")

    @property
    def _where(self) -> str:
        """The address without what may be a secret."""
        parts = urlsplit(self._url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _series(name: str, labels: Mapping[str, str]) -> str:
    inside = ",".join(_pairs(labels))
    text = f"{name}{{{inside}}}" if inside else name
    return text[:MAX_NAME_CHARS]


def _pairs(labels: Mapping[str, str]) -> Iterator[str]:
    for key, value in sorted(labels.items()):
        yield f'{key}="{value}"'
