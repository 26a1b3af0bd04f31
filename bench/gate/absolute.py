"""Fixed limits on a p95, simulated: how often a run passes whose true value is over the limit by half, and how often
one fails whose true value is at the limit, by the number of requests and over distributions with light and heavy tails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from bench.gate.table import OURS, PROOF
from perfgate.gate.absolute import Question, Standing, check_limit
from perfgate.model.budget_file import Sensitivity
from perfgate.model.run import EndpointResult
from perfgate.recording import histogram

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Floats]

REQUESTS = (30, 60, 200, 1000)
SCALE = 0.05  # s
RULES = {OURS: Sensitivity(), PROOF: Sensitivity(at_limit=True)}

DISTRIBUTIONS: Mapping[str, Draw] = {
    "log-normal 0.3": lambda noise, n: noise.lognormal(0, 0.3, n),
    "log-normal 0.5": lambda noise, n: noise.lognormal(0, 0.5, n),
    "log-normal 1": lambda noise, n: noise.lognormal(0, 1.0, n),
    "exponential": lambda noise, n: noise.exponential(1.0, n) + 0.01,
    "Weibull 0.5": lambda noise, n: noise.weibull(0.5, n) + 0.01,
    "Pareto 1.5": lambda noise, n: noise.pareto(1.5, n) + 1,
    "Pareto 3": lambda noise, n: noise.pareto(3.0, n) + 1,
    "one in ten five times as slow": lambda noise, n: (
        noise.lognormal(0, 0.2, n) * np.where(noise.random(n) < 0.1, 5, 1)
    ),
}


def sweeps(runs: int) -> Iterator[tuple[str, dict[str, object]]]:
    """By number of requests, all distributions together: `missed` are passes at 1.5 times the limit, `alarms` failures
    at the limit."""
    for requests in REQUESTS:
        missed, alarms = dict.fromkeys(RULES, 0), dict.fromkeys(RULES, 0)
        for number, draw in enumerate(DISTRIBUTIONS.values()):
            noise = np.random.default_rng((requests, number))
            truth = float(np.quantile(draw(noise, 1_000_000), 0.95)) * SCALE
            for _ in range(runs):
                result = _endpoint(draw(noise, requests) * SCALE)
                for rule, sensitivity in RULES.items():
                    missed[rule] += _standing(result, truth / 1.5, sensitivity) is Standing.KEPT
                    alarms[rule] += _standing(result, truth, sensitivity) is Standing.BROKEN
        tries = runs * len(DISTRIBUTIONS)
        yield f"absolute {requests}", {"suites": tries, "unchanged": tries, "alarms": alarms, "missed": missed}


def _standing(result: EndpointResult, limit: float, sensitivity: Sensitivity) -> Standing:
    return check_limit(result, "p95", Question(limit=limit, sensitivity=sensitivity)).standing


def _endpoint(seconds: Floats) -> EndpointResult:
    p95 = float(np.quantile(seconds, 0.95, method="inverted_cdf"))
    return EndpointResult(
        name="endpoint",
        requests=len(seconds),
        samples=len(seconds),
        metrics={"p95": p95},
        latency=histogram.of(seconds),
    )
