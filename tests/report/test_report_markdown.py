"""report.md: golden texts, room for 400 endpoints, and nothing hostile gets out of its cell."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from builders import make_finding, make_past_run, make_run, make_verdict
from report.samples import hostile_facts

from perfgate.model.outcome import Outcome
from perfgate.model.report import CHARTS_BEGIN, CHARTS_END, Chart
from perfgate.model.verdict import Watched
from perfgate.report.facts import Facts
from perfgate.report.markdown import report_md
from perfgate.report.markdown.commands import command_lines


def chart(endpoint: str, outcome: Outcome) -> Chart:
    name = endpoint or "overview"
    folder = Path("/runs/1/charts")
    return Chart(
        endpoint=endpoint,
        outcome=outcome,
        text=f'{name} "<1>"',
        light=folder / f"{name}-light.png",
        dark=folder / f"{name}-dark.png",
    )


def test_golden_failure(shop, golden):
    charts = [chart("", Outcome.FAIL), chart("search", Outcome.FAIL), chart("log-in", Outcome.WARN)]
    golden("failed.md", report_md.render(shop, charts))


def test_golden_pass(golden):
    past = tuple(make_past_run(n) for n in (3, 2, 1))
    verdict = make_verdict(
        make_finding(baseline=0.1), make_finding(metric="errors", measured=0.0), baseline_runs=("run-0003", "run-0002")
    )
    golden("passed.md", report_md.render(Facts(verdict=verdict, run=make_run(4), past_runs=past)))


def test_golden_first_run(golden):
    finding = make_finding(outcome=Outcome.NO_BASELINE, sentence="list products p95 100 ms: no baseline yet.")
    golden("first.md", report_md.render(Facts(verdict=make_verdict(finding), run=make_run())))


def test_the_first_line_is_the_verdict(shop):
    first = report_md.render(shop).splitlines()[0]
    assert first.startswith("## ❌ `shop` FAIL: 2 of 9 budgets broken: `search` p95, `place order` errors")


def test_everything_that_is_not_pass_is_in_plain_sight(shop):
    in_sight = report_md.render(shop).partition("<details>")[0]
    for finding in shop.findings:
        assert (f"| `{finding.endpoint}` | {finding.metric} |" in in_sight) == (finding.outcome is not Outcome.PASS)
    assert "Only 12 requests of one endpoint" in in_sight


def test_pictures_lie_between_the_markers(shop):
    text = report_md.render(shop, [chart("", Outcome.FAIL), chart("search", Outcome.FAIL)])
    before, pictures, after = re.split(f"{CHARTS_BEGIN}|{CHARTS_END}", text)
    assert pictures.count("<picture>") == 2
    assert '<img src="charts/search-light.png" width="720" alt="search &#34;&#60;1&#62;&#34;">' in pictures
    assert "charts/" not in before + after
    assert CHARTS_BEGIN not in report_md.render(shop)


@pytest.mark.parametrize("endpoints", [22, 400, 2000])
def test_hostile_names_stay_in_their_cells(endpoints):
    text = report_md.render(hostile_facts(endpoints))
    assert len(text) < 60_000
    text.encode()
    widths = {line.count("|") for line in text.splitlines() if line.startswith("|")}
    assert widths <= {8, 11}
    bare = re.sub(r"</?(code|sub|details|summary)>", "", text)
    assert not re.search(r"<|(?<!`)@|\\|-->|\w://(?!127)|[\x00-\x09\x0b-\x1f\x7f-\x9f]", re.sub("`[^`\n]*`", "", bare))
    assert text.count("<details>") == text.count("</details>") == text.count("<summary>")
    assert text.count("<code>") == text.count("</code>")


def test_400_failing_endpoints_fit_and_are_counted():
    sentence = "is over its limit, which is a long story " * 8
    findings = [
        make_finding(f"GET /api/v1/{n}", outcome=Outcome.FAIL, baseline=0.01 + n / 1e4, sentence=f"{n} {sentence}")
        for n in range(400)
    ]
    run = make_run()
    past = tuple(make_past_run(n) for n in range(30, 0, -1))
    text = report_md.render(Facts(verdict=make_verdict(*findings), run=run, past_runs=past))
    assert len(text) < 60_000
    shown = text.count("| ❌ |")
    assert f"… and {400 - shown} budgets more: {400 - shown} fail" in text
    assert "GET /api/v1/0`" in text  # the largest change


def test_the_same_sentence_is_said_once():
    findings = [make_finding(name, outcome=Outcome.NO_DATA, sentence="The target was down.") for name in ("a", "b")]
    text = report_md.render(Facts(verdict=make_verdict(*findings), run=make_run()))
    assert "- 🚫 `a` p95, `b` p95: The target was down." in text


def test_commands_name_the_budget_file_as_it_was_named(shop):
    told = replace(shop, verdict=replace(shop.verdict, budget="load tests/shop.yaml"))
    usual = "\n".join(command_lines(shop))
    assert "perfgate run --budget budgets.yaml\n" in usual  # all of it: a part alone would be another load
    assert usual.count("--budget") == usual.count("perfgate run")

    lines = [line for line in command_lines(told) if not line.startswith("#")]
    assert all(" --budget 'load tests/shop.yaml'" in line for line in lines)

    hostile = replace(shop, verdict=replace(shop.verdict, budget="$(x)`.yaml"))
    assert not any("$(x)" in line for line in command_lines(hostile))


def test_commands_quote_names_and_leave_hostile_ones_out(shop, hostile):
    assert "perfgate accept run-0021 'place order' errors --reason" in report_md.render(shop)
    commands = report_md.render(hostile).partition("```sh\n")[2].partition("```")[0]
    assert "script" not in commands
    assert "perfgate accept run-0001 --reason" in commands


def test_the_watch_list_is_folded_and_harmless():
    names = ["search", "<img src=x>|\n"]
    watch = [Watched(endpoint=n, metric="p50", measured=0.09, baseline=0.082, change=0.1, p_value=0.05) for n in names]
    text = report_md.render(Facts(verdict=make_verdict(make_finding(), watch=tuple(watch)), run=make_run()))
    folded = text.partition("<details><summary>Watch list: 2 probably worse, not judged</summary>")[2]
    assert "- `search` p50 82 ms to 90 ms, +10 %\n" in folded.partition("</details>")[0]
    assert "<img" not in text.replace("`<img", "")
    assert "Watch list" not in report_md.render(Facts(verdict=make_verdict(make_finding()), run=make_run()))
