"""Latencies that are not one hump: two modes, pauses, stalls."""

from __future__ import annotations

import numpy as np
from gate.cases.application import CULPRIT, SHOP, Application, Situation, budgets
from gate.cases.case import Expected, case


@case(
    "https://github.com/man-group/ArcticDB/issues/3391",
    Expected(outcome=("pass", "inconclusive"), passing=0.60),
)
def mode_drawn_once_per_run(seed: int) -> Situation:
    """Eight runs of the same code land at about 40 or about 85 ms, while 23 siblings differ by 2.4 %: a threshold in the
    code or a layout, drawn anew with each process."""
    noise = np.random.default_rng(seed)
    app = Application(noise=noise)
    slow = [False, True, False, False, False, True, False, False, True, False, False, False]
    runs = [app.history([1.0], first=at, rises={CULPRIT: 85 / 40 if one else 1.0}) for at, one in enumerate(slow, 1)]
    past = tuple(one for pair in runs for one in pair)
    return Situation(run=app.run(100, rises={CULPRIT: 85 / 40}), past=past, budgets=budgets(SHOP))


@case(
    "https://github.com/MetaMask/metamask-extension/pull/45444",
    Expected(outcome=("pass", "inconclusive"), passing=0.60),
)
def slow_path_of_a_third_of_the_requests(seed: int) -> Situation:
    """37 % of the requests take a slow path, 25 to 50 % in single runs: a percentile between the two clusters is a coin
    that is tossed once per run."""
    noise = np.random.default_rng(seed)

    def two_paths(name: str, latencies: np.ndarray) -> np.ndarray:
        if name != CULPRIT:
            return latencies
        share = noise.uniform(0.25, 0.60)
        return np.where(noise.random(latencies.shape) < share, 3.0 * latencies, latencies)

    app = Application(noise=noise, shape=two_paths)
    past = app.history(np.exp(noise.normal(0, 0.03, 12)))
    return Situation(run=app.run(100), past=past, budgets=budgets(SHOP))


@case("https://github.com/scitix/sieval/pull/102", Expected(outcome=("pass",), passing=0.655))
def one_collection_of_garbage(seed: int) -> Situation:
    """One full collection takes 286 ms, longer than what was measured: what comes in meanwhile waits for its rest."""
    noise = np.random.default_rng(seed)
    app = Application(noise=noise)
    past = app.history(np.exp(noise.normal(0, 0.03, 10)))
    arrivals = np.linspace(0, 1, app.per_second, endpoint=False)

    def pause(_: str, latencies: np.ndarray) -> np.ndarray:
        held = latencies.copy()
        held[12] += np.maximum(0.0, 0.286 - arrivals)
        return held

    return Situation(run=app.run(100, shape=pause), past=past, budgets=budgets(SHOP))


@case("https://github.com/breferrari/vigia/issues/36", Expected(outcome=("pass",), passing=0.650))
def runner_stands_still_for_a_second(seed: int) -> Situation:
    """A runner loses its CPU for a second: all requests of that second take up to a second longer, the others nothing.
    The median is the tell."""
    noise = np.random.default_rng(seed)
    app = Application(noise=noise, seconds=40)
    past = app.history(np.exp(noise.normal(0, 0.03, 10)))
    arrivals = np.linspace(0, 1, app.per_second, endpoint=False)

    def stall(_: str, latencies: np.ndarray) -> np.ndarray:
        stalled = latencies.copy()
        stalled[25] += 1.0 - arrivals
        return stalled

    return Situation(run=app.run(100, shape=stall), past=past, budgets=budgets(SHOP))
