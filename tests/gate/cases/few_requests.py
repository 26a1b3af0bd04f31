"""Percentiles of a handful of requests: one of them decides."""

from __future__ import annotations

import numpy as np
from builders import make_budget
from gate.cases.application import Application, Situation
from gate.cases.case import Expected, case

GUARD = "post edit guard"


def with_slow_ones(name: str, slow: list[float]):
    """The last requests of the run take so long."""

    def change(endpoint: str, latencies: np.ndarray) -> np.ndarray:
        if endpoint != name:
            return latencies
        flat = latencies.ravel().copy()
        flat[-len(slow) :] = slow
        return flat.reshape(latencies.shape)

    return change


@case("https://github.com/majiayu000/vibeguard/issues/611", Expected(outcome=("inconclusive",)))
def p95_of_three_requests(seed: int) -> Situation:
    """A p95 of three requests is the slowest of them: 542 ms beside a median of 71 ms, limit 500 ms."""
    app = Application(noise=np.random.default_rng(seed), endpoints={GUARD: 0.071}, seconds=3, per_second=1)
    run = app.run(100, shape=with_slow_ones(GUARD, [0.542]))
    return Situation(run=run, budgets=(make_budget(GUARD, "p95", "500ms"),))


@case("https://github.com/DonaldMurillo/gofastr-plugins/issues/71", Expected(outcome=("inconclusive",)))
def p99_of_a_hundred_requests(seed: int) -> Situation:
    """100 keystrokes, p50 8 ms, p99 59.8 ms, limit 50 ms: two requests, on a runner of two cores that a browser shares.
    They are over the limit, and they may be chance."""
    app = Application(noise=np.random.default_rng(seed), endpoints={"keystroke": 0.008}, seconds=20, per_second=5)
    run = app.run(100, shape=with_slow_ones("keystroke", [0.0598, 0.064]))
    return Situation(run=run, budgets=(make_budget("keystroke", "p99", "50ms"),))


@case("https://github.com/breferrari/vigia/issues/178", Expected(outcome=("pass",)))
def stall_of_three_frames(seed: int) -> Situation:
    """250 frames, p50 2.6 ms, p99 69.9 ms, largest 123.7 ms, limit 48 ms: the runner stood still once. A regression
    moves the median."""
    app = Application(noise=np.random.default_rng(seed), endpoints={"frame": 0.0026}, seconds=25, per_second=10)
    run = app.run(100, shape=with_slow_ones("frame", [0.0699, 0.0962, 0.1237]))
    return Situation(run=run, budgets=(make_budget("frame", "p50", "48ms"), make_budget("frame", "p99", "48ms")))


@case("https://github.com/juspay/neurolink/pull/1483", Expected(outcome=("inconclusive",)))
def one_wall_clock_sample(seed: int) -> Situation:
    """One flush, 545 ms beside a limit of 250 ms and a true cost of 3 to 6 ms."""
    app = Application(noise=np.random.default_rng(seed), endpoints={"flush": 0.0045}, seconds=1, per_second=1)
    run = app.run(100, shape=with_slow_ones("flush", [0.545]))
    return Situation(run=run, budgets=(make_budget("flush", "p95", "250ms"),))
