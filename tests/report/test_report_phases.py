"""Where the time of requests went, as the reports show it."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

from builders import make_endpoint, make_run, make_verdict
from rich.console import Console

from perfgate.model.run import EndpointResult
from perfgate.recording import histogram
from perfgate.report import phases
from perfgate.report.facts import Facts
from perfgate.report.html import page
from perfgate.report.markdown import report_md
from perfgate.report.terminal import phase_table


def measured() -> EndpointResult:
    spread = {
        "dns": [0.001] * 3,
        "connect": [0.002] * 3,
        "first_byte": [0.010] * 10,
        "download": [0.003] * 10,
        "tls": [0.0] * 3,
        "service": [0.013] * 10,
    }
    return replace(make_endpoint(), phases={name: histogram.of(values) for name, values in spread.items()})


def test_each_phase_has_its_median_and_tail():
    (row,) = phases.rows([measured()])
    assert (row.name, row.connections) == ("list products", 3)
    assert row.cells == ("1 / 1 ms", "2 / 2 ms", "–", "10 / 10 ms", "3 / 3 ms")


def test_each_quantile_has_its_own_unit_where_they_differ():
    spread = {"first_byte": histogram.of([0.5] * 9 + [1.5])}
    (row,) = phases.rows([replace(measured(), phases=spread)])
    assert row.cells == ("–", "–", "–", "500 ms / 1.5 s", "–")
    assert row.tails[3] == "1.5 s"


def test_what_has_no_phases_has_no_row():
    journey = replace(measured(), name="buy", kind="journey")
    assert phases.rows([journey, replace(measured(), phases={}), make_endpoint()]) == ()


def test_all_reports_show_them():
    facts = Facts(verdict=make_verdict(), run=make_run(endpoints=[measured()]))
    text, html = report_md.render(facts), page.render(facts)
    assert "<summary>Where the time went: DNS, connect, TLS, first byte, download</summary>" in text
    assert "| `list products` | 3 | 1 / 1 ms | 2 / 2 ms | – | 10 / 10 ms | 3 / 3 ms |" in text
    assert "<td>10 / 10 ms</td>" in html
    table = phase_table.table(facts.run.endpoints)
    assert table is not None
    sink = StringIO()
    Console(width=80, file=sink).print(table)
    assert "list products" in sink.getvalue()
    assert "10 ms" in sink.getvalue()


def test_nothing_is_shown_where_nothing_is_known():
    facts = Facts(verdict=make_verdict(), run=make_run(endpoints=[replace(measured(), phases={})]))
    assert "Where the time went" not in report_md.render(facts) + page.render(facts)
    assert phase_table.table(facts.run.endpoints) is None
