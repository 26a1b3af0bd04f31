"""Baselines that were measured elsewhere."""

from __future__ import annotations

import numpy as np
from builders import make_conditions
from gate.cases.application import ELSEWHERE, SHOP, Application, Situation, budgets
from gate.cases.case import Expected, case

from perfgate.model.run import Runner

LAPTOP = Runner(os="Darwin", cpu="Apple M4 Pro", cores=14, memory=48 * 2**30)


@case("https://github.com/Jebel-Quant/basanos/issues/378", Expected(outcome=("pass", "inconclusive")))
def baseline_of_a_laptop(seed: int) -> Situation:
    """The baseline is of a laptop with 14 cores; CI has two to four and is 2 to 4 times slower."""
    noise = np.random.default_rng(seed)
    app = Application(noise=noise)
    past = app.history(np.exp(noise.normal(0, 0.02, 8)), runner=LAPTOP)
    return Situation(run=app.run(100, speed=2.6), past=past, budgets=budgets(SHOP))


@case("https://github.com/o1-labs/proof-systems/pull/3593", Expected(outcome=("pass", "inconclusive")))
def precise_runs_on_another_cpu(seed: int) -> Situation:
    """The same binary, +11.7 % (10.9 to 12.4 %, p = 0.00): within a run the measurement is precise, so a longer run only
    makes the difference of the machines surer."""
    noise = np.random.default_rng(seed)
    app = Application(noise=noise, per_second=40, spread=0.05, own=0.005, drift=0.005)
    past = app.history(np.exp(noise.normal(0, 0.01, 6)))
    return Situation(run=app.run(100, speed=1.117, runner=ELSEWHERE), past=past, budgets=budgets(SHOP, "+10%"))


@case("https://github.com/unitaryfoundation/ucc-bench/issues/81", Expected(outcome=("pass",), passing=0.80))
def runner_pool_ten_per_cent_slower(seed: int) -> Situation:
    """From one day on all runs are on another machine and image, and everything takes a tenth longer."""
    noise = np.random.default_rng(seed)
    app = Application(noise=noise)
    past = app.history(np.exp(noise.normal(0, 0.03, 10)))
    return Situation(run=app.run(100, speed=1.10, runner=ELSEWHERE), past=past, budgets=budgets(SHOP))


@case("https://github.com/BerriAI/litellm/pull/31746", Expected(outcome=("pass",), passing=0.75))
def new_image_halfway_through_the_history(seed: int) -> Situation:
    """`ubuntu-latest` became another image between base and head: half of the baseline is of the old one, faster."""
    noise = np.random.default_rng(seed)
    app = Application(noise=noise)
    old = app.history(np.exp(noise.normal(0, 0.03, 6)))
    new = app.history(1.25 * np.exp(noise.normal(0, 0.03, 4)), first=7, runner=ELSEWHERE)
    return Situation(run=app.run(100, speed=1.25, runner=ELSEWHERE), past=(*old, *new), budgets=budgets(SHOP))


@case(
    "https://github.com/nubo-db/dynoxide/issues/167",
    Expected(outcome=("pass",), passing=0.80),
)
def newest_baseline_is_an_outlier(seed: int) -> Situation:
    """The newest stored run sat at 0.51 of the eleven before, on a CPU that was never seen again: every pull request
    after it was flagged on all twelve benchmarks."""
    noise = np.random.default_rng(seed)
    app = Application(noise=noise)
    usual = app.history(np.exp(noise.normal(0, 0.06, 11)))
    conditions = make_conditions(endpoints=SHOP, runner=Runner(os="Linux", cpu="AMD EPYC 9V45", cores=4))
    outlier = app.history([0.51], first=12, conditions=conditions)
    return Situation(run=app.run(100), past=(*usual, *outlier), budgets=budgets(SHOP))
