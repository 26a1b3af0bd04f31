"""Recorded runs (CSV: t,endpoint,ms,status) as `Run`s, and shifted copies of them: changes that are exactly known."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from perfgate.measure.precision import Clock, precise
from perfgate.model.metric import LATENCY_QUANTILES
from perfgate.model.outcome import Outcome
from perfgate.model.run import Conditions, EndpointResult, Generator, PastRun, Probe, Run, Runner
from perfgate.recording import histogram
from perfgate.recording.windows import Window

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
UNMOVED = Probe(samples=500, p50=0.001, p95=0.002, workload="unmoved")  # a probe that saw nothing
STALL = (6.0, 1.2)  # seconds: since when, and for how long, an application stands still


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One CSV file. `stormy`: other programs worked on the same cores meanwhile."""

    name: str
    endpoints: tuple[EndpointResult, ...]
    duration: float
    stormy: bool = False


def read(path: Path, *, stormy: bool = False, stalled: bool = False) -> Recording:
    """`stalled`: as if the application had stood still once, for STALL."""
    samples: dict[str, list[tuple[float, float, bool]]] = {}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            failed = not row["status"].startswith("2")
            t, took = float(row["t"]), float(row["ms"]) / 1000
            if stalled and t < sum(STALL) and t + took > STALL[0]:
                took += sum(STALL) - max(t, STALL[0])
            samples.setdefault(row["endpoint"], []).append((t, took, failed))
    duration = max(t for rows in samples.values() for t, _, _ in rows)
    ends = tuple(_endpoint(name, rows, duration) for name, rows in sorted(samples.items()))
    return Recording(name=path.name.split(".")[0], endpoints=ends, duration=duration, stormy=stormy)


def read_all(folder: Path, pattern: str, *, stormy_below: int = 0) -> list[Recording]:
    """Numbers below `stormy_below` are stormy."""
    return [read(path, stormy=number < stormy_below) for path, number in numbered(folder, pattern)]


def numbered(folder: Path, pattern: str) -> list[tuple[Path, int]]:
    """Files are named NAME-NNN.csv.gz."""
    return [(path, int(path.name.split(".")[0].rpartition("-")[2])) for path in sorted(folder.glob(pattern))]


def _endpoint(name: str, rows: Sequence[tuple[float, float, bool]], duration: float) -> EndpointResult:
    latency = np.array([seconds for _, seconds, failed in rows if not failed])
    failures = len(rows) - len(latency)
    metrics = {name: float(np.quantile(latency, q, method="inverted_cdf")) for name, q in LATENCY_QUANTILES.items()}
    metrics |= {"mean": float(latency.mean()), "max": float(latency.max())}
    metrics |= {"errors": failures / len(rows), "rate": len(latency) / duration}
    result = EndpointResult(
        name=name,
        requests=len(rows),
        failures=failures,
        samples=len(latency),
        metrics=metrics,
        latency=histogram.of(latency),
    )
    return precise(result, _windows(rows), Clock(width=1, duration=duration))


def _windows(rows: Sequence[tuple[float, float, bool]]) -> dict[int, Window]:
    """By second, as perfgate records them."""
    parts: dict[int, Window] = {}
    for t, seconds, failed in rows:
        window = parts.setdefault(int(t), Window())
        if failed:
            window.failures["status"] = window.failures.get("status", 0) + 1
        else:
            window.successes += 1
            window.latency.add(round(seconds * histogram.NS_PER_SECOND))
    return parts


def scaled(recording: Recording, factors: Mapping[str, float]) -> Recording:
    """A copy in which the whole distribution of some endpoints is multiplied; "" means all endpoints.

    Histograms stay as they are: only relative criteria may be judged on a copy.
    """
    ends = [_scaled(one, factors.get(one.name, factors.get("", 1.0))) for one in recording.endpoints]
    return replace(recording, endpoints=tuple(ends))


def _scaled(result: EndpointResult, factor: float) -> EndpointResult:
    if factor == 1.0:
        return result
    still = ("errors", "rate", "size")
    return replace(
        result,
        metrics={key: value if key in still else value * factor for key, value in result.metrics.items()},
        intervals={key: (low * factor, high * factor) for key, (low, high) in result.intervals.items()},
    )


def run(recording: Recording, number: int, **others: object) -> Run:
    """As run `number` of a series of otherwise equal runs."""
    names = [one.name for one in recording.endpoints]
    conditions = Conditions(
        load_digest="recorded",
        load="open 100/s for 15 s",
        endpoint_digests={name: {"request": "recorded"} for name in names},
        runner=Runner(os="Linux", cpu="recorded", cores=2),
    )
    made = Run(
        id=f"run-{number:04d}",
        name="recorded",
        started=(FIRST + timedelta(hours=number)).isoformat(),
        duration=recording.duration,
        target="http://127.0.0.1",
        commit=f"{number:040x}",
        branch="main",
        conditions=conditions,
        generator=Generator(),
        endpoints=recording.endpoints,
    )
    return replace(made, **others)


def history(recordings: Sequence[Recording], probes: Sequence[Probe] | None = None) -> list[PastRun]:
    """Newest first, as stores give them; `probes` in the order of the recordings."""
    return [
        PastRun(run=run(one, number, probe=probes[number] if probes else None), outcome=Outcome.PASS)
        for number, one in reversed(list(enumerate(recordings)))
    ]


def draws(
    calm: Sequence[Recording], stormy: Sequence[Recording], kind: str, suites: int, runs: int = 10
) -> Iterator[tuple[Recording, list[Recording]]]:
    """Random (current run, earlier runs). `kind`: "calm", "stormy now", "stormy history" (one to five of the earlier
    runs), "mixed" (any runs), "all stormy"."""
    generator = np.random.default_rng(7)
    for _ in range(suites):
        quiet = [calm[i] for i in generator.permutation(len(calm))[: runs + 1]]
        loud = [stormy[i] for i in generator.permutation(len(stormy))[: runs + 1]] if stormy else []
        some = int(generator.integers(1, 6))
        drawn = {
            "calm": quiet,
            "stormy now": [*loud[:1], *quiet[:runs]],
            "stormy history": [quiet[0], *loud[:some], *quiet[1 : runs + 1 - some]],
            "all stormy": loud,
        }
        if kind == "mixed":
            everything = [*calm, *stormy]
            drawn[kind] = [everything[i] for i in generator.permutation(len(everything))[: runs + 1]]
        now, *past = drawn[kind]
        yield now, [past[i] for i in generator.permutation(len(past))]
