"""Percentages of next to nothing, and metrics that only have a few values."""

from __future__ import annotations

import numpy as np
from gate.cases.application import Application, Situation, budgets
from gate.cases.case import Expected, case

ANALYZERS = {f"analyzer {number}": 0.00020 * 1.3**number for number in range(6)}
SHAPES = {"make box": 0.0032, "mesh sphere": 0.0006, "fuse": 0.046, "export": 0.015}
PANES = {"one pane": 0.011, "four panes": 0.014, "eight panes": 0.019}
FRAME = 1 / 120


@case("https://github.com/rjmurillo/moq.analyzers/issues/1315", Expected(outcome=("pass",), passing=0.95))
def five_per_cent_of_a_fifth_of_a_millisecond(seed: int) -> Situation:
    """Limits of 5 % on benchmarks under a millisecond fail pull requests of tests and documents: one of many crosses,
    while the geometric mean moved by 1.2 %."""
    noise = np.random.default_rng(seed)
    app = Application(noise=noise, endpoints=ANALYZERS, own=0.05)
    past = app.history(np.exp(noise.normal(0, 0.05, 10)))
    return Situation(run=app.run(100), past=past, budgets=budgets(ANALYZERS, "+5%"))


@case("https://github.com/andymai/occt-wasm/pull/136", Expected(outcome=("pass",), passing=0.90))
def a_tenth_of_a_millisecond_is_17_per_cent(seed: int) -> Situation:
    """0.6 to 0.7 ms is +17 % and failed a limit of 15 % on every run, while everything else was faster."""
    noise = np.random.default_rng(seed)
    app = Application(noise=noise, endpoints=SHAPES)
    past = app.history(np.exp(noise.normal(0, 0.03, 10)))
    return Situation(run=app.run(100, rises={"mesh sphere": 1.17}), past=past, budgets=budgets(SHAPES, "+15%"))


@case("https://github.com/openwong2kim/wmux/issues/940", Expected(outcome=("pass", "inconclusive")))
def latencies_in_whole_frames(seed: int) -> Situation:
    """Latencies are rounded up to whole frames of 8.3 ms, so a percentile near an edge is one frame or two: half of all
    runs of the main branch were already "twice the baseline"."""
    noise = np.random.default_rng(seed)

    def frames(_: str, latencies: np.ndarray) -> np.ndarray:
        return np.ceil(latencies / FRAME) * FRAME

    app = Application(noise=noise, endpoints=PANES, shape=frames, spread=0.2, own=0.06)
    past = app.history(np.exp(noise.normal(0, 0.05, 12)))
    return Situation(run=app.run(100), past=past, budgets=budgets(PANES))
