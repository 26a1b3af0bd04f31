"""Absolute limits: kept, broken, or what would decide."""

from __future__ import annotations

import numpy as np
import pytest
from builders import make_endpoint, spread

from perfgate.gate.absolute import LimitCheck, Question, Standing, check_limit, enough
from perfgate.model.budget_file import Sensitivity
from perfgate.model.run import EndpointResult
from perfgate.recording import histogram


def hold(known: EndpointResult, metric: str, limit: float, *, at_limit: bool = False) -> LimitCheck:
    """After 60 s."""
    return check_limit(known, metric, Question(limit=limit, duration=60.0, sensitivity=Sensitivity(at_limit=at_limit)))


def held(limit: float, *, requests: int = 1000, metric: str = "p95", at_limit: bool = False, **others: object):
    return hold(make_endpoint(p95=0.100, requests=requests, **others), metric, limit, at_limit=at_limit)


@pytest.mark.parametrize(
    ("limit", "requests", "standing"),
    [
        (0.300, 1000, Standing.KEPT),
        (0.102, 1000, Standing.KEPT),  # as measured, and +50 % is ruled out
        (0.102, 40, Standing.UNDECIDED),  # as measured, but few requests rule out little
        (0.098, 1000, Standing.UNDECIDED),  # over the limit, and it may be chance
        (0.085, 1000, Standing.BROKEN),
        (0.030, 1000, Standing.BROKEN),
        (0.500, 30, Standing.KEPT),  # far from the limit few requests are enough
        (0.500, 20, Standing.KEPT),
        (0.500, 19, Standing.UNDECIDED),
        (0.030, 30, Standing.BROKEN),  # grossly broken shows with few requests
        (0.030, 5, Standing.BROKEN),
    ],
)
def test_a_percentile_against_its_limit(limit: float, requests: int, standing: Standing):
    assert held(limit, requests=requests).standing is standing


@pytest.mark.parametrize(("limit", "standing"), [(0.120, Standing.KEPT), (0.102, Standing.UNDECIDED)])
def test_proof_at_the_limit_itself(limit: float, standing: Standing):
    assert held(limit, at_limit=True).standing is standing


def test_what_the_run_would_have_detected():
    """At least the limit, and closer to it with more requests."""
    many, few = held(0.3, requests=4000), held(0.3, requests=100)

    assert 0.3 < many.detectable < 0.33 < few.detectable < 0.6
    assert held(0.01, metric="errors", requests=1000).detectable == pytest.approx(0.020, abs=0.003)


def test_what_counts_is_the_share_over_the_limit():
    found = held(0.120)

    assert found.allowed == pytest.approx(0.05)
    assert found.share < 0.05
    assert found.share == pytest.approx(histogram.share_over(spread(0.100, 1000), 0.120), abs=0.003)


def test_requests_that_depend_on_each_other_count_as_fewer():
    assert held(0.120, design_effects={"p95": 1.5}).standing is Standing.KEPT
    assert held(0.120, design_effects={"p95": 40.0}).standing is Standing.UNDECIDED
    assert held(0.120, design_effects={"p95": 0.01}).standing is Standing.KEPT


def test_where_nothing_is_over_the_limit_no_requests_came_together_there():
    assert held(0.500, requests=100, design_effects={"p95": 19.0}).standing is Standing.KEPT


def test_where_the_fastest_request_is_far_over_the_limit_no_burst_is_the_reason():
    few = make_endpoint(p95=0.100, requests=14, design_effects={"p50": 7.3})
    fastest = few.latency.minimum / histogram.NS_PER_SECOND
    assert hold(few, "p50", fastest / 2).standing is Standing.BROKEN
    assert hold(few, "p50", fastest / 1.2).standing is Standing.UNDECIDED


def test_a_burst_of_errors_is_no_excuse():
    """24 % of the requests failed, all of them in the first two seconds."""
    found = held(0.01, metric="errors", requests=100, failures=24, design_effects={"errors": 24.0})

    assert found.standing is Standing.BROKEN


def test_a_healthy_endpoint_with_few_requests_is_told_how_many_it_needs():
    found = held(0.120, requests=18)

    assert found.needed == 59
    assert found.cure == "about 59 requests (4 minutes at this rate) would show it"


def test_more_requests_as_needed_do_decide():
    few = held(0.095, requests=600)
    assert few.standing is Standing.UNDECIDED

    assert held(0.095, requests=round(few.needed * 1.2)).standing is Standing.BROKEN


def test_just_at_the_limit_no_run_decides():
    known = make_endpoint(p95=0.1, requests=1000)

    found = hold(known, "p95", known.metrics["p95"], at_limit=True)

    assert found.standing is Standing.UNDECIDED
    assert found.needed is None
    assert "too close to the limit" in found.cure


@pytest.mark.parametrize(
    ("failures", "requests", "standing"),
    [
        (0, 80, Standing.KEPT),
        (0, 20, Standing.UNDECIDED),  # blind
        (2, 80, Standing.UNDECIDED),  # over, but it may be chance
        (2, 1000, Standing.KEPT),
        (10, 1000, Standing.KEPT),
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

    assert hold(known, "mean", 0.0540, at_limit=True).standing is Standing.KEPT  # one-sided, the bound is at 0.0534
    assert hold(known, "mean", 0.0530, at_limit=True).standing is Standing.UNDECIDED
    assert hold(known, "mean", 0.0530).standing is Standing.KEPT
    assert hold(known, "mean", 0.0470).standing is Standing.UNDECIDED
    assert hold(known, "mean", 0.0460).standing is Standing.BROKEN
    assert hold(known, "mean", 0.0470).needed > known.samples


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
    assert hold(make_endpoint(metrics={metric: value}), metric, limit).standing is standing


def test_sizes_that_never_differ_are_facts():
    known = make_endpoint(metrics={"size": 40_000.0}, intervals={"size": (40_000.0, 40_000.0)})

    assert hold(known, "size", 40_000.0).standing is Standing.KEPT


def test_first_bytes_have_a_distribution_of_their_own():
    known = make_endpoint(p95=0.5, metrics={"ttfb_p95": 0.1}, phases={"first_byte": spread(0.1, 400)})

    found = hold(known, "ttfb_p95", 0.15)

    assert (found.standing, found.requests) == (Standing.KEPT, 400)


def test_an_imported_run_without_a_distribution_is_compared_plainly():
    known = EndpointResult(name="a", requests=100, samples=100, metrics={"p95": 0.2})

    assert hold(known, "p95", 0.1).standing is Standing.BROKEN


def standings(limit: float, requests: int, *, at_limit: bool = False, tail: float = 0.5) -> list[Standing]:
    """Of 600 runs; the limit is a multiple of the true p95."""
    random = np.random.default_rng(2)
    truth = float(np.exp(tail * 1.6448536))
    drawn = (histogram.of(random.lognormal(0, tail, requests)) for _ in range(600))
    known = (make_endpoint(latency=values, requests=requests) for values in drawn)
    return [hold(one, "p95", limit * truth, at_limit=at_limit).standing for one in known]


def test_each_side_errs_once_in_twenty_at_most():
    """Limits exactly at the true p95."""
    assert standings(1.0, 400, at_limit=True).count(Standing.KEPT) / 600 <= 0.05 + 0.02
    assert standings(1.0, 400).count(Standing.BROKEN) / 600 <= 0.05 + 0.02


@pytest.mark.parametrize("tail", [0.5, 1.0, 1.5])
@pytest.mark.parametrize("requests", [30, 60, 200])
def test_half_more_than_the_limit_hardly_ever_passes(requests: int, tail: float):
    assert standings(1 / 1.5, requests, tail=tail).count(Standing.KEPT) / 600 <= 0.05
    assert standings(1.0, requests, tail=tail).count(Standing.BROKEN) / 600 <= 0.05 + 0.02


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
