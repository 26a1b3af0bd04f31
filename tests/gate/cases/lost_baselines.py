"""Nothing to compare with: gates that passed, or failed, on an empty or another history."""

from __future__ import annotations

import numpy as np
from builders import make_conditions, make_past_run
from gate.cases.application import CULPRIT, SHOP, Application, Situation, budgets
from gate.cases.case import Expected, case

from perfgate.model.outcome import Outcome

RENAMED = "search products"


@case(
    "https://github.com/softmata/horus/issues/177",
    Expected(outcome=("no-baseline", "pass"), never_passing=frozenset(SHOP)),
)
def history_evicted_from_the_cache(seed: int) -> Situation:
    """The cache that had the baseline was evicted, and every run was green because it was compared with nothing."""
    app = Application(noise=np.random.default_rng(seed))
    return Situation(run=app.run(100, rises={CULPRIT: 3.0}), budgets=budgets(SHOP))


@case(
    "https://github.com/developerz-ai/wurk/pull/68",
    Expected(outcome=("no-baseline", "pass"), never_passing=frozenset({RENAMED}), passing=0.70),
)
def endpoint_renamed(seed: int) -> Situation:
    """A renamed benchmark was "gone" and "new", and no longer gated. The others are compared as before."""
    noise = np.random.default_rng(seed)
    past = Application(noise=noise).history(np.exp(noise.normal(0, 0.03, 10)))
    renamed = {RENAMED if name == CULPRIT else name: level for name, level in SHOP.items()}
    run = Application(noise=noise, endpoints=renamed).run(100)
    return Situation(run=run, past=past, budgets=budgets(renamed))


@case(
    "https://github.com/pal-tamas/rask/pull/920",
    Expected(outcome=("no-baseline", "pass"), never_passing=frozenset({CULPRIT}), passing=0.70),
)
def scenario_itself_changed(seed: int) -> Situation:
    """The benchmark's own payload grew, and the gate called it a regression of the code. Another request is another
    series."""
    noise = np.random.default_rng(seed)
    app = Application(noise=noise)
    past = app.history(np.exp(noise.normal(0, 0.03, 10)))
    before = make_conditions(endpoints=SHOP)
    digests = {**before.endpoint_digests, CULPRIT: {"request": "r2"}}
    conditions = make_conditions(endpoints=SHOP, endpoint_digests=digests)
    run = app.run(100, rises={CULPRIT: 1.8}, conditions=conditions)
    return Situation(run=run, past=past, budgets=budgets(SHOP))


@case("https://github.com/crate/crate-benchmarks/issues/126", Expected(outcome=("pass",), passing=0.80))
def one_slow_run_in_the_baseline(seed: int) -> Situation:
    """One run of the baseline was three times as slow, on a bad day. It neither hides nor makes a regression."""
    noise = np.random.default_rng(seed)
    app = Application(noise=noise)
    past = app.history([1.0, 1.02, 0.97, 3.0, 1.01, 0.99, 1.03, 0.98, 1.0, 1.02])
    return Situation(run=app.run(100), past=past, budgets=budgets(SHOP))


@case("https://github.com/open-telemetry/opentelemetry-go/pull/2559", Expected(outcome=("pass",), passing=0.80))
def failed_runs_between_good_ones(seed: int) -> Situation:
    """Failed runs were stored as baselines and the next good one was measured by them. Their failed series take no
    part."""
    noise = np.random.default_rng(seed)
    app = Application(noise=noise)
    good = app.history(np.exp(noise.normal(0, 0.03, 8)))
    bad = tuple(
        make_past_run(
            run=app.run(number, rises={CULPRIT: 2.0}, branch="main"),
            outcome=Outcome.FAIL,
            failed=[(CULPRIT, "p50"), (CULPRIT, "p95")],
        )
        for number in (9, 10, 11)
    )
    return Situation(run=app.run(100), past=(*good, *bad), budgets=budgets(SHOP))
