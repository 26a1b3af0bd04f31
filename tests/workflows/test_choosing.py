"""What a diagnosis looks at, and how far the run has moved as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from builders import make_conditions, make_endpoint, make_finding, make_past_run, make_run, make_verdict

from perfgate.model.outcome import Outcome
from perfgate.model.page import PageDetail
from perfgate.model.run import Arm, EndpointResult, Probe, Run
from perfgate.report import diagnosis_text
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


def page_run(*details: PageDetail, base: Sequence[EndpointResult] = (), **more: object) -> Run:
    views = make_endpoint("home", metrics={"lcp": 0.7}, kind="page", samples=7)
    arms = (Arm(name="base", target="", endpoints=tuple(base)), Arm(name="head", target="")) if base else ()
    return replace(make_run(endpoints=[views], **more), pages=details, arms=arms)  # type: ignore[arg-type]


def shown(arm: str, **seconds: float) -> PageDetail:
    return PageDetail(name="home", arm=arm, lcp_layers={name.replace("_", " "): it for name, it in seconds.items()})


SLOW = {"backend": 0.6, "frontend": 0.1, "network": 0.02}
FAILED = make_verdict(make_finding("home", "lcp", Outcome.FAIL))


def test_the_lcp_of_a_page_is_split_beside_that_of_the_base():
    views = make_endpoint("home", metrics={"lcp": 0.1}, kind="page", samples=6)
    details = shown("base", frontend=0.08, third_party=0.03), shown("head", **SLOW)

    [found] = choosing.pages(FAILED, page_run(*details, base=[views]), ())

    assert [(item.layer, item.change) for item in found.layers] == [
        ("backend", pytest.approx(0.6)),
        ("third party", pytest.approx(-0.03)),
        ("frontend", pytest.approx(0.02)),
        ("network", pytest.approx(0.02)),
    ]
    assert found.difference == pytest.approx(sum(SLOW.values()) - 0.11)
    assert (found.samples, found.baseline_samples) == (7, 6)
    assert diagnosis_text.first_line(found) == "home lcp +610 ms: backend +600 ms"


def test_the_lcp_of_a_page_is_split_beside_a_usual_run_of_its_baseline():
    earlier = [
        make_past_run(number, run=page_run(shown("", frontend=number / 10), number=number)) for number in (1, 2, 9, 3)
    ]
    finding = make_finding("home", "lcp", Outcome.FAIL, baseline_ids=("run-0001", "run-0002", "run-0003"))

    [found] = choosing.pages(make_verdict(finding), page_run(shown("", **SLOW)), earlier)

    assert {item.layer: item.baseline for item in found.layers} == {"backend": 0.0, "frontend": 0.2, "network": 0.0}
    assert found.baseline_samples == 21


def test_the_lcp_of_a_page_without_a_baseline_is_split_as_it_is():
    [found] = choosing.pages(FAILED, page_run(shown("", **SLOW)), ())

    assert (found.difference, found.baseline_samples) == (None, 0)
    assert diagnosis_text.first_line(found) == "home lcp: backend 600 ms, frontend 100 ms"
    assert "second pass" not in diagnosis_text.note(found, None)
    assert (
        choosing.pages(make_verdict(make_finding("home", "lcp", Outcome.WARN)), page_run(shown("", **SLOW)), ()) == ()
    )
    assert choosing.pages(FAILED, page_run(), ()) == ()


def test_the_lcp_of_a_page_that_is_no_slower_is_split_as_it_is():
    """A fixed limit failed, or the views in the middle are not those that became slower."""
    views = make_endpoint("home", metrics={"lcp": 0.9}, kind="page", samples=6)
    details = shown("base", frontend=0.2, backend=0.7), shown("head", **SLOW)

    [found] = choosing.pages(FAILED, page_run(*details, base=[views]), ())

    assert (found.difference, found.baseline_samples) == (None, 0)
    assert diagnosis_text.first_line(found) == "home lcp: backend 600 ms, frontend 100 ms"
