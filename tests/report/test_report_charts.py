"""Charts: the right size, and what is drawn is what was measured: the artists are looked at, not the pixels."""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from builders import make_acceptance, make_criterion, make_endpoint, make_finding, make_past_run, make_run, make_verdict
from matplotlib.figure import Figure

from perfgate.model.budget_file import Kind
from perfgate.model.outcome import Outcome
from perfgate.report.charts import overview_chart, trend_chart, trend_picture
from perfgate.report.charts.drawing import DARK, LIGHT, MIN_FONT_POINTS, WIDTH_INCHES, Theme, png
from perfgate.report.facts import Facts

A, R = Kind.ABSOLUTE, Kind.RELATIVE


def history(*values: float | None, name: str = "search", failed=(), accepted=()) -> Facts:
    """A failing finding of `name` p95; all but the last value are its baseline."""
    past = [
        make_past_run(
            number,
            run=make_run(number, endpoints=[] if value is None else [make_endpoint(name, p95=value)]),
            failed=[(name, "p95")] if number - 1 in failed else [],
            acceptances=[make_acceptance(name, "p95")] if number - 1 in accepted else [],
        )
        for number, value in enumerate(values[:-1], 1)
    ]
    this = values[-1]
    run = make_run(len(values), endpoints=[] if this is None else [make_endpoint(name, p95=this)])
    finding = make_finding(
        name,
        outcome=Outcome.FAIL if this else Outcome.NO_DATA,
        measured=this,
        baseline=0.082 if past else None,
        baseline_runs=len(past),
        criteria=[make_criterion(A, limit=0.12, outcome=Outcome.FAIL)],
    )
    ids = tuple(one.run.id for one in reversed(past))
    return Facts(verdict=make_verdict(finding, run=run.id, baseline_runs=ids), run=run, past_runs=tuple(reversed(past)))


def trend(facts: Facts, theme: Theme = LIGHT) -> Figure:
    return trend_chart.draw(trend_picture.decide(facts, facts.findings[0]), theme)


def lines(figure: Figure, name: str):
    return [line for line in figure.axes[0].get_lines() if line.get_gid() == name]


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in [*figure.texts, *figure.axes[0].texts]]


def size(image: bytes) -> tuple[int, int]:
    assert image.startswith(b"\x89PNG")
    return struct.unpack(">II", image[16:24])


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_size_and_background(theme):
    figure = trend(history(0.081, 0.083, 0.131), theme)
    assert size(png(figure)) == (1440, 640)
    assert figure.get_facecolor()[:3] == pytest.approx(
        tuple(bytes.fromhex(theme.background[1:])[n] / 255 for n in range(3))
    )


def test_the_runs_the_limit_the_baseline_and_this_run_are_drawn():
    figure = trend(history(0.081, 0.083, 0.131))
    (runs,) = lines(figure, "runs")
    assert list(runs.get_xdata()) == [0, 1, 2]
    assert list(runs.get_ydata()) == pytest.approx([81, 83, 131])
    (limit,) = lines(figure, "limit")
    assert set(limit.get_ydata()) == {120.0}
    (baseline,) = lines(figure, "baseline")
    assert list(baseline.get_ydata()) == pytest.approx([82.0, 82.0])
    (this,) = lines(figure, "this run")
    assert (list(this.get_xdata()), list(this.get_ydata())) == ([2], pytest.approx([131]))
    assert this.get_color() == LIGHT.bad
    band = figure.axes[0].collections[0].get_paths()[0].get_extents()
    assert (band.y0, band.y1) == pytest.approx((81, 83))


def test_words():
    shown = texts(trend(history(0.081, 0.083, 0.131)))
    assert "search p95: 131 ms, limit 120 ms, baseline 82 ms" in shown
    assert {"✗", "p95 in ms", "limit 120 ms", "baseline 82 ms", "this run 131 ms"} <= set(shown)


def test_no_text_is_small_or_a_formula():
    figure = trend(history(*[0.08] * 30, 0.131, name="$x_1^2$ " * 30, failed=[3], accepted=[7]))
    png(figure)
    plot = figure.axes[0]
    for text in [*figure.texts, *plot.texts, *plot.get_xticklabels(), *plot.get_yticklabels()]:
        assert text.get_fontsize() >= MIN_FONT_POINTS
    assert not any(text.get_parse_math() for text in [*figure.texts, *plot.texts, *plot.get_xticklabels()])
    assert any("$x_1^2$" in text for text in texts(figure))


@pytest.mark.parametrize("name", ["W" * 200, "$" * 200, "\\frac{1}{", "商品 🛒", "a\nb\x1b[31m", ""])
def test_every_title_fits(name):
    figure = trend(history(0.08, 0.131, name=name))
    for text in figure.texts:
        extent = text.get_window_extent()
        assert 0 <= extent.x0 < extent.x1 <= WIDTH_INCHES * 200
    assert figure.texts[1].get_text().endswith(" p95: 131 ms, limit 120 ms, baseline 82 ms")


def test_failed_and_accepted_runs_differ_in_shape_and_colour():
    figure = trend(history(0.08, 0.2, 0.08, 0.2, 0.131, failed=[1], accepted=[3]))
    (failed,), (accepted,) = lines(figure, "failed"), lines(figure, "accepted")
    assert (list(failed.get_xdata()), list(accepted.get_xdata())) == ([1], [3])
    assert failed.get_marker() != accepted.get_marker() != lines(figure, "runs")[0].get_marker()
    assert failed.get_color() != accepted.get_color()
    assert {"failed", "accepted: the new search is worth it"} <= set(texts(figure))


def test_an_outlier_of_the_past_is_marked_at_the_edge():
    figure = trend(history(*[0.08] * 9, 4.1, *[0.082] * 9, 0.131))
    (mark,) = lines(figure, "cut off")
    assert list(mark.get_xdata()) == [9]
    assert list(mark.get_ydata()) == [figure.axes[0].get_ylim()[1]]
    assert "4.1 s ↑" in texts(figure)


def test_a_gap_stays_a_gap():
    (runs,) = lines(trend(history(0.08, None, 0.08, 0.131)), "runs")
    assert [value == value for value in runs.get_ydata()] == [True, False, True, True]


def test_a_run_without_data_says_so():
    figure = trend(history(0.08, 0.081, None))
    assert not lines(figure, "this run")
    assert "this run no data" in texts(figure)


@pytest.mark.parametrize(("runs", "labels"), [(1, 1), (2, 2), (7, 7), (20, 5), (200, 6)])
def test_labels_of_runs_are_thinned_and_the_last_is_this_run(runs, labels):
    plot = trend(history(*[0.08] * (runs - 1), 0.131)).axes[0]
    assert len(plot.get_xticks()) == labels
    assert plot.get_xticks()[-1] == runs - 1
    assert plot.get_xticklabels()[-1].get_fontweight() == "bold"


@pytest.mark.parametrize("runs", [1, 2, 3, 20, 200])
def test_labels_do_not_overlap(runs):
    figure = trend(history(*[0.08 + n % 7 / 1000 for n in range(runs - 1)], 0.131))
    png(figure)
    boxes = [label.get_window_extent() for label in figure.axes[0].get_xticklabels()]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    right = sorted((t.get_window_extent() for t in figure.axes[0].texts), key=lambda box: box.y0)
    assert all(box.x1 <= WIDTH_INCHES * 200 for box in right)
    assert all(lower.y1 <= upper.y0 + 3 for lower, upper in pairwise(right))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ([], []),
        ([0.5], [0.5]),
        ([0.2, 0.8], [0.2, 0.8]),
        ([0.5, 0.5], [0.45, 0.55]),
        ([0.0, 0.0, 0.05], [0.0, 0.1, 0.2]),
        ([0.95, 1.0, 1.0], [0.8, 0.9, 1.0]),
        ([0.1, 0.5, 0.52, 0.9], [0.1, 0.46, 0.56, 0.9]),
    ],
)
def test_spread(wanted, expected):
    assert trend_chart.spread(wanted, 0.1) == pytest.approx(expected)


def overview(count: int, **about) -> Facts:
    findings = [
        make_finding(
            f"e{n}",
            outcome=Outcome.FAIL if n % 2 else Outcome.PASS,
            measured=0.1 + n / 100,
            baseline=0.09,
            criteria=[make_criterion(A, limit=0.1, outcome=Outcome.FAIL if n % 2 else Outcome.PASS)],
            **about,
        )
        for n in range(count)
    ]
    return Facts(verdict=make_verdict(*findings), run=make_run())


def test_the_overview_has_a_bar_per_endpoint_worst_first():
    picture = overview_chart.decide(overview(4))
    assert picture.title == "p95 of 4 endpoints against the limit: 2 broken"
    assert [bar.name for bar in picture.bars] == ["e3", "e1", "e2", "e0"]
    assert [bar.share for bar in picture.bars] == pytest.approx([1.3, 1.1, 1.2, 1.0])
    assert picture.bars[0].numbers == "130 ms of 100 ms"
    figure = overview_chart.draw(picture, DARK)
    assert [bar.get_width() for bar in figure.axes[0].patches] == pytest.approx([1.3, 1.1, 1.2, 1.0])
    assert set(lines(figure, "limit")[0].get_xdata()) == {1.0}
    assert {"✗", "e3", "130 ms of 100 ms", "┃ baseline"} <= set(texts(figure))


def test_wide_names_stay_off_the_bars():
    finding = make_finding("W" * 100, criteria=[make_criterion(A, limit=0.1)])
    figure = overview_chart.draw(overview_chart.decide(Facts(verdict=make_verdict(finding), run=make_run())), LIGHT)
    (name,) = [text for text in figure.axes[0].texts if text.get_text().startswith("WW")]
    assert name.get_window_extent().x1 < figure.axes[0].get_window_extent().x0


def test_the_overview_shows_the_worst_thirty_at_most():
    picture = overview_chart.decide(overview(400))
    assert len(picture.bars) == 30
    assert "the worst 30 shown" in picture.subtitle
    width, height = size(png(overview_chart.draw(picture, LIGHT)))
    assert (width, height) == (1440, pytest.approx(1702, abs=2))


def test_long_bars_are_cut_off_and_told():
    finding = make_finding(measured=9.0, criteria=[make_criterion(A, limit=0.1, outcome=Outcome.FAIL)])
    figure = overview_chart.draw(overview_chart.decide(Facts(verdict=make_verdict(finding), run=make_run())), LIGHT)
    assert figure.axes[0].patches[0].get_width() == pytest.approx(2.04)
    assert "9 s of 100 ms →" in texts(figure)


@pytest.mark.parametrize(
    "about",
    [{"criteria": []}, {"measured": None}, {"metric": "errors"}, {"baseline": None, "criteria": [make_criterion(R)]}],
)
def test_no_overview_without_a_limit_and_a_measurement(about):
    assert overview_chart.decide(Facts(verdict=make_verdict(make_finding(**about)), run=make_run())) is None
