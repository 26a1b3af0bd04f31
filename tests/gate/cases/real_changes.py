"""Wolves: what a gate that never cries must still see, in the same noise."""

from __future__ import annotations

import numpy as np
from gate.cases.application import CULPRIT, SHOP, Application, Situation, budgets
from gate.cases.case import Expected, case

FOUND = Expected(outcome=("fail",), failing=frozenset({CULPRIT}))


@case("https://github.com/shakacode/react_on_rails/pull/3234", FOUND)
def injected_delay_on_a_slow_runner(seed: int) -> Situation:
    """The acceptance test of a gate: a delay put into one route must alert, on a runner that is slower as a whole."""
    noise = np.random.default_rng(seed)
    app = Application(noise=noise)
    past = app.history(np.exp(noise.normal(0, 0.08, 12)))
    return Situation(run=app.run(100, speed=1.2, rises={CULPRIT: 1.8}), past=past, budgets=budgets(SHOP))


@case("https://github.com/fhightower/ioc-finder/pull/411", FOUND)
def regression_under_a_stale_baseline(seed: int) -> Situation:
    """A regression of 2.3 times passed on three systems, because the baseline was three times as slow as the branch. The
    old level is still on record; the runs since then are the level."""
    noise = np.random.default_rng(seed)
    app = Application(noise=noise)
    stale = app.history([1.0] * 2, rises={CULPRIT: 3.0})
    today = app.history(np.exp(noise.normal(0, 0.03, 12)), first=3)
    return Situation(run=app.run(100, rises={CULPRIT: 2.3}), past=(*stale, *today), budgets=budgets(SHOP))


@case("https://github.com/nooga/let-go/issues/445", FOUND)
def the_one_of_five_that_was_real(seed: int) -> Situation:
    """Five families failed on one runner and exactly one on an independent one: the real one. Side by side it is the
    only one at once."""
    app = Application(noise=np.random.default_rng(seed), seconds=60, per_second=20)
    machine = np.ones(60)
    machine[10:30] = 1.4
    return Situation(run=app.trial(100, rises={CULPRIT: 1.4}, machine=machine), budgets=budgets(SHOP))


@case("https://github.com/grafana/k6/issues/1843", FOUND)
def sevenfold_with_a_hundred_requests(seed: int) -> Situation:
    """One query per row: 77 to 528 ms with about ninety requests per arm, only p95 has a budget, and slow requests
    come together."""
    app = Application(noise=np.random.default_rng(seed), per_second=6, drift=0.35)
    run = app.trial(100, rises={CULPRIT: 6.8})
    return Situation(run=run, budgets=budgets(SHOP, metrics=("p95",)))
