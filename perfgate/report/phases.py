"""Where the time of successful requests went, per endpoint: making a connection, waiting for the answer, reading it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from perfgate.model.run import Distribution, EndpointResult
from perfgate.recording import histogram
from perfgate.report import words

HEADINGS = {  # by phase, in the order of a request
    "dns": "DNS",
    "connect": "connect",
    "tls": "TLS",
    "first_byte": "first byte",
    "download": "download",
}
MIDDLE_QUANTILE, TAIL_QUANTILE = 0.5, 0.95
CAPTION = (
    "p50 / p95 of successful requests. DNS, connect and TLS: only where a connection had to be made. First byte: from "
    "the send to the first byte of the answer. Download: from there to the last."
)


@dataclass(frozen=True, kw_only=True)
class PhaseRow:
    """`cells` and `tails` as HEADINGS: "8.1 / 14 ms" and "14 ms", a dash where nothing was measured."""

    name: str
    connections: int  # that had to be made
    cells: tuple[str, ...]  # p50 and p95
    tails: tuple[str, ...]  # p95


def rows(results: Iterable[EndpointResult]) -> tuple[PhaseRow, ...]:
    """Endpoints whose phases are known: not journeys, nor runs of another tool or remembered without distributions."""
    return tuple(row for result in results if (row := _row(result)) and any(c != words.NOTHING for c in row.cells))


def _row(result: EndpointResult) -> PhaseRow | None:
    if not result.phases or result.kind == "journey":
        return None
    made = result.phases.get("connect")
    return PhaseRow(
        name=result.name,
        connections=histogram.count(made) if made else 0,
        cells=tuple(_cell(result.phases.get(phase)) for phase in HEADINGS),
        tails=tuple(_quantile_text(result.phases.get(phase), TAIL_QUANTILE) for phase in HEADINGS),
    )


def _cell(distribution: Distribution | None) -> str:
    middle, tail = _quantile_text(distribution, MIDDLE_QUANTILE), _quantile_text(distribution, TAIL_QUANTILE)
    unit = tail.rpartition(" ")[2]
    return tail if tail == words.NOTHING else f"{middle.removesuffix(f' {unit}')} / {tail}"


def _quantile_text(distribution: Distribution | None, q: float) -> str:
    """A dash for what took no time at all, as TLS does where there is none."""
    if distribution is None or not distribution.maximum:
        return words.NOTHING
    return words.value("p95", histogram.quantile(distribution, q))
