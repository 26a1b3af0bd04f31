"""Trends: a metric over the runs as a table, and its text form."""

from __future__ import annotations

from io import StringIO

from builders import make_acceptance, make_endpoint, make_past_run, make_revision, make_run
from rich.console import Console

from perfgate.model.outcome import Outcome
from perfgate.model.run import PastRun
from perfgate.report.terminal import trends

NAME = "list products"


def series() -> list[PastRun]:
    """Oldest first: usual, failed, failed and accepted, not measured, usual."""
    failed = {"outcome": Outcome.FAIL, "failed": [(NAME, "p95")]}
    return [
        make_past_run(1, p95=0.100, revision=make_revision(commit="aaaaaaaaaa")),
        make_past_run(2, p95=0.400, **failed),
        make_past_run(3, p95=0.150, acceptances=[make_acceptance(NAME, "p95", reason="bigger pages")], **failed),
        make_past_run(4, run=make_run(4, endpoints=[make_endpoint("search")]), outcome=Outcome.NO_DATA),
        make_past_run(5, p95=0.151, branch="faster"),
    ]


def shown(frame, width: int = 80) -> str:
    sink = StringIO()
    trends.show(frame, NAME, "p95", Console(file=sink, width=width))
    return "\n".join(line.rstrip() for line in sink.getvalue().splitlines()) + "\n"


def test_table():
    frame = trends.table(series(), NAME, "p95")
    assert tuple(frame.columns) == trends.COLUMNS
    assert trends.values(frame) == [0.100, 0.400, 0.150, None, 0.151]
    assert list(frame["failed"]) == [False, True, True, False, False]
    assert list(frame["accepted"]) == ["", "", "bigger pages", "", ""]
    assert list(frame["outcome"]) == ["pass", "fail", "fail", "no-data", "pass"]
    assert list(frame["branch"]) == ["main", "main", "main", "main", "faster"]
    assert frame["commit"][0] == "aaaaaaaaaa"
    assert frame["started"][0].isoformat() == "2026-01-05T10:00:00+00:00"


def test_an_acceptance_of_everything_counts_and_one_of_another_metric_does_not():
    runs = [
        make_past_run(1, acceptances=[make_acceptance(reason="all of it")]),
        make_past_run(2, acceptances=[make_acceptance(NAME, "errors")]),
        make_past_run(
            3,
            acceptances=[
                make_acceptance(NAME, "p95", reason="new word", at="2026-02-01T00:00:00Z"),
                make_acceptance(NAME, reason="old word", at="2026-01-01T00:00:00Z"),
            ],
        ),
    ]
    assert list(trends.table(runs, NAME, "p95")["accepted"]) == ["all of it", "", "new word"]


def test_values_and_dates_that_are_none():
    run = make_run(1, endpoints=[make_endpoint(NAME, metrics={"p95": float("nan")})], started="soon")
    frame = trends.table([make_past_run(run=run)], NAME, "p95")
    assert trends.values(frame) == [None]
    assert frame["started"].isna().all()


def test_no_runs():
    frame = trends.table([], NAME, "p95")
    assert tuple(frame.columns) == trends.COLUMNS
    assert shown(frame) == "list products p95: not measured in 0 runs\n"


def test_text(golden):
    golden("trend.txt", shown(trends.table(series(), NAME, "p95")))


def test_long_histories_are_cut():
    text = shown(trends.table([make_past_run(n) for n in range(1, 201)], NAME, "p95"))
    assert "170 earlier runs are not listed." in text
    assert "run-0200" in text
    assert "run-0170 " not in text


def test_hostile_names_in_the_table(hostile):
    name = hostile.run.endpoints[6].name
    sink = StringIO()
    trends.show(trends.table(hostile.line_of_runs, name, "p95"), name, "p95", Console(file=sink, width=80))
    assert "\x1b" not in sink.getvalue()
    assert "redlink p95" in sink.getvalue()


def test_a_level_change_is_named_with_its_commit():
    runs = [make_past_run(n, p95=(0.1 if n <= 12 else 0.13) * (1 + 0.003 * (n % 5))) for n in range(1, 25)]
    text = shown(trends.table(runs, NAME, "p95"), width=200)
    (line,) = [line for line in text.splitlines() if line.startswith("level changed")]
    assert line == "level changed at 000000000, 2026-01-05: 101 ms to 131 ms, +30.2 %"
    assert "level changed" not in shown(trends.table(runs[:12], NAME, "p95"), width=200)
