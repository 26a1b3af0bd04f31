"""The terminal: golden texts at two widths, no codes where there is no terminal, and nothing hostile gets through."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from builders import make_finding, make_run, make_verdict
from rich.console import Console

from perfgate.model.outcome import Outcome
from perfgate.model.verdict import Watched
from perfgate.report.facts import Facts
from perfgate.report.terminal import console

ESCAPE = re.compile(r"\x1b\[([0-9;]*)m")


def shown(facts: Facts, **options) -> str:
    sink = StringIO()
    console.show(facts, Console(file=sink, **options))
    return sink.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_golden(shop, golden, width):
    text = console.text(shop, width)
    assert max(map(len, text.splitlines())) <= width
    golden(f"console-{width}.txt", text)


def test_golden_when_all_is_well(golden):
    golden("console-pass.txt", console.text(Facts(verdict=make_verdict(make_finding()), run=make_run())))


def test_the_verdict_is_the_last_line(shop):
    last = console.text(shop, 200).splitlines()[-1]
    assert last == "✗ FAIL: 2 of 9 budgets broken: search p95, place order errors; 1 not measured; 1 undecided"


def test_many_undecided_sentences_are_folded_and_a_failure_stays_in_sight():
    undecided = [make_finding(f"e{n}", outcome=Outcome.INCONCLUSIVE, sentence=f"e{n} is unclear.") for n in range(6)]
    failed = make_finding("search", outcome=Outcome.FAIL, sentence="search is slow.")
    text = console.text(Facts(verdict=make_verdict(failed, *undecided), run=make_run()))
    assert "✗ search is slow." in text
    assert " is unclear." not in text
    assert "? 6 undecided: e0 p95, e1 p95, e2 p95, e3 p95 and 2 more (why: --verbose, report.md)" in text
    assert "not in the table: 6 inconclusive" in text

    facts = Facts(verdict=make_verdict(failed, *undecided), run=make_run())
    sink = StringIO()
    console.show(facts, Console(file=sink, width=120), verbose=True)
    assert sink.getvalue().count(" is unclear.") == 6
    assert console.text(Facts(verdict=make_verdict(failed, *undecided[:1]), run=make_run())).count(" is unclear.") == 1


def test_outcomes_are_words_and_marks_and_colours(shop):
    text = shown(shop, width=120, force_terminal=True, color_system="standard", no_color=False)
    assert "\x1b[1;31m✗ fail" in text
    assert "\x1b[33m! warn" in text
    assert "\x1b[1;32m★ improved" in text


def test_no_color(shop):
    text = shown(shop, width=80, force_terminal=True, no_color=True)
    codes = {code for sequence in ESCAPE.findall(text) for code in sequence.split(";")}
    assert not any(code[:1] in "349" and len(code) == 2 for code in codes)


def test_no_codes_without_a_terminal(shop):
    assert "\x1b" not in shown(shop, width=80, force_terminal=False)


@pytest.mark.parametrize("width", [80, 120])
def test_hostile_names_neither_control_the_terminal_nor_become_markup(hostile, width):
    text = shown(hostile, width=width, force_terminal=True, color_system="standard", no_color=False)
    bare = ESCAPE.sub("", text)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028\ud800]", bare)
    assert "[red]markup[/red] [/]" in console.text(hostile, 300)
    assert max(map(len, bare.splitlines())) <= width


def test_a_verdict_without_findings_or_endpoints():
    verdict = make_verdict(outcome=Outcome.NO_DATA)
    told = Facts(
        verdict=type(verdict)(run="x", name="y", outcome=Outcome.NO_DATA, findings=()), run=make_run(endpoints=())
    )
    assert console.text(told).endswith("∅ NO DATA: no budget was judged\n")


def test_the_watch_list_is_a_line():
    watch = [
        Watched(endpoint=f"e{i}", metric="p50", measured=0.09, baseline=0.082, change=0.0976, p_value=0.05)
        for i in range(7)
    ]
    text = console.text(Facts(verdict=make_verdict(make_finding(), watch=tuple(watch)), run=make_run()), 300)
    (line,) = [line for line in text.splitlines() if line.startswith("probably worse, not judged: ")]
    assert "e0 p50 82 ms to 90 ms, +9.8 %; e1 " in line
    assert line.endswith("; 2 more")
    assert "PASS" in text.splitlines()[-1]
