"""Absolute limits: kept, broken, or what would decide."""

from __future__ import annotations

import numpy as np
import pytest
from builders import make_endpoint, spread

from perfgate import histogram
from perfgate.gate.absolute import Standing, enough, hold
from perfgate.model.run import EndpointResult


def held(limit: float, *, requests: int = 1000, metric: str = "p95", **others: object):
    return hold(make_endpoint(p95=0.100, requests=requests, **others), metric, limit, 60.0)


@pytest.mark.parametrize(
    ("limit", "requests", "standing"),
    [
        (0.300, 1000, Standing.KEPT),
        (0.120, 1000, Standing.KEPT),
        (0.102, 1000, Standing.UNDECIDED),
        (0.098, 1000, Standing.UNDECIDED),
        (0.085, 1000, Standing.BROKEN),
        (0.030, 1000, Standing.BROKEN),
        (0.500, 59, Standing.KEPT),
        (0.500, 58, Standing.UNDECIDED),
        (0.030, 30, Standing.BROKEN),  # grossly broken shows with few requests
        (0.030, 5, Standing.BROKEN),
    ],
)
def test_a_percentile_against_its_limit(limit: float, requests: int, standing: Standing):
    assert held(limit, requests=requests).standing is standing


def test_what_counts_is_the_share_over_the_limit():
    found = held(0.120)

    assert found.allowed == pytest.approx(0.05)
    assert found.share < 0.05
    assert found.share == pytest.approx(histogram.share_over(spread(0.100, 1000), 0.120), abs=0.003)


def test_requests_that_depend_on_each_other_count_as_fewer():
    assert held(0.120, design_effects={"p95": 1.5}).standing is Standing.KEPT
    assert held(0.120, design_effects={"p95": 20.0}).standing is Standing.UNDECIDED
    assert held(0.120, design_effects={"p95": 0.01}).standing is Standing.KEPT
    assert held(0.500, requests=100, design_effects={"p95": 2.0}).standing is Standing.UNDECIDED


def test_a_healthy_endpoint_with_few_requests_is_told_how_many_it_needs():
    found = held(0.500, requests=30)

    assert found.needed == 59
    assert found.cure == "about 59 requests (2 minutes at this rate) would show it"


def test_more_requests_as_needed_do_decide():
    few = held(0.108, requests=600)
    assert few.standing is Standing.UNDECIDED

    assert held(0.108, requests=round(few.needed * 1.2)).standing is Standing.KEPT


def test_just_at_the_limit_no_run_decides():
    known = make_endpoint(p95=0.1, requests=1000)

    found = hold(known, "p95", known.metrics["p95"], 60.0)

    assert found.standing is Standing.UNDECIDED
    assert found.needed is None
    assert "too close to the limit" in found.cure


@pytest.mark.parametrize(
    ("failures", "requests", "standing"),
    [
        (0, 299, Standing.KEPT),
        (0, 298, Standing.UNDECIDED),
        (2, 1000, Standing.KEPT),
        (12, 1000, Standing.UNDECIDED),
        (25, 1000, Standing.BROKEN),
        (5, 10, Standing.BROKEN),
    ],
)
def test_errors_against_one_per_cent(failures: int, requests: int, standing: Standing):
    assert held(0.01, metric="errors", requests=requests, failures=failures).standing is standing


@pytest.mark.parametrize(("failures", "standing"), [(0, Standing.KEPT), (1, Standing.BROKEN)])
def test_no_errors_allowed_at_all(failures: int, standing: Standing):
    """No number of requests proves that there never are any, so it is asked of this run only."""
    assert held(0.0, metric="errors", failures=failures).standing is standing


def test_the_mean_is_judged_by_its_interval():
    known = make_endpoint(metrics={"mean": 0.050}, intervals={"mean": (0.046, 0.054)})

    assert hold(known, "mean", 0.0540, 60).standing is Standing.KEPT  # one-sided, the bound is at 0.0534
    assert hold(known, "mean", 0.0530, 60).standing is Standing.UNDECIDED
    assert hold(known, "mean", 0.0470, 60).standing is Standing.UNDECIDED
    assert hold(known, "mean", 0.0460, 60).standing is Standing.BROKEN
    assert hold(known, "mean", 0.0530, 60).needed > known.samples


@pytest.mark.parametrize(
    ("metric", "value", "limit", "standing"),
    [
        ("max", 0.9, 0.8, Standing.BROKEN),
        ("max", 0.7, 0.8, Standing.KEPT),
        ("rate", 99.0, 100.0, Standing.BROKEN),
        ("rate", 100.0, 100.0, Standing.KEPT),
        ("size", 41_000.0, 40_000.0, Standing.BROKEN),
    ],
)
def test_facts_are_compared_plainly(metric: str, value: float, limit: float, standing: Standing):
    assert hold(make_endpoint(metrics={metric: value}), metric, limit, 60).standing is standing


def test_sizes_that_never_differ_are_facts():
    known = make_endpoint(metrics={"size": 40_000.0}, intervals={"size": (40_000.0, 40_000.0)})

    assert hold(known, "size", 40_000.0, 60).standing is Standing.KEPT


def test_first_bytes_have_a_distribution_of_their_own():
    known = make_endpoint(p95=0.5, metrics={"ttfb_p95": 0.1}, phases={"first_byte": spread(0.1, 400)})

    found = hold(known, "ttfb_p95", 0.15, 60)

    assert (found.standing, found.requests) == (Standing.KEPT, 400)


def test_an_imported_run_without_a_distribution_is_compared_plainly():
    known = EndpointResult(name="a", requests=100, samples=100, metrics={"p95": 0.2})

    assert hold(known, "p95", 0.1, 60).standing is Standing.BROKEN


def test_each_side_errs_once_in_twenty_at_most():
    """Limits exactly at the true p95."""
    random = np.random.default_rng(2)
    truth = float(np.exp(0.5 * 1.6448536))
    standings = []
    for _ in range(600):
        values = histogram.of(random.lognormal(0, 0.5, 400))
        known = make_endpoint(latency=values, requests=400)
        standings.append(hold(known, "p95", truth, 60).standing)

    assert standings.count(Standing.KEPT) / 600 <= 0.05 + 0.02
    assert standings.count(Standing.BROKEN) / 600 <= 0.05 + 0.02


@pytest.mark.parametrize(
    ("needed", "have", "duration", "text"),
    [
        (2345.1, 1000, 30.0, "about 2,400 requests (71 s at this rate)"),
        (59, 30, 60.0, "about 59 requests (2 minutes at this rate)"),
        (1_234_567, 1000, 30.0, "about 1,300,000 requests (11 hours at this rate)"),
        (120, 100, 0.0, "about 120 requests"),
    ],
)
def test_enough_is_rounded_up(needed: float, have: float, duration: float, text: str):
    assert enough(needed, have, duration) == text
