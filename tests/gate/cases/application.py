"""A modelled application under load: windows of random requests, measured like recorded ones.

log-latency = level of the endpoint + speed of the runner (shared) + own run-to-run luck (sd `own`) + AR(1) drift per
second (sd `drift`, rho 0.9, shared) + iid (sd `spread`). Intervals and design effects come from `measure.precision`, as
they do for a real run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from builders import make_budget, make_conditions, make_past_run, make_run
from numpy.typing import NDArray

from perfgate.measure import precision
from perfgate.model.budget_file import Budget, GatePolicy
from perfgate.model.metric import LATENCY_QUANTILES
from perfgate.model.run import Arm, EndpointResult, PastRun, Probe, Run, Runner
from perfgate.recording import histogram
from perfgate.recording.windows import Window

Floats = NDArray[np.float64]
Shape = Callable[[str, Floats], Floats]  # (endpoint, latencies by second and request) -> latencies
RHO = 0.9
CULPRIT = "search"  # the endpoint that cases are about, where there is a single one
SHOP = {"home": 0.012, "list products": 0.035, CULPRIT: 0.060, "log in": 0.110, "basket": 0.025, "place order": 0.180}
HERE = Runner(os="Linux", cpu="AMD EPYC 7763", cores=4, memory=16 * 2**30)
ELSEWHERE = Runner(os="Linux", cpu="Intel Xeon 8370C", cores=4, memory=16 * 2**30)


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What a gate is given: budgets, the run, and what is on record (oldest first)."""

    run: Run
    past: tuple[PastRun, ...] = ()
    budgets: tuple[Budget, ...]
    policy: GatePolicy = field(default_factory=GatePolicy)


@dataclass(kw_only=True)
class Application:
    """`endpoints`: median latency in seconds by name. `noise` is consumed by every run, so each differs."""

    noise: np.random.Generator
    endpoints: Mapping[str, float] = field(default_factory=lambda: dict(SHOP))
    seconds: int = 30
    per_second: int = 10
    spread: float = 0.35
    own: float = 0.02
    drift: float = 0.04
    shape: Shape | None = None  # of every run: how its latencies are distributed

    def run(
        self,
        number: int,
        *,
        speed: float = 1.0,
        rises: Mapping[str, float] | None = None,
        shape: Shape | None = None,
        failures: Mapping[str, Mapping[int, int]] | None = None,
        probe: bool = False,
        runner: Runner = HERE,
        **others: Any,
    ) -> Run:
        """A history run. `speed` and `rises` multiply latencies; `failures` by endpoint and second."""
        machine = speed * np.exp(self._drift())[:, None]
        ends = []
        for name in self.endpoints:
            luck = np.exp(self.noise.normal(0, self.own)) * (rises or {}).get(name, 1.0)
            latencies = self._latencies(name, luck * machine, shape)
            parts = windows(latencies, (failures or {}).get(name, {}))
            ends.append(measured(name, parts, self.seconds))
        made = {"conditions": make_conditions(endpoints=self.endpoints, runner=runner), **others}
        return make_run(
            number,
            endpoints=ends,
            duration=float(self.seconds),
            probe=self._probe(speed) if probe else None,
            **made,
        )

    def history(self, speeds: Iterable[float], first: int = 1, **others: Any) -> tuple[PastRun, ...]:
        """Oldest first, a run for each speed."""
        runs = [self.run(first + number, speed=speed, **others) for number, speed in enumerate(speeds)]
        return tuple(make_past_run(run=run) for run in runs)

    def trial(
        self,
        number: int,
        *,
        rises: Mapping[str, float] | None = None,
        machine: Floats | None = None,
        dealt: Floats | None = None,
        **others: Any,
    ) -> Run:
        """An A/B run. `rises` are the head's; `machine` slows both by second; `dealt` is the head's share of the
        requests by second (0.5: dealt one by one; 0 and 1: blocks)."""
        slow = np.exp(self._drift()) * (np.ones(self.seconds) if machine is None else machine)
        share = np.full(self.seconds, 0.5) if dealt is None else dealt
        sides: dict[str, list[dict[int, Window]]] = {"base": [], "head": []}
        for name in self.endpoints:
            for arm, part in (("base", 1 - share), ("head", share)):
                luck = np.exp(self.noise.normal(0, self.own / 4))
                rise = (rises or {}).get(name, 1.0) if arm == "head" else 1.0
                latencies = self._latencies(name, luck * rise * slow[:, None], None)
                kept = [row[: round(self.per_second * of)] for row, of in zip(latencies, part, strict=True)]
                sides[arm].append(windows(kept, {}))
        base, head = self._arms(sides)
        arms = (
            Arm(name="base", target="http://127.0.0.1:1", endpoints=base),
            Arm(name="head", target="http://127.0.0.1:2"),
        )
        conditions = make_conditions(endpoints=self.endpoints, runner=HERE)
        return make_run(
            number, endpoints=head, duration=float(self.seconds), arms=arms, conditions=conditions, **others
        )

    def _arms(self, sides: Mapping[str, list[dict[int, Window]]]) -> tuple[tuple[EndpointResult, ...], ...]:
        clock = precision.Clock(width=1, duration=float(self.seconds))
        pair = precision.windows_per_pair(*(precision.requests(sides[arm], clock) for arm in ("base", "head")))
        ends: dict[str, list[EndpointResult]] = {"base": [], "head": []}
        for name, *parts in zip(self.endpoints, sides["base"], sides["head"], strict=True):
            one, two = (precision.ArmParts(result=measured(name, part, self.seconds), parts=part) for part in parts)
            ends["base"].append(one.result)
            effects = precision.paired_effects((one, two), clock, pair)
            ends["head"].append(replace(two.result, paired_effects=effects))
        return tuple(ends["base"]), tuple(ends["head"])

    def _drift(self) -> Floats:
        steps = self.noise.normal(0, self.drift, self.seconds)
        for second in range(1, self.seconds):
            steps[second] = RHO * steps[second - 1] + (1 - RHO**2) ** 0.5 * steps[second]
        return steps

    def _latencies(self, name: str, factor: Any, shape: Shape | None) -> Floats:
        size = (self.seconds, self.per_second)
        latencies: Floats = self.endpoints[name] * factor * np.exp(self.noise.normal(0, self.spread, size))
        for change in (self.shape, shape):
            latencies = change(name, latencies) if change else latencies
        return latencies

    def _probe(self, speed: float) -> Probe:
        """The runner reference sees the runner's speed to 2 %."""
        took = 0.001 * speed * float(np.exp(self.noise.normal(0, 0.02)))
        return Probe(samples=500, p50=took, p95=2 * took, workload="w1")


def windows(latencies: Iterable[Floats], failures: Mapping[int, int]) -> dict[int, Window]:
    """By second. Failures come beside the successes."""
    parts: dict[int, Window] = {}
    for second, row in enumerate(latencies):
        window = Window()
        for value in row:
            window.latency.add(round(value * histogram.NS_PER_SECOND))
        window.successes = len(row)
        if failures.get(second):
            window.failures = {"status": failures[second]}
        if window.requests:
            parts[second] = window
    return parts


def measured(name: str, parts: Mapping[int, Window], seconds: int) -> EndpointResult:
    whole = Window()
    for part in parts.values():
        whole.merge(part)
    latency = whole.latency.freeze()
    metrics = {key: histogram.quantile(latency, q) for key, q in LATENCY_QUANTILES.items()}
    failed = whole.requests - whole.successes
    others = {"mean": histogram.mean(latency), "rate": whole.successes / seconds}
    known = {key: value for key, value in {**metrics, **others}.items() if value is not None}
    result = EndpointResult(
        name=name,
        requests=whole.requests,
        failures=failed,
        failures_by_kind=dict(whole.failures),
        samples=histogram.count(latency),
        metrics=known | ({"errors": failed / whole.requests} if whole.requests else {}),
        latency=latency,
        phases={"service": latency},
    )
    return precision.precise(result, parts, precision.Clock(width=1, duration=float(seconds)))


def budgets(names: Iterable[str], latency: str = "+20%", metrics: Iterable[str] = ("p50", "p95")) -> tuple[Budget, ...]:
    """The median and the tail together, and errors, as the README writes them."""
    made = [make_budget(name, metric, latency) for name in names for metric in metrics]
    return (*made, *(make_budget(name, "errors", "1% +0.5pp") for name in names))
