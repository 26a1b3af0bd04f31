"""The history gate on simulated suites: python bench/gate/modelled.py

log-latency = runner effect (sd `runner`, 70 % of its variance shared by all endpoints) + AR(1) drift per second (sd
0.10, rho 0.9, shared) + iid (sd 0.5). Ten endpoints, 60 s, 10 requests per second and endpoint.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

import numpy as np

from bench.gate.recorded import Recording
from bench.gate.replay import judged, upper_bound
from perfgate.model.metric import LATENCY_QUANTILES
from perfgate.model.outcome import Outcome
from perfgate.model.run import EndpointResult

SECONDS, PER_SECOND, ENDPOINTS = 60, 10, 10
DRIFT, RHO, SPREAD, SHARED = 0.10, 0.9, 0.5, 0.7
BATCHES = 10
Q = list(LATENCY_QUANTILES.values())


def recording(noise: np.random.Generator, runner: float, rise: float = 1.0, slow: float = 1.0) -> Recording:
    """`rise` of the first endpoint."""
    return recording_of(latencies(noise, runner, rise, slow))


def recording_of(latency: Sequence[np.ndarray]) -> Recording:
    """What a run measures, from the latencies of each endpoint: a row per second."""
    ends = tuple(_endpoint(f"e{number}", one) for number, one in enumerate(latency))
    return Recording(name="simulated", endpoints=ends, duration=len(latency[0]))


def latencies(
    noise: np.random.Generator, runner: float, rise: float = 1.0, slow: float = 1.0, seconds: int = SECONDS
) -> list[np.ndarray]:
    """Of each endpoint in s, a row per second; `rise` of the first one."""
    common = noise.normal(0, runner * SHARED**0.5) + np.log(slow)
    drift = np.empty(seconds)
    drift[0] = noise.normal(0, DRIFT)
    for second in range(1, seconds):
        drift[second] = RHO * drift[second - 1] + noise.normal(0, DRIFT * (1 - RHO**2) ** 0.5)
    found = []
    for number in range(ENDPOINTS):
        level = (
            np.log(0.1) + common + noise.normal(0, runner * (1 - SHARED) ** 0.5) + (np.log(rise) if number == 0 else 0)
        )
        found.append(np.exp(level + drift[:, None] + noise.normal(0, SPREAD, (seconds, PER_SECOND))))
    return found


def _endpoint(name: str, latency: np.ndarray) -> EndpointResult:
    """Intervals from ten batches in time, as a run with windows has them."""
    values = np.quantile(latency, Q)
    batches = np.log(np.quantile(latency.reshape(BATCHES, -1), Q, axis=1))
    error = 2.26 * batches.std(axis=1, ddof=1) / BATCHES**0.5
    ends = {
        key: (float(v * np.exp(-e)), float(v * np.exp(e)))
        for key, v, e in zip(LATENCY_QUANTILES, values, error, strict=True)
    }
    metrics = dict(zip(LATENCY_QUANTILES, map(float, values), strict=True)) | {"errors": 0.0}
    return EndpointResult(name=name, requests=latency.size, samples=latency.size, metrics=metrics, intervals=ends)


def suites(
    number: int, runner: float, runs: int, rise: float, slow_share: float
) -> Iterator[tuple[Recording, list[Recording]]]:
    noise = np.random.default_rng(5)
    for _ in range(number):
        slow = np.where(noise.random(runs + 1) < slow_share, 1.35, 1.0)
        past = [recording(noise, runner, slow=one) for one in slow[1:]]
        yield recording(noise, runner, rise, slow=slow[0]), past


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--suites", type=int, default=300)
    options = parser.parse_args()
    for runner, runs, slow in ((0.03, 10, 0.0), (0.05, 5, 0.0), (0.05, 10, 0.0), (0.10, 20, 0.0), (0.05, 20, 0.2)):
        line = f"runner sd {runner:.0%}, {runs} runs, {slow:.0%} slow runners:"
        for rise in (1.0, 1.1, 1.2, 1.3, 1.5):
            alarms = passed = 0
            number = options.suites if rise == 1.0 else options.suites // 3
            for now, past in suites(number, runner, runs, rise, slow):
                found = judged(now, past, ["p95"], "+10%").findings
                alarms += any(one.outcome is Outcome.FAIL for one in (found if rise == 1.0 else found[:1]))
                passed += found[0].outcome in (Outcome.PASS, Outcome.IMPROVED)
            if rise == 1.0:
                line += f" false alarms {alarms}/{number} (at most {upper_bound(alarms, number):.1%}),"
                line += f" passes {passed / number:.0%};"
            else:
                line += f" +{rise - 1:.0%}: found {alarms / number:.0%} passed {passed / number:.0%};"
        print(line, flush=True)


if __name__ == "__main__":
    main()
