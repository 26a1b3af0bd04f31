"""Draws any history and any run from a number, judges it, and says what a verdict must never do.

Run by itself it judges a range of them: `python -m tests.gate.any_case FIRST LAST` from the root of the repository.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path

import numpy as np

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from builders import make_acceptance, make_arms, make_budget, make_conditions, make_endpoint, make_past_run, make_run

from perfgate.files import codec
from perfgate.gate import choose_anchor, choose_baseline, judge
from perfgate.gate.absolute import QUANTILES, distribution_of
from perfgate.gate.history.baseline import has_baseline
from perfgate.gate.history.sizes import SIZES as SIZE_METRICS
from perfgate.model.budget_file import Anchor, BaselinePolicy, Budget, Floor, GatePolicy, Kind, Sensitivity
from perfgate.model.errors import RecordError
from perfgate.model.metric import ASPECT_QUANTILES, METRICS
from perfgate.model.outcome import Outcome
from perfgate.model.run import Distribution, EndpointResult, Generator, PastRun, Probe, Run
from perfgate.model.verdict import Baseline, Verdict
from perfgate.recording import histogram

SECONDS = (1e-9, 1e-6, 0.001, 0.1, 0.1, 0.1, 0.11, 5.0, 3600.0)
REQUESTS = (0, 1, 2, 3, 5, 30, 200, 200)
EFFECTS = (0.0, 1.0, 1.0, 4.0, 40.0, 1e6)
SIZES = (0.0, 1e-3, 1.0, 900.0, 1000.0, 1e12)
LIMITS = {
    "p50": ("+10%", "100ms +10%", "+5ms"),
    "p95": ("+10%", "100ms +10%", "+5ms", "1us"),
    "p99": ("+10%",),
    "max": ("1s +10%",),
    "mean": ("+10%", "50ms"),
    "ttfb_p95": ("+10%",),
    "errors": ("+0.5pp", "1% +0.5pp", "+10%", "0%"),
    "rate": ("-10%", "1/s -10%"),
    "size": ("+5%", "1kB +5%", "+1kB"),
    "decoded_size": ("+5%",),
    "queries": ("+1", "3 +10%", "+10%"),
    "rows": ("+10%",),
    "cache_hits": ("-2pp", "90% -2pp"),
    "compressed": ("-1pp", "100%"),
    "cpu": ("+10%", "5ms +10%"),
    "memory_growth": ("+1MB", "1MB +10%"),
    "message_p95": ("+10%", "100ms +10%"),
    "first_message_p95": ("+10%",),
    "gap_p99": ("+5ms",),
    "completion_p95": ("1s +10%",),
    "queued_p50": ("+5ms", "+10%"),
}
PAGE_LIMITS = {
    "lcp": ("2.5s +10%", "+100ms"),
    "cls": ("0.1 +0.05", "+10%"),
    "inp": ("200ms +10%",),
    "ttfb": ("+10%",),
    "tbt": ("+50ms",),
    "requests": ("+3", "50 +10%"),
    "transfer": ("+5%", "1MB +10kB"),
    "js_size": ("+1kB", "+10%"),
    "unused_js": ("+10%",),
    "errors": ("0%", "+10pp"),
}
COUNTS = ("queries", "rows", "cache_hits", "compressed", "cpu", "memory_growth")
SPREADS = (0.0, 0.0, 0.01, 0.2, 1.0)


@dataclass(frozen=True, kw_only=True)
class Case:
    budgets: tuple[Budget, ...]
    run: Run
    past: tuple[PastRun, ...]  # newest first
    policy: GatePolicy
    anchored: tuple[PastRun, ...] = ()  # of the anchor's commit, newest first

    @property
    def baseline(self) -> Baseline:
        return choose_baseline(self.run, self.past, self.policy.baseline)

    def verdict(self) -> Verdict:
        baseline = self.baseline
        anchor = choose_anchor(self.run, self.anchored, baseline) if self.policy.anchor else None
        return judge(self.budgets, self.run, baseline, self.policy, anchor)


class _Draw:
    def __init__(self, number: int) -> None:
        self.random = np.random.default_rng(number)
        self.is_plain = self.chance(0.3)  # without any of the odd values
        self.names = [f"e{number}" for number in range(self.whole(1, 5))]
        self.kinds = {name: self.of((*["endpoint"] * 8, "journey", "page")) for name in self.names}
        self.accepting = self.of((0.0, 0.1, 0.1, 0.5))
        self.is_equal = self.chance(0.1)  # every run is like the first: no variance at all
        self.first: dict[str, EndpointResult] = {}

    def chance(self, share: float) -> bool:
        return bool(self.random.random() < share)

    def whole(self, low: int, high: int) -> int:
        return int(self.random.integers(low, high + 1))

    def of(self, values: tuple) -> object:
        return values[self.whole(0, len(values) - 1)]

    def endpoint(self, name: str) -> EndpointResult:
        made = self.page(name) if self.kinds[name] == "page" else self.sent(name)
        return self.first.setdefault(name, made) if self.is_equal else made

    def page(self, name: str) -> EndpointResult:
        views = self.of((1, 3, 5, 7))
        failures = self.of((0, 0, 0, 1, views))
        values = {"errors": failures / views}
        if failures < views:
            seen = [metric for metric in PAGE_LIMITS if metric != "errors" and (self.is_plain or not self.chance(0.1))]
            values |= {metric: self.of((0.0, 1e-9, 0.1, 2.4, 2.5, 50.0, 1e6)) for metric in seen}
        kinds = {"page": failures} if failures else {}
        return EndpointResult(
            name=name,
            kind="page",
            requests=views,
            failures=failures,
            failures_by_kind=kinds,
            samples=views - failures,
            metrics=values,
            intervals=self._intervals(values),
        )

    def sent(self, name: str) -> EndpointResult:
        requests = 200 if self.is_plain else self.of(REQUESTS)
        failures = self.of((0, 0, 0, 1, requests // 2, requests))
        p95 = self.of((0.1, 0.11, 0.105)) if self.is_plain else self.of(SECONDS)
        size = self.of(SIZES)
        made = make_endpoint(name, p95=p95, requests=requests, failures=min(failures, requests), kind=self.kinds[name])
        metrics = {key: value for key, value in made.metrics.items() if self.is_plain or not self.chance(0.05)}
        if made.samples:
            metrics |= {"size": size, "decoded_size": size * self.of((1, 4)), "ttfb_p95": metrics.get("p95", 0.1)}
            for count in COUNTS:
                if self.chance(0.4):
                    metrics[count] = (
                        self.of((0.0, 0.5, 1.0, 1.0, 3.0, 1e-9, 1e9)) if count != "memory_growth" else -size
                    )
        if self.chance(0.1):
            metrics["rate"] = 0.0
        if not self.is_plain and self.chance(0.05):
            metrics = dict.fromkeys(metrics, 0.0)
        phases = {"first_byte": made.latency} if self.chance(0.8) else {}
        made = replace(made, metrics=metrics, phases=phases)
        made = self.streamed(made) if self.chance(0.3) else made
        if not self.is_plain and self.chance(0.05):
            made = replace(made, latency=Distribution())
        return replace(made, **self._doubts(made))

    def streamed(self, made: EndpointResult) -> EndpointResult:
        """With the times of its messages or its job; sometimes a metric without its distribution, as from elsewhere."""
        phases, metrics = dict(made.phases), dict(made.metrics)
        for metric, (aspect, q) in ASPECT_QUANTILES.items():
            if metric in LIMITS and self.chance(0.6):
                values = histogram.of([self.of(SECONDS)] * self.of((1, 2, 30)) + [0.1] * self.of((0, 1, 200)))
                metrics[metric] = histogram.quantile(values, q) or 0.0
                if not self.chance(0.05):
                    phases[aspect] = values
        return replace(made, phases=phases, metrics=metrics)

    def _intervals(self, metrics: Mapping[str, float]) -> dict[str, tuple[float, float]]:
        spread = self.of(SPREADS)
        return {
            metric: (value - spread * abs(value), value + spread * abs(value))
            for metric, value in metrics.items()
            if self.chance(0.7)
        }

    def _doubts(self, made: EndpointResult) -> dict[str, object]:
        kept: dict[str, object] = {}
        if self.chance(0.7):
            kept["design_effects"] = {metric: self.of(EFFECTS) for metric in made.metrics if self.chance(0.8)}
        if self.chance(0.5):
            kept["intervals"] = self._intervals(made.metrics)
        if made.failures:
            kept["failures_by_kind"] = {self.of(("status", "timeout", "connection")): made.failures}
        return kept

    def endpoints(self, whole: bool = False) -> list[EndpointResult]:
        names = [name for name in self.names if whole or self.is_plain or self.chance(0.8)]
        return [self.endpoint(name) for name in names or self.names[:1]]

    def probe(self) -> Probe | None:
        if self.chance(0.4):
            return None
        return Probe(samples=9, p50=self.of((0.0, 0.01, 0.01, 0.1)), p95=0.1, workload=self.of(("w", "w", "v")))

    def generator(self) -> Generator:
        due = self.of((0, 0, 1000))
        return Generator(
            due=due,
            sent=self.of((due, due, due, due // 3)),
            dropped=self.of((0, 0, 0, due // 3)),
            lateness_p95=self.of((0.0, 0.05)),
            cpu=self.of((0.1, 1.0)),
            unsent=self.of(({}, {}, {"ports": 500})),
        )

    def run(self, number: int) -> Run:
        rates = {name: self.of((0.0, 10.0)) for name in self.names} if self.chance(0.2) else {}
        made = make_run(
            number,
            endpoints=self.endpoints(number == 100),
            conditions=make_conditions(endpoints=self.names, rates=rates),
            probe=self.probe(),
            duration=self.of((30.0, 30.0, 0.001, 1e6)) if not self.is_plain else 30.0,
            aborted="too many errors" if self.chance(0.03) else "",
            looks=self.of((1, 1, 3)),
            in_flight=tuple(3.0 + self.of((0, 5)) * at for at in range(self.of((0, 1, 5, 20)))),
        )
        return replace(made, generator=self.generator()) if self.chance(0.3) else made

    def past(self, number: int) -> PastRun:
        where = {"endpoint": self.of(("", "e0")), "metric": self.of(("", "", "p95"))}
        accepted = [make_acceptance(**where)] if self.chance(self.accepting) else []
        outcome = self.of((Outcome.PASS, Outcome.PASS, Outcome.FAIL))
        failed = [(name, "p95") for name in self.names if self.chance(0.2)] if outcome is Outcome.FAIL else []
        return make_past_run(run=self.run(number), outcome=outcome, failed=failed, acceptances=accepted)

    def arms(self, run: Run) -> Run:
        base, head = make_arms(*self.endpoints())
        absent = (self.names[0],) if self.chance(0.1) else ()
        return replace(run, arms=(replace(base, absent=absent), head), restarts=self.of((0, 0, 3, 8)))

    def budgets(self) -> tuple[Budget, ...]:
        metrics = [metric for metric in LIMITS if self.chance(0.4)] or ["p95"]
        warn = "+3%" if self.chance(0.2) else ""
        made = []
        for name in [*self.names, *(["gone"] if self.chance(0.1) else [])]:
            limits = PAGE_LIMITS if self.kinds.get(name) == "page" else {metric: LIMITS[metric] for metric in metrics}
            for metric, texts in limits.items():
                made.append(make_budget(name, metric, self.of(texts), warn=warn if metric in ("p50", "p95") else ""))
        return tuple(made)


def case(number: int) -> Case:
    """The same for the same number."""
    draw = _Draw(number)
    past = tuple(draw.past(run) for run in range(draw.whole(0, 8), 0, -1))
    run = draw.run(100)
    policy = GatePolicy(
        baseline=BaselinePolicy(min_runs=draw.of((1, 2, 5)), runs=draw.of((2, 20))),
        inconclusive=draw.of(("neutral", "warn", "fail")),
        anchor=Anchor(ref="v1", limit=draw.of((0.2, 1e-6))) if draw.chance(0.2) else None,
        sensitivity=Sensitivity(at_limit=draw.chance(0.2)),
        floor=draw.of((Floor(), Floor(), Floor(time=0.0, errors=0.0))),
    )
    return Case(
        budgets=draw.budgets(),
        run=draw.arms(run) if draw.chance(0.3) else run,
        past=past,
        policy=policy,
        anchored=tuple(one for one in past if draw.chance(0.3)),
    )


def faults(case: Case) -> Iterator[str]:
    """What is wrong with the verdict of a case; it may raise, too."""
    verdict, baseline = case.verdict(), case.baseline
    codec.encode(verdict)  # raises for a number that JSON does not have
    yield from _taken_from_a_spoilt_file(case)
    keys = [(one.endpoint, one.metric) for one in verdict.findings]
    if (
        keys[: len(case.budgets)] != [(one.endpoint, one.metric) for one in case.budgets]
        or len(keys) > len(case.budgets) + 1
    ):
        yield "not one finding per budget"
    for finding in verdict.findings:
        for number in (finding.measured, finding.baseline, finding.change, finding.own_change, finding.bound):
            if number is not None and not isfinite(number):
                yield f"{finding.endpoint} {finding.metric}: {number}"
        if " nan" in finding.sentence or " inf" in finding.sentence:
            yield f"no number in words: {finding.sentence}"
        if finding.p_value is not None and not 0 <= finding.p_value <= 1:
            yield f"{finding.endpoint} {finding.metric}: p = {finding.p_value}"
        is_relative = any(one.kind is Kind.RELATIVE for one in finding.criteria)
        lacks = any(one.outcome is Outcome.NO_BASELINE for one in finding.criteria)
        if is_relative and lacks and _could_be_compared(case, finding.endpoint, finding.metric, baseline):
            yield f"not compared, though it could be: {finding.sentence}"


NUMBER = re.compile(r'(?<=": )[0-9]+\.[0-9]+')
NO_NUMBERS = ("NaN", "Infinity", "-Infinity", "1e999", '"nan"')


def _taken_from_a_spoilt_file(case: Case) -> Iterator[str]:
    """Whatever number of a stored run is none, the run is not read: a budget on it would pass."""
    for past in case.past[:1]:
        text = codec.encode(past)
        places = list(NUMBER.finditer(text))
        place, wrong = places[len(text) % len(places)], NO_NUMBERS[len(text) % len(NO_NUMBERS)]
        try:
            codec.decode(PastRun, text[: place.start()] + wrong + text[place.end() :], origin="a stored run")
        except RecordError:
            continue
        yield f"a stored run was read though {text[place.start() - 20 : place.end()]} was {wrong}"


def _could_be_compared(case: Case, endpoint: str, metric: str, baseline: Baseline) -> bool:
    now = next(one for one in case.run.endpoints if one.name == endpoint)
    if case.run.arms:
        base = {one.name: one for one in case.run.arms[0].endpoints if one.name not in case.run.arms[0].absent}
        if metric == "max" or endpoint not in base or metric not in base[endpoint].metrics:
            return False
        both = (now, base[endpoint])
        if metric in QUANTILES:
            return all(distribution_of(one, metric).buckets for one in both)
        if METRICS[metric].counted:
            return True
        if metric == "rate":  # of an arm without requests, or to a base without successes
            return bool(now.requests) and base[endpoint].failures < base[endpoint].requests
        if metric == "mean":  # ratios of nothing, and of a single request
            return all(one.metrics[metric] > 0 and one.samples > 1 for one in both)
        return all(one.requests for one in both)
    if metric == "errors":
        runs = [past.run for past in baseline.runs.get((endpoint, metric), ())]
        counted = any(one.requests for run in runs for one in run.endpoints if one.name == endpoint)
        return has_baseline(baseline, (endpoint, metric)) and bool(now.requests) and counted
    if METRICS[metric].counted or metric in SIZE_METRICS:
        return has_baseline(baseline, (endpoint, metric))
    runs = [past.run for past in baseline.runs.get((endpoint, metric), ())]
    values = [one.metrics[metric] for run in runs for one in run.endpoints if one.name == endpoint]
    return has_baseline(baseline, (endpoint, metric)) and any(value > 0 for value in values)


def main(first: int, last: int) -> None:
    wrong = 0
    for number in range(first, last):
        try:
            found = list(faults(case(number)))
        except (ArithmeticError, LookupError, ValueError, TypeError, AttributeError) as error:
            found = [f"{type(error).__name__}: {error}"]
        for fault in found:
            wrong += 1
            print(number, fault, flush=True)
    print(f"{last - first} cases, {wrong} faults")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
