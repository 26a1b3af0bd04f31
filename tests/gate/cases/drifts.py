"""Machines that change while they measure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from gate.cases.application import SHOP, Application, Situation, budgets
from gate.cases.case import Expected, case


@case("https://github.com/orieg/php-judy/issues/87", Expected(outcome=("pass", "inconclusive")))
def base_and_head_minutes_apart(seed: int) -> Situation:
    """The base ran first and the head after it, on a machine that slowed down: 21 regressions of 10 to 13 %, nearly all
    in code that the change cannot reach, and the drift is one way for all."""
    app = Application(noise=np.random.default_rng(seed), seconds=60)
    half = np.repeat([0.0, 1.0], 30)
    return Situation(run=app.trial(100, machine=1 + 0.13 * half, dealt=half), budgets=budgets(SHOP, "+10%"))


@case("https://github.com/mapequation/infomap/issues/943", Expected(outcome=("pass", "inconclusive")))
def neighbour_during_a_block_of_the_head(seed: int) -> Situation:
    """One binary beside itself in blocks, with load on the machine while the head was measured: "a regression of
    15.9 %"."""
    noise = np.random.default_rng(seed)
    app = Application(noise=noise, seconds=60)
    dealt = np.tile(np.repeat([0.0, 1.0], 5), 6)
    machine = np.ones(60)
    machine[35:40] = machine[45:50] = 1.9  # two of six blocks, both the head's
    return Situation(run=app.trial(100, machine=machine, dealt=dealt), budgets=budgets(SHOP, "+10%"))


@case("https://github.com/mapequation/infomap/issues/944", Expected(outcome=("pass",), passing=0.90))
def neighbour_beside_requests_dealt_singly(seed: int) -> Situation:
    """The same load on the machine hits both arms when requests are dealt one by one: 0.1 to 0.4 % were left of it."""
    app = Application(noise=np.random.default_rng(seed), seconds=60, per_second=20)
    machine = np.ones(60)
    machine[20:45] = 1.6
    return Situation(run=app.trial(100, machine=machine), budgets=budgets(SHOP))


@case("https://github.com/orieg/php-judy/issues/91", Expected(outcome=("pass",), passing=0.75))
def all_endpoints_creep_the_same_way(seed: int) -> Situation:
    """Two per cent per run on every endpoint, for twelve runs: a machine that ages (or a runner pool that fills up), as
    long as nothing shows that it is the application."""
    app = Application(noise=np.random.default_rng(seed))
    past = app.history(1.02**number for number in range(12))
    return Situation(run=app.run(100, speed=1.02**12), past=past, budgets=budgets(SHOP))


@case("https://github.com/paradedb/paradedb/issues/4789", Expected(outcome=("pass",), passing=0.60))
def cold_caches_at_the_start(seed: int) -> Situation:
    """The first requests of the run read from disk what the others have in memory: two of thirty seconds are three times
    as slow, for all endpoints."""
    app = Application(noise=np.random.default_rng(seed))
    past = app.history(np.exp(app.noise.normal(0, 0.04, 10)))

    def cold(_: str, latencies: np.ndarray) -> np.ndarray:
        return np.vstack([3 * latencies[:2], latencies[2:]])

    return Situation(run=app.run(100, shape=cold), past=past, budgets=budgets(SHOP))


@case("https://github.com/huangruiteng/loopx/issues/3346", Expected(outcome=("pass",), passing=0.80))
def clocks_of_several_zones(seed: int) -> Situation:
    """Runs are stamped in the zone of their machine, and texts do not sort like times: a faster run that began after
    this one, with a time that reads as earlier, is no baseline of it."""
    app = Application(noise=np.random.default_rng(seed))
    past = app.history(np.exp(app.noise.normal(0, 0.04, 9)))
    zones = ("Z", "+08:00", "-07:00")
    hours = {"Z": 0, "+08:00": 8, "-07:00": -7}
    stamped = [
        replace(one, run=replace(one.run, started=_stamp(day, zones[day % 3], hours[zones[day % 3]])))
        for day, one in enumerate(past)
    ]
    later = app.history([0.3] * 6, first=50, started="2026-02-01T05:30:00-07:00")  # 12:30 UTC
    run = app.run(100, started="2026-02-01T20:00:00+08:00")  # 12:00 UTC
    return Situation(run=run, past=(*stamped, *later), budgets=budgets(SHOP))


def _stamp(day: int, zone: str, offset: int) -> str:
    return f"2026-01-{day + 10:02d}T{12 + offset:02d}:00:00{zone}"
