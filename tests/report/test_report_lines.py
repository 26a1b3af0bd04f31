"""Lines of runs: what trends, sparklines and charts join, and how the rest is marked."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import pytest
from builders import make_arms, make_conditions, make_endpoint, make_finding, make_past_run, make_run, make_verdict
from rich.console import Console

from perfgate.model.run import PastRun
from perfgate.report.charts import history_trend, trend_picture
from perfgate.report.facts import Facts
from perfgate.report.html import page, site
from perfgate.report.html.site import Series
from perfgate.report.markdown.commands import command_lines
from perfgate.report.terminal import trends

NAME = "list products"
OTHER = make_conditions(load_digest="l2", load="open 20/s for 30 s")


def mixed() -> tuple[PastRun, ...]:
    """Newest first: history runs of one load, with an A/B run, a run at another rate and another tool's between."""
    latency = replace(make_conditions(), latency="send to last byte")
    return (
        make_past_run(7, p95=0.05, arms=make_arms(make_endpoint(p95=0.05))),
        make_past_run(6, p95=0.103),
        make_past_run(5, p95=0.9, conditions=OTHER),
        make_past_run(4, p95=0.102),
        make_past_run(3, p95=0.05, arms=make_arms(make_endpoint(p95=0.05))),
        make_past_run(2, p95=0.8, conditions=latency),
        make_past_run(1, p95=0.101),
    )


def facts_of(**others) -> Facts:
    return Facts(
        verdict=make_verdict(make_finding(NAME, "p95")), run=make_run(9, p95=0.104, **others), past_runs=mixed()
    )


def test_a_line_has_one_load_and_one_kind():
    facts = facts_of()
    assert facts.values(NAME, "p95") == (0.101, 0.102, 0.103, 0.104)
    assert facts.apart == 4


def test_an_a_b_run_is_on_a_line_with_a_b_runs():
    facts = facts_of(arms=make_arms(make_endpoint(p95=0.1)))
    assert facts.values(NAME, "p95") == (0.05, 0.05, 0.104)


@pytest.mark.parametrize(
    ("started", "is_earlier"),
    [("2026-02-01T05:30:00-07:00", False), ("2026-02-01T19:30:00+08:00", True), ("2026-02-01T11:30:00", True)],
)
def test_earlier_is_a_matter_of_time_and_not_of_text(started: str, is_earlier: bool):
    """The run began at 12:00 UTC."""
    run = make_run(9, started="2026-02-01T20:00:00+08:00")
    facts = Facts(verdict=make_verdict(), run=run, past_runs=(make_past_run(1, started=started),))
    assert bool(facts.before) is is_earlier


def test_the_trend_on_the_terminal_marks_what_it_does_not_join():
    sink = StringIO()
    frame = trends.table(mixed()[::-1], NAME, "p95")
    trends.show(frame, NAME, "p95", Console(file=sink, width=120))
    told = sink.getvalue()
    assert "3 runs, 101 ms to 103 ms, median 102 ms" in told
    assert "4 runs of another load, or A/B, listed but not in the line above." in told
    assert list(frame["kind"]) == ["", "other load", "A/B", "", "other load", "", "A/B"]
    assert told.count(" A/B\n") + told.count(" A/B ") >= 2


def test_a_trend_of_nothing_but_a_b_runs_is_shown():
    sink = StringIO()
    trends.show(trends.table([mixed()[0]], NAME, "p95"), NAME, "p95", Console(file=sink, width=120))
    assert "1 run, 50 ms to 50 ms" in sink.getvalue()


def test_a_picture_of_the_history_joins_what_is_alike():
    picture = history_trend.picture(mixed(), NAME, "p95", None)
    assert picture.values == pytest.approx((101, 102, 103))
    assert "3 runs, the newest" in picture.subtitle
    assert "not drawn: 4 of other load or kind" in picture.subtitle


def test_the_picture_of_an_a_b_run_says_so():
    arms = make_arms(make_endpoint(p95=0.1))
    finding = make_finding(NAME, "p95", baseline=0.1, compared="base", baseline_runs=0)
    facts = Facts(verdict=make_verdict(finding), run=make_run(9, arms=arms))
    assert "A/B: beside base 2e1f0ab (main)" in trend_picture.decide(facts, finding).subtitle


def test_the_dashboard_shows_the_newest_run_that_is_no_a_b_test_and_marks_the_others():
    html = site.index([Series(name="shop", branch="main", runs=mixed())], {})
    assert "3 runs shown. 4 runs of another load, or A/B, listed below but not drawn." in html
    assert html.count(" A/B</td>") == 2
    assert html.count(" other load</td>") == 2
    assert "103 ms" in html


def test_the_page_of_an_a_b_run_marks_the_runs_of_its_line():
    text = page.render(facts_of(arms=make_arms(make_endpoint(p95=0.1))))
    assert text.count('"kind":"A/B"') + text.count('"kind": "A/B"') == 3


def test_a_failed_a_b_run_is_accepted_by_a_commit_message():
    finding = make_finding(NAME, "p95", outcome=make_past_run(1).outcome.FAIL)
    run = make_run(9, arms=make_arms(make_endpoint(p95=0.1)))
    commands = "\n".join(command_lines(Facts(verdict=make_verdict(finding), run=run)))
    assert "Perfgate-Accept: list products p95 - REASON" in commands
    assert "perfgate accept" not in commands
