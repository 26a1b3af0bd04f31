"""Which earlier views a report holds a page's files against."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders import make_arms, make_endpoint, make_finding, make_past_run, make_run, make_verdict

from perfgate.model.outcome import Outcome
from perfgate.model.page import PageDetail, Resource
from perfgate.model.run import Run
from perfgate.model.verdict import Finding
from perfgate.report.facts import Facts

FAILED = make_finding("home", "transfer", Outcome.FAIL, baseline_ids=(make_run(1).id, make_run(2).id))


def shown(number: int, *sizes: tuple[str, int]) -> Run:
    """A run in which each arm's page had one file of such a size."""
    details = [
        PageDetail(name="home", arm=arm, resources=(Resource(url="/a.js", kind="script", status=200, size=size),))
        for arm, size in sizes
    ]
    run = make_run(number, endpoints=[make_endpoint("home", kind="page")])
    return replace(run, pages=tuple(details))


def before(run: Run, *past: Run, finding: Finding = FAILED) -> list[int]:
    facts = Facts(
        verdict=make_verdict(finding),
        run=run,
        past_runs=tuple(make_past_run(int(item.id.removeprefix("run-")), run=item) for item in reversed(past)),
    )
    return [item.size for detail in facts.pages_before.values() for item in detail.resources]


def test_the_newest_run_of_the_baseline_is_before():
    assert before(shown(4, ("", 40)), shown(1, ("", 10)), shown(2, ("", 20)), shown(3, ("", 30))) == [20]


def test_the_base_of_an_a_b_test_is_before():
    run = replace(shown(4, ("base", 10), ("head", 40)), arms=make_arms(make_endpoint("home", kind="page")))

    assert before(run, shown(2, ("", 20))) == [10]


@pytest.mark.parametrize(
    "finding",
    [
        make_finding("home", "transfer", Outcome.PASS, baseline_ids=(make_run(1).id,)),
        make_finding("home", "lcp", Outcome.FAIL, baseline_ids=(make_run(1).id,)),
        make_finding("home", "transfer", Outcome.FAIL),
    ],
)
def test_nothing_is_before_unless_content_breaks_a_limit_beside_a_baseline(finding: Finding):
    assert before(shown(4, ("", 40)), shown(1, ("", 10)), finding=finding) == []
