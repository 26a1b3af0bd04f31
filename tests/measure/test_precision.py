"""Design effects and intervals from windows that are counted for real; latencies drawn with a fixed seed."""

from __future__ import annotations

import numpy as np
import pytest

from perfgate.measure import precision
from perfgate.measure.precision import ArmParts, Clock
from perfgate.model.metric import LATENCY_QUANTILES
from perfgate.model.run import EndpointResult
from perfgate.recording import counting, histogram
from perfgate.recording.windows import Window

SECONDS, RATE = 120, 30


def window(random: np.random.Generator, number: int, level: float, *, failures: int = 0, size: int = 500) -> Window:
    made = Window()
    latency = level * random.lognormal(-2, 0.5, number - failures)
    counting.add_many(made.latency, np.round(latency * 1e9).astype(np.int64))
    made.successes, made.bytes = number - failures, size * (number - failures)
    made.failures = {"status": failures} if failures else {}
    return made


def windows(seed: int, levels: np.ndarray | None = None, *, rate: float = RATE, **others: int) -> dict[int, Window]:
    """One a second, with so many requests on average; `levels` slow down each second's."""
    random = np.random.default_rng(seed)
    levels = np.ones(SECONDS) if levels is None else levels
    return {second: window(random, random.poisson(rate) + 1, level, **others) for second, level in enumerate(levels)}


def result_of(parts: dict[int, Window], **others: object) -> EndpointResult:
    whole = Window()
    for part in parts.values():
        whole.merge(part)
    latency = whole.latency.freeze()
    metrics = {name: histogram.quantile(latency, q) for name, q in LATENCY_QUANTILES.items()}
    metrics |= {"mean": histogram.mean(latency), "max": histogram.quantile(latency, 1.0), "rate": 1.0}
    metrics |= {"errors": 1 - whole.successes / whole.requests, "size": whole.bytes / max(1, whole.successes)}
    return EndpointResult(
        name="search",
        requests=whole.requests,
        failures=whole.requests - whole.successes,
        samples=histogram.count(latency),
        metrics={name: value for name, value in metrics.items() if value is not None},
        latency=latency,
        **others,
    )


def known(parts: dict[int, Window], width: int = 1, duration: float = SECONDS) -> EndpointResult:
    return precision.precise(result_of(parts), parts, Clock(width=width, duration=duration))


def drift(seed: int, spread: float = 0.3, memory: float = 0.95) -> np.ndarray:
    random = np.random.default_rng(seed)
    logarithm = np.zeros(SECONDS)
    for at in range(1, SECONDS):
        logarithm[at] = memory * logarithm[at - 1] + random.normal(0, spread * (1 - memory**2) ** 0.5)
    return np.exp(logarithm)


def test_independent_requests_count_as_what_they_are():
    effects = [known(windows(seed)).design_effects for seed in range(20)]

    for metric in ("p50", "p90", "p95", "p99", "mean", "errors"):
        assert np.median([one[metric] for one in effects]) < 1.5


def test_requests_of_a_drifting_machine_count_as_fewer():
    effects = [known(windows(seed, drift(seed))).design_effects for seed in range(10)]

    assert np.median([one["p50"] for one in effects]) > 20
    assert np.median([one["p95"] for one in effects]) > 4


def test_intervals_are_of_what_has_one():
    found = known(windows(1))

    assert set(found.intervals) == {"p50", "p90", "p95", "p99", "mean", "errors", "size"}
    for metric, (low, high) in found.intervals.items():
        assert low <= found.metrics[metric] <= high
    assert found.intervals["p95"][1] / found.intervals["p95"][0] == pytest.approx(1.1, abs=0.05)


def test_intervals_are_wider_when_the_machine_drifts():
    steady, drifting = known(windows(1)).intervals["p50"], known(windows(1, drift(1))).intervals["p50"]

    assert np.log(drifting[1] / drifting[0]) > 3 * np.log(steady[1] / steady[0])


def test_no_failure_is_no_proof_that_there_are_none():
    low, high = known(windows(1)).intervals["errors"]

    assert low == 0
    assert high == pytest.approx(3.84 / 3600, rel=0.1)  # z^2 / n


def test_failures_in_bursts_count_as_fewer():
    random = np.random.default_rng(1)
    parts = {second: window(random, 30, 1.0, failures=20 if 40 <= second < 50 else 0) for second in range(SECONDS)}

    assert known(parts).design_effects["errors"] > 20


def test_too_few_requests_have_no_interval_of_the_tail():
    found = known({second: windows(1, rate=0.0)[second] for second in range(60)})

    assert found.samples == 60
    assert "p50" in found.intervals
    assert "p95" not in found.intervals
    assert "p99" not in found.intervals


def test_first_bytes_borrow_the_effect_of_the_latency():
    parts = windows(1, drift(1))
    whole = result_of(parts)
    timed = EndpointResult(
        **{**whole.__dict__, "metrics": {**whole.metrics, "ttfb_p95": 0.1}, "phases": {"first_byte": whole.latency}}
    )

    found = precision.precise(timed, parts, Clock(width=1, duration=SECONDS))

    assert found.design_effects["ttfb_p95"] == found.design_effects["p95"]
    assert found.intervals["ttfb_p95"][1] >= found.intervals["p95"][1]


def test_wide_windows_tell_the_same():
    parts = windows(1, drift(1))
    wide: dict[int, Window] = {}
    for second, part in parts.items():
        wide.setdefault(second // 5 * 5, Window()).merge(part)

    narrow = known(parts).design_effects["p50"]

    assert known(wide, width=5).design_effects["p50"] == pytest.approx(narrow, rel=0.6)


@pytest.mark.parametrize("seconds", [1, 2, 4])
def test_a_run_of_a_few_seconds(seconds: int):
    parts = {second: part for second, part in windows(1).items() if second < seconds}

    found = known(parts, duration=float(seconds))

    assert all(1 <= effect < 100 for effect in found.design_effects.values())
    assert found.intervals["p50"][0] < found.metrics["p50"] < found.intervals["p50"][1]


def test_nothing_but_failures():
    random = np.random.default_rng(1)
    parts = {second: window(random, 3, 1.0, failures=3) for second in range(20)}

    found = known(parts, duration=20)

    assert set(found.intervals) - {"size"} == {"errors"}
    assert found.intervals["errors"][1] == 1


def test_nothing_at_all():
    nothing = EndpointResult(name="search")

    assert precision.precise(nothing, {}, Clock(width=1, duration=10)) == nothing


# ---- the difference of two arms


def paired(base: dict[int, Window], head: dict[int, Window], pair: int = 0) -> dict[str, float]:
    arms = ArmParts(result=result_of(base), parts=base), ArmParts(result=result_of(head), parts=head)
    return precision.paired_effects(arms, Clock(width=1, duration=SECONDS), pair)


def test_what_slows_down_both_arms_cancels():
    levels = drift(1)
    head = windows(2, levels)

    effects = paired(windows(1, levels), head)

    assert known(head).design_effects["p50"] > 10
    assert all(1 <= effect < 2 for effect in effects.values())


def test_a_burst_of_one_arm_does_not_cancel():
    burst = np.where((np.arange(SECONDS) >= 50) & (np.arange(SECONDS) < 56), 4.0, 1.0)

    assert paired(windows(1), windows(2, burst))["p95"] > 5


def test_an_arm_without_answers_has_no_effects():
    assert (
        precision.paired_effects(
            (
                ArmParts(result=EndpointResult(name="search"), parts={}),
                ArmParts(result=result_of(windows(1)), parts=windows(1)),
            ),
            Clock(width=1, duration=SECONDS),
            0,
        )
        == {}
    )


def test_blocks_of_time_are_seen_and_weighed_in_pairs():
    levels = drift(1)
    random = np.random.default_rng(4)
    order = np.concatenate([random.permutation([0, 1]) for _ in range(SECONDS // 4)])
    side = np.repeat(order, 2)  # blocks of 2 s
    base = {second: part for second, part in windows(1, levels).items() if side[second] == 0}
    head = {second: part for second, part in windows(2, levels).items() if side[second] == 1}
    clock = Clock(width=1, duration=SECONDS)

    pair = precision.windows_per_pair(precision.requests([base], clock), precision.requests([head], clock))

    assert pair == 4
    assert paired(base, head, pair)["p50"] > paired(windows(1, levels), windows(2, levels))["p50"]


@pytest.mark.parametrize("rate", [0.3, 1.0, 5.0, 50.0])
def test_single_requests_dealt_are_no_blocks(rate: float):
    random = np.random.default_rng(6)
    counts = random.poisson(rate, (2, 300)).astype(float)

    assert precision.windows_per_pair(*counts) == 0


def test_no_requests_are_no_blocks():
    assert precision.windows_per_pair(np.zeros(10), np.zeros(10)) == 0


def test_one_block_of_each_arm_is_a_single_pair():
    """The base first, the head after it: whatever changed meanwhile is in the difference."""
    half = np.repeat([0.0, 10.0], 30)
    assert precision.windows_per_pair(10.0 - half, half) == 60
    assert precision.windows_per_pair(np.full(60, 10.0), np.zeros(60)) == 0
