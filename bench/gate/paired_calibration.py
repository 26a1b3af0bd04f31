"""A/B verdicts, calibrated: false alarms, detection, and how often unchanged endpoints pass. Simulated and recorded.

    python -m bench.gate.paired_calibration [--suites N] [--recordings FOLDER]

Simulated: suites of 10 endpoints with log-normal latencies (sigma 0.5), every request dealt to a random arm; with
instance effects, each arm of each endpoint is slower or faster by so much (standard deviation). Changed suites have one
changed endpoint. Recorded: requests of real runs (files `aa-*.csv.gz` with columns t, endpoint, ms, status), a number
of runs one after the other, dealt to two arms at random; a change multiplies one endpoint's latencies in the head.

A suite is judged as the gate does: Holm over its endpoints at 1 % and an estimate at or over the limit to fail, a 95 %
upper bound under the limit to pass.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.rows import print_head, print_row
from perfgate.gate.ab.paired import compare
from perfgate.gate.comparison import Comparison
from perfgate.gate.levels import ALPHA
from perfgate.gate.trial import MARGIN, Trial
from perfgate.measure import precision
from perfgate.model.metric import LATENCY_QUANTILES
from perfgate.model.run import EndpointResult
from perfgate.recording import counting, histogram
from perfgate.recording.windows import Window
from perfgate.stats.multiplicity import holm
from perfgate.stats.proportions import exact_upper

ENDPOINTS = 10
SIGMA = 0.5
Floats = NDArray[np.float64]
Deal = Callable[[np.random.Generator, float], list[tuple[EndpointResult, EndpointResult]]]


@dataclass(frozen=True)
class Tally:
    """Of suites: false alarms and passes of the unchanged, and by true change of one endpoint its fails and passes."""

    suites: int
    alarms: int
    passed: float
    failed: dict[float, float]
    missed: dict[float, float]


def result(latencies: Floats) -> EndpointResult:
    counted = histogram.Histogram()
    counting.add_many(counted, np.round(latencies * 1e9).astype(np.int64))
    distribution = counted.freeze()
    metrics = {name: histogram.quantile(distribution, q) or 0.0 for name, q in LATENCY_QUANTILES.items()}
    metrics |= {"mean": histogram.mean(distribution) or 0.0, "errors": 0.0}
    return EndpointResult(
        name="endpoint", requests=len(latencies), samples=len(latencies), metrics=metrics, latency=distribution
    )


def simulated(requests: int, instance: float) -> Deal:
    """`requests` per endpoint and arm on average."""

    def deal(random: np.random.Generator, change: float) -> list[tuple[EndpointResult, EndpointResult]]:
        pairs = []
        for number in range(ENDPOINTS):
            size = random.binomial(2 * requests, 0.5)
            level = 0.1 * np.exp(random.normal(0, instance, 2)) if instance else np.full(2, 0.1)
            base = level[0] * np.exp(SIGMA * random.standard_normal(size))
            head = level[1] * np.exp(SIGMA * random.standard_normal(2 * requests - size))
            pairs.append((result(base), result(head * (1 + change if number == 0 else 1))))
        return pairs

    return deal


def recorded(folder: Path, runs: int, seconds: int = 15) -> Deal:
    """So many recorded runs one after the other, in a random order, every request dealt to a random arm."""
    files = [_read(path) for path in sorted(folder.glob("aa-*.csv.gz"))]

    def deal(random: np.random.Generator, change: float) -> list[tuple[EndpointResult, EndpointResult]]:
        chosen = [files[i] for i in random.choice(len(files), runs, replace=False)]
        clock = precision.Clock(width=1, duration=runs * seconds)
        pairs = []
        for number, name in enumerate(random.permutation(sorted(chosen[0]))):
            t = np.concatenate([at * seconds + run[name][0] for at, run in enumerate(chosen)])
            latency = np.concatenate([run[name][1] for run in chosen])
            head = random.random(len(t)) < 0.5
            latency[head] *= 1 + change if number == 0 else 1
            arms = [arm_of(t[side], latency[side], clock) for side in (~head, head)]
            effects = precision.paired_effects((arms[0], arms[1]), clock, 0)
            pairs.append((arms[0].result, replace(arms[1].result, paired_effects=effects)))
        return pairs

    return deal


def arm_of(t: Floats, latency: Floats, clock: precision.Clock) -> precision.ArmParts:
    parts: dict[int, Window] = {}
    second = t.astype(int)
    for at in np.unique(second):
        window = parts[int(at)] = Window()
        mine = latency[second == at]
        window.successes = len(mine)
        counting.add_many(window.latency, np.round(mine * 1e9).astype(np.int64))
    return precision.ArmParts(result=precision.precise(result(latency), parts, clock), parts=parts)


def _read(path: Path) -> dict[str, tuple[Floats, Floats]]:
    with gzip.open(path, "rt", newline="") as file:
        rows = [row for row in csv.DictReader(file) if float(row["t"]) >= 0]
    names = sorted({row["endpoint"] for row in rows})
    return {
        name: (
            np.array([float(row["t"]) for row in rows if row["endpoint"] == name]),
            np.array([float(row["ms"]) / 1000 for row in rows if row["endpoint"] == name]),
        )
        for name in names
    }


def judge(pairs: Sequence[tuple[EndpointResult, EndpointResult]], metric: str, limit: float) -> list[tuple[bool, bool]]:
    """(failed, passed) of each endpoint."""
    trial = Trial(margin=MARGIN, alpha=ALPHA / len(pairs), limit=limit)
    found = [comparison for pair in pairs if (comparison := compare(*pair, metric, trial)) is not None]
    adjusted = holm([comparison.p_worse for comparison in found])
    return [_outcome(comparison, p, limit) for comparison, p in zip(found, adjusted, strict=True)]


def _outcome(comparison: Comparison, adjusted: float, limit: float) -> tuple[bool, bool]:
    failed = adjusted < ALPHA and comparison.change >= limit
    return failed, not failed and comparison.bound < limit


def calibrate(deal: Deal, metric: str, limit: float, changes: Sequence[float], suites: int, seed: int) -> Tally:
    random = np.random.default_rng(seed)
    unchanged = [judge(deal(random, 0.0), metric, limit) for _ in range(suites)]
    changed = {change: [judge(deal(random, change), metric, limit)[0] for _ in range(suites)] for change in changes}
    return Tally(
        suites=suites,
        alarms=sum(any(failed for failed, _ in suite) for suite in unchanged),
        passed=float(np.mean([passed for suite in unchanged for _, passed in suite])),
        failed={change: float(np.mean([failed for failed, _ in found])) for change, found in changed.items()},
        missed={change: float(np.mean([passed for _, passed in found])) for change, found in changed.items()},
    )


def cases(recordings: Path | None) -> Iterator[tuple[str, Deal, str, float, tuple[float, ...]]]:
    """(name, deal, metric, limit, true changes)."""
    for requests in (100, 300, 1000, 3000):
        yield f"simulated {requests:,}", simulated(requests, 0.0), "p95", 0.10, (0.10, 0.20, 0.30)
    yield "simulated 3,000", simulated(3000, 0.0), "p50", 0.10, (0.10, 0.20)
    yield "simulated 3,000, instance effects 1.5 %", simulated(3000, 0.015), "p95", 0.10, (0.10, 0.20)
    yield "simulated 12,000", simulated(12_000, 0.0), "p95", 0.05, (0.05, 0.10)
    yield "simulated 12,000, instance effects 1.5 %", simulated(12_000, 0.015), "p95", 0.05, (0.05, 0.10)
    if recordings:
        for runs in (1, 4, 16):
            for metric in ("p95", "p50"):
                yield f"recorded, {runs} runs", recorded(recordings, runs), metric, 0.10, (0.10, 0.20, 0.30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suites", type=int, default=300)
    parser.add_argument("--recordings", type=Path, help="folder with aa-*.csv.gz")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    arguments = parser.parse_args()
    heads = ("requests per endpoint and arm", "metric", "limit", "suites", "false alarms (bound)", "unchanged pass")
    heads += ("found", "passed though changed")
    print_head(*heads)
    for name, deal, metric, limit, changes in cases(arguments.recordings):
        if arguments.only not in name:
            continue
        tally = calibrate(deal, metric, limit, changes, arguments.suites, seed=1)
        bound = exact_upper(tally.alarms / tally.suites, tally.suites)
        found = ", ".join(f"+{change:.0%} {share:.1%}" for change, share in tally.failed.items())
        missed = ", ".join(f"+{change:.0%} {share:.1%}" for change, share in tally.missed.items())
        alarms = f"{tally.alarms} ({bound:.1%})"
        print_row(name, metric, f"+{limit:.0%}", tally.suites, alarms, f"{tally.passed:.1%}", found, missed)


if __name__ == "__main__":
    main()
