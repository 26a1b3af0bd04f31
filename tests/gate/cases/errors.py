"""Shares of failed requests: one of thousands, at the start, in bursts, in the baseline."""

from __future__ import annotations

import numpy as np
from builders import make_budget
from gate.cases.application import CULPRIT, SHOP, Application, Situation, budgets
from gate.cases.case import Expected, case


@case("https://github.com/fw-ai/benchmark/pull/112", Expected(outcome=("pass",), passing=0.80))
def one_failure_of_thousands(seed: int) -> Situation:
    """One gateway timeout in 3,822 requests (0.026 %) turned the whole workflow red."""
    noise = np.random.default_rng(seed)
    app = Application(noise=noise, per_second=21)
    past = app.history(np.exp(noise.normal(0, 0.03, 8)))
    run = app.run(100, failures={CULPRIT: {17: 1}})
    return Situation(run=run, past=past, budgets=budgets(SHOP))


@case("https://github.com/opensearch-project/opensearch-migrations/issues/3385", Expected(outcome=("pass",)))
def three_failures_at_the_start(seed: int) -> Situation:
    """Three failures in the first seconds of every run, 285 requests, limit 1 %: a pull request of a lock file failed,
    the next passed. 1.05 % is over, and it may be chance."""
    noise = np.random.default_rng(seed)
    app = Application(noise=noise, endpoints={CULPRIT: 0.06}, seconds=57, per_second=5)
    past = app.history(np.exp(noise.normal(0, 0.03, 8)), failures={CULPRIT: {0: 2, 1: 1}})
    run = app.run(100, failures={CULPRIT: {0: 3}})
    return Situation(run=run, past=past, budgets=budgets([CULPRIT]))


@case("https://github.com/kortix-ai/suna/pull/5286", Expected(outcome=("pass",), passing=0.80))
def burst_of_errors_in_the_baseline(seed: int) -> Situation:
    """The gateway of the test environment answered 502 for some seconds of one earlier run. A run without errors is
    fine, before and after."""
    noise = np.random.default_rng(seed)
    app = Application(noise=noise)
    past = app.history([1.0] * 4)
    burst = app.history([1.0], first=5, failures={name: {10: 30, 11: 30} for name in SHOP})
    after = app.history([1.0] * 4, first=6)
    run = app.run(100)
    return Situation(run=run, past=(*past, *burst, *after), budgets=budgets(SHOP))


@case(
    "https://github.com/CDCgov/trusted-intermediary/issues/1121",
    Expected(outcome=("fail",), failing=frozenset({CULPRIT})),
)
def errors_that_are_real(seed: int) -> Situation:
    """Over 1 % failed, every time. Here a server that answers 500 while it starts, for the first 5 of 20 seconds: that
    the errors come together does not excuse them."""
    app = Application(noise=np.random.default_rng(seed), seconds=20, per_second=8)
    run = app.run(100, failures={CULPRIT: dict.fromkeys(range(5), 8)})
    return Situation(run=run, budgets=tuple(make_budget(name, "errors", "1%") for name in SHOP))
