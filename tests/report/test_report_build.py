"""report.build: which files there are, and that a chart that fails does not take the others along."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from builders import make_endpoint, make_finding, make_past_run, make_run, make_verdict
from report.samples import HOSTILE

from perfgate import report
from perfgate.model.errors import RecordError, UsageError
from perfgate.model.outcome import Outcome
from perfgate.report.charts.gallery import MAX_TRENDS, draw_trend, trends
from perfgate.report.formats import FORMATS


def test_everything_is_in_the_run_folder(shop, tmp_path):
    built = report.build(shop.verdict, shop.run, shop.past_runs, tmp_path)
    assert built.outcome is Outcome.FAIL
    assert built.headline.startswith("FAIL: 2 of 9 budgets broken")
    assert built.warnings == ()
    assert [chart.endpoint for chart in built.charts][:4] == ["", "search", "place order", "export report"]
    assert built.charts[1].text == "search p95: 131 ms, limit 120 ms, baseline 82 ms"
    told = {
        built.markdown,
        built.html,
        built.junit,
        *(path for chart in built.charts for path in (chart.light, chart.dark)),
    }
    assert told == {path for path in tmp_path.rglob("*") if path.is_file()}
    assert all(path.stat().st_size > 1000 for path in told)
    assert 'src="charts/search-p95-light.png"' in built.markdown.read_text("utf-8")


def test_without_earlier_runs(tmp_path):
    built = report.build(make_verdict(), make_run(), (), tmp_path)
    assert [chart.text for chart in built.charts] == [
        "p95 of 1 endpoint against the limit: none broken",
        "list products p95: 100 ms, limit 300 ms",
    ]


def test_a_chart_that_cannot_be_written_is_a_warning(shop, tmp_path):
    (tmp_path / "charts" / "search-p95-dark.png").mkdir(parents=True)
    built = report.build(shop.verdict, shop.run, shop.past_runs, tmp_path)
    assert [chart.endpoint for chart in built.charts][:2] == ["", "place order"]
    (warning,) = built.warnings
    assert warning.startswith("The chart of search p95 could not be drawn: IsADirectoryError")
    assert built.junit.exists()
    assert "search-p95" not in built.markdown.read_text("utf-8")


def test_no_charts_at_all_still_is_a_report(shop, tmp_path):
    (tmp_path / "charts").write_text("in the way")
    built = report.build(shop.verdict, shop.run, shop.past_runs, tmp_path)
    assert built.charts == ()
    assert len(built.warnings) == 8
    assert built.markdown.read_text("utf-8").startswith("## ❌")


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError):
        report.build(make_verdict(), make_run(), (), tmp_path / "file")


def test_hostile_names_stay_in_the_folder(tmp_path):
    names = HOSTILE[-8:]
    run = make_run(2, endpoints=[make_endpoint(name) for name in names])
    verdict = make_verdict(*(make_finding(name) for name in names))
    built = report.build(verdict, run, (make_past_run(1),), tmp_path / "run")
    assert len({chart.light for chart in built.charts}) == 9
    assert {path.parent for path in tmp_path.rglob("*.png")} == {tmp_path / "run" / "charts"}


def test_the_worst_endpoints_have_a_trend_each(shop):
    chosen = trends(shop)
    assert [(finding.endpoint, finding.metric) for finding in chosen[:2]] == [
        ("search", "p95"),
        ("place order", "errors"),
    ]
    assert len({finding.endpoint for finding in chosen}) == len(chosen) <= MAX_TRENDS
    assert ("list products", "p95") in [(finding.endpoint, finding.metric) for finding in chosen]


@pytest.mark.parametrize(("name", "start"), [("t.png", b"\x89PNG"), ("t.SVG", b"<?xml")])
def test_the_picture_of_a_trend(tmp_path, name, start):
    past = [make_past_run(n) for n in (2, 1)]
    draw_trend(past, "list products", "p95", tmp_path / name, budget=None, dark=True)
    assert (tmp_path / name).read_bytes().startswith(start)


def test_a_picture_that_cannot_be_written(tmp_path):
    past = [make_past_run(1)]
    with pytest.raises(UsageError, match=r"\.gif"):
        draw_trend(past, "list products", "p95", tmp_path / "t.gif", budget=None, dark=False)
    with pytest.raises(RecordError):
        draw_trend(past, "list products", "p95", tmp_path / "no" / "t.png", budget=None, dark=False)


def test_formats(shop):
    assert set(FORMATS) == {"console", "markdown", "html", "json", "junit", "gitlab"}
    assert json.loads(FORMATS["json"](shop))["outcome"] == "fail"
    assert FORMATS["console"](shop).splitlines()[-1].startswith("✗ FAIL")
    assert FORMATS["markdown"](shop).startswith("## ❌")
    assert FORMATS["junit"](shop).startswith("<?xml")


def test_texts_load_neither_matplotlib_nor_pandas():
    code = (
        "import sys, perfgate.report, perfgate.report.formats, perfgate.report.terminal.progress;"
        "print([name for name in ('matplotlib', 'pandas', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
