"""Shared runners of different speed: nothing changed in the code, everything changed in the numbers."""

from __future__ import annotations

import numpy as np
from gate.cases.application import CULPRIT, SHOP, Application, Situation, budgets
from gate.cases.case import Expected, case

ROUTES = {f"route {number:02d}": 0.010 * 1.2**number for number in range(20)}


@case("https://github.com/shakacode/react_on_rails/issues/4071", Expected(outcome=("pass",), passing=0.85))
def documentation_commit(seed: int) -> Situation:
    """A commit of documentation "regressed" 42 pairs of benchmark and measure, nearly the whole suite: its runner was
    slower than those before."""
    noise = np.random.default_rng(seed)
    app = Application(noise=noise, endpoints=ROUTES, per_second=6)
    past = app.history(np.exp(noise.normal(0, 0.10, 10)))
    return Situation(run=app.run(100, speed=1.35), past=past, budgets=budgets(ROUTES))


@case("https://github.com/prisma/orm/pull/29804", Expected(outcome=("pass",), passing=0.80))
def workflow_commit_after_a_fast_runner(seed: int) -> Situation:
    """4455, 5259, 9129 and 4485 operations per second in a row: the fast runner's successor, which touched only
    workflow files, was flagged as a regression of 2.04 times."""
    noise = np.random.default_rng(seed)
    app = Application(noise=noise)
    rates = [4610, 5150, 4380, 8870, 4720, 5010, 4455, 5259, 9129]
    past = app.history(4485 / rate for rate in rates)
    return Situation(run=app.run(100), past=past, budgets=budgets(SHOP))


@case("https://github.com/shakacode/react_on_rails/pull/3168", Expected(outcome=("pass",), passing=0.85))
def random_alerts_over_many_routes(seed: int) -> Situation:
    """43 alerts on one commit, sharing next to none with those of the commit before (Jaccard 0.00 to 0.08): each route
    has its own luck in each run, and one in twenty is over a 95 % interval."""
    noise = np.random.default_rng(seed)
    app = Application(noise=noise, endpoints=ROUTES, per_second=6, own=0.07)
    past = app.history(np.exp(noise.normal(0, 0.05, 10)))
    return Situation(run=app.run(100), past=past, budgets=budgets(ROUTES))


@case("https://github.com/MichaelHatherly/CommonMark.jl/pull/159", Expected(outcome=("pass",), passing=0.90))
def control_commit_on_runners_of_any_speed(seed: int) -> Situation:
    """A control experiment that changes a document: the same bytes on runners from 0.6 to 1.4 times as fast. A runner
    reference ran beside each."""
    noise = np.random.default_rng(seed)
    app = Application(noise=noise)
    past = app.history(noise.uniform(0.6, 1.4, 12), probe=True)
    return Situation(run=app.run(100, speed=1.4, probe=True), past=past, budgets=budgets(SHOP))


@case("https://github.com/shakacode/react_on_rails/pull/4116", Expected(outcome=("pass",), passing=0.75))
def no_runner_reference_and_any_speed(seed: int) -> Situation:
    """Noise of 50 to 125 % between runs, and no word on how fast the runner was: what all endpoints share is one doubt,
    not one alarm each."""
    noise = np.random.default_rng(seed)
    app = Application(noise=noise)
    past = app.history(noise.uniform(0.6, 1.4, 12))
    return Situation(run=app.run(100, speed=1.5), past=past, budgets=budgets(SHOP))


@case("https://github.com/microsoft/mssql-rs/pull/435", Expected(outcome=("pass",), passing=0.70))
def benchmark_biased_for_a_whole_run(seed: int) -> Situation:
    """Four re-runs of four confirmed +8.5 % and +8 % in two builds without a change between them: what biases a run
    biases its repetitions too. Only the spread between runs tells."""
    noise = np.random.default_rng(seed)
    app = Application(noise=noise, per_second=30, spread=0.15, own=0.04)
    past = app.history(np.exp(noise.normal(0, 0.03, 12)))
    app.own = 0.0  # so that it is +8.5 % and no luck
    run = app.run(100, rises={CULPRIT: 1.085})
    return Situation(run=run, past=past, budgets=budgets(SHOP, "+5%"))
