"""What a diagnosis looks at, and how far the run has moved as a whole."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders import make_conditions, make_endpoint, make_finding, make_past_run, make_run, make_verdict

from perfgate.model.outcome import Outcome
from perfgate.model.run import Probe, Run
from perfgate.workflows import choosing


def run(factor: float, *, probe: float | None = None, search: float | None = None) -> Run:
    """All endpoints take so many times as long as usual; `search` another number of times."""
    factors = {"home": factor, "products": factor, "search": search or factor}
    endpoints = [make_endpoint(name, metrics={"p50": 0.010 * times}) for name, times in factors.items()]
    made = make_run(endpoints=endpoints)
    return replace(made, probe=Probe(samples=50, p50=probe, p95=probe, workload="1") if probe else None)


def test_what_moves_together_is_seen_beside_the_runner():
    earlier = [make_past_run(number, run=run(1.0 + number / 100, probe=0.010)) for number in range(-2, 3)]

    movement = choosing.movements(run(2.0, probe=0.018), earlier, {"search": "p95"})["search"]

    assert (movement.own, movement.others) == pytest.approx((2.0, 2.0))
    assert movement.reference == pytest.approx(1.8)


def test_an_endpoint_that_moves_alone():
    movement = choosing.movements(run(1.0, search=3.0), [make_past_run(run=run(1.0))], {"search": "p95"})["search"]

    assert (movement.own, movement.others, movement.reference) == (pytest.approx(3.0), pytest.approx(1.0), None)


def test_runs_of_another_load_say_nothing():
    other = replace(run(1.0), conditions=make_conditions(load_digest="other"))

    movement = choosing.movements(run(2.0), [make_past_run(run=other)], {"search": "p95"})["search"]

    assert movement.own is movement.others is movement.reference is None


def test_accepted_failures_are_not_looked_at():
    failed = make_finding("search", "p95", Outcome.FAIL)
    accepted = make_finding("products", "p95", Outcome.PASS)

    assert choosing.metrics_to_explain(make_verdict(failed, accepted)) == {"search": "p95"}


def test_background_jobs_that_are_done_too_late_are_looked_at():
    late = make_finding("export", "completion_p95", Outcome.FAIL)

    assert choosing.metrics_to_explain(make_verdict(late)) == {"export": "p95"}
