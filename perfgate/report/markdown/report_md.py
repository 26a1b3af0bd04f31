"""report.md: the verdict for a pull request. What failed or moved is in plain sight, the rest folded.

The template only lays out: everything it is given is already safe Markdown (see `text.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from perfgate.model.budget_file import AbPolicy
from perfgate.model.outcome import Outcome
from perfgate.model.report import CHARTS_BEGIN, CHARTS_END, Chart
from perfgate.model.run import EndpointResult
from perfgate.model.verdict import Finding
from perfgate.report import diagnosis_text, page_words, phases, undecided, words
from perfgate.report.escaping import attribute, code, prose
from perfgate.report.facts import Facts, value_in
from perfgate.report.headline import headline, split_by_baseline
from perfgate.report.markdown.commands import command_lines
from perfgate.report.sparkline import sparkline
from perfgate.report.templates import template
from perfgate.text.notes import bare
from perfgate.text.plurals import counted

MAX_REPORT_CHARS = 60_000  # characters; GitHub takes 65,536, and a publisher adds its own
ROW_LIMITS = (400, 200, 100, 50, 25, 10, 3)  # of each table: the most that fit
MAX_OPEN_DOUBTS = 5  # in plain sight
MAX_OPEN_CHARTS = 2  # charts of what failed
MAX_EXAMPLES = 3  # of failed requests per endpoint

EMOJI = {
    Outcome.FAIL: "❌",
    Outcome.NO_DATA: "🚫",
    Outcome.INCONCLUSIVE: "❔",
    Outcome.WARN: "⚠️",
    Outcome.NO_BASELINE: "🆕",
    Outcome.IMPROVED: "🎉",
    Outcome.PASS: "✅",
}


@dataclass(frozen=True, kw_only=True)
class TableRows:
    """A table cut to size: the worst rows, and in words what was left out."""

    rows: tuple[tuple[str, ...], ...]
    rest: str = ""


def render(facts: Facts, charts: Sequence[Chart] = ()) -> str:
    """The report, under 60,000 characters, however many endpoints there are. Paths of charts are relative to the run
    folder."""
    page = ""
    for max_rows in ROW_LIMITS:
        page = template("report.md.j2").render(_page(facts, charts, max_rows))
        if len(page) < MAX_REPORT_CHARS:
            break
    return page


def _page(facts: Facts, charts: Sequence[Chart], max_rows: int) -> dict[str, object]:
    moved = [finding for finding in facts.findings if finding.outcome is not Outcome.PASS]
    remaining = [finding for finding in facts.findings if finding.outcome is Outcome.PASS]
    doubts = [prose(bare(doubt)) for doubt in words.doubts(facts)]
    results = [result for result in worst_first(facts) if result.kind != "page"]
    in_sight = [chart for chart in charts if chart.endpoint and chart.outcome is Outcome.FAIL][:MAX_OPEN_CHARTS]
    return {
        "mark": EMOJI[undecided.appearance(facts)],
        "name": code(facts.verdict.name),
        "headline": headline(facts, code),
        "advice": prose(advice) if (advice := undecided.what_would_decide(facts)) else "",
        "advice_first": undecided.is_first(facts),
        "doubts": doubts[:MAX_OPEN_DOUBTS],
        "more_doubts": doubts[MAX_OPEN_DOUBTS : MAX_OPEN_DOUBTS + max_rows],
        "moved": _findings(facts, moved, max_rows),
        "sentences": list(sentence_lines(facts, moved[:max_rows])),
        "kept": _findings(facts, remaining, max_rows),
        "kept_count": counted(len(remaining), "budget"),
        "why": diagnosis_text.markdown_lines(facts.diagnosis),
        "evidence": diagnosis_text.evidence(facts.diagnosis),
        "why_doubts": [prose(doubt) for doubt in diagnosis_text.doubts(facts.diagnosis)],
        "watch": [words.watched(item, code) for item in facts.verdict.watch[:max_rows]],
        "watch_count": len(facts.verdict.watch),
        "results": TableRows(
            rows=tuple(map(result_row, results[:max_rows])), rest=rest_of(len(results) - max_rows, "endpoint")
        ),
        **pages(facts, max_rows),
        "examples": list(example_lines(results[:max_rows])),
        "phases": TableRows(rows=tuple(map(phase_row, phases.rows(results[:max_rows])))),
        "phase_headings": tuple(phases.HEADINGS.values()),
        "phase_caption": phases.CAPTION,
        "pictures": [_picture(chart) for chart in in_sight],
        "folded_pictures": [_picture(chart) for chart in charts if chart not in in_sight],
        "charts_begin": CHARTS_BEGIN,
        "charts_end": CHARTS_END,
        "compared": compared_with(facts),
        "conditions": list(condition_lines(facts)),
        "commands": list(command_lines(facts)),
    }


def pages(facts: Facts, max_rows: int) -> dict[str, object]:
    """What `pages.md.j2` shows."""
    return {
        "pages": [(code(item.name), *page_words.row(item)) for item in page_words.of_pages(facts.run)[:max_rows]],
        "page_headings": page_words.COLUMNS,
        "page_lines": list(page_words.lines(facts.run.pages, facts.pages_before, code))[:max_rows],
        "page_legend": page_words.LEGEND,
    }


def _findings(facts: Facts, findings: Sequence[Finding], max_rows: int) -> TableRows:
    left_out = Counter(words.word(finding.outcome) for finding in findings[max_rows:])
    kinds = ", ".join(f"{count} {word}" for word, count in left_out.items())
    rest = rest_of(len(findings) - max_rows, "budget")
    return TableRows(
        rows=tuple(_finding(facts, finding) for finding in findings[:max_rows]), rest=f"{rest}: {kinds}" if rest else ""
    )


def _finding(facts: Facts, finding: Finding) -> tuple[str, ...]:
    metric = finding.metric
    measured = words.value(metric, finding.measured)
    limits = (
        f"**{words.limit(finding, criterion)}**"
        if words.is_broken(criterion)
        else words.marked_limit(finding, criterion)
        for criterion in finding.criteria
    )
    result = facts.results.get(finding.endpoint)
    return (
        EMOJI[finding.outcome],
        code(finding.endpoint),
        prose(metric, 40),
        f"**{measured}**" if finding.outcome is Outcome.FAIL else measured,
        words.value(metric, finding.baseline),
        words.changed(finding),
        ", ".join(limits),
        words.detectable(finding),
        words.share(result.failures, result.requests) if result else words.NOTHING,
        sparkline(facts.values(finding.endpoint, metric)),
    )


def sentence_lines(facts: Facts, findings: Sequence[Finding]) -> Iterator[str]:
    """One per finding; the same sentence about several is said once."""
    context, without_baseline = split_by_baseline(facts, findings)
    alike: dict[tuple[Outcome, str], list[Finding]] = {}
    for finding in context:
        alike.setdefault((finding.outcome, finding.sentence), []).append(finding)
    for (outcome, sentence), group in alike.items():
        about = ", ".join(f"{code(finding.endpoint)} {prose(finding.metric, 40)}" for finding in group)
        text = _sentence(group[0]) if len(group) == 1 else f"{about}: {prose(sentence)}"
        yield f"{EMOJI[outcome]} {text}"
    for sentence in without_baseline:
        yield f"{EMOJI[Outcome.NO_BASELINE]} {prose(sentence)}"


def _sentence(finding: Finding) -> str:
    """A finding's sentence; the endpoint's name shows as code where it begins with it."""
    name, sentence = finding.endpoint, finding.sentence
    if name and sentence.startswith((f"{name} ", f"{name}: ")):
        return f"{code(name)}{sentence[len(name)]} {prose(sentence[len(name) + 1 :])}".replace("  ", " ")
    return prose(sentence)


def worst_first(facts: Facts) -> list[EndpointResult]:
    ranks = {finding.endpoint: rank for rank, finding in reversed(list(enumerate(facts.findings)))}
    return sorted(facts.run.endpoints, key=lambda result: ranks.get(result.name, len(ranks)))


def result_row(result: EndpointResult) -> tuple[str, ...]:
    speeds = (words.value(metric, value_in(result, metric)) for metric in ("p50", "p95", "p99", "rate"))
    return (code(result.name), f"{result.requests:,}", prose(words.errors(result)), *speeds)


def phase_row(row: phases.PhaseRow) -> tuple[str, ...]:
    return (code(row.name), f"{row.connections:,}", *row.cells)


def example_lines(results: Sequence[EndpointResult]) -> Iterator[str]:
    for result in results:
        for example in result.failure_examples[:MAX_EXAMPLES]:
            yield f"{code(result.name)}: {code(example, 200)}"


def _picture(chart: Chart) -> dict[str, str]:
    light, dark = (f"{path.parent.name}/{path.name}" for path in (chart.light, chart.dark))
    return {"text": attribute(chart.text), "light": light, "dark": dark}


def compared_with(facts: Facts) -> str:
    """ "20 runs of `main`, the newest 9f3c2ab on main, 5 Jan 2026"; in an A/B test, the base beside the head."""
    verdict, run = facts.verdict, facts.run
    if run.arms:
        restarted = words.ab_mode(AbPolicy(restarts=run.restarts))
        return f"{prose(words.arms(run.arms))}, measured beside each other{restarted}"
    branch = f" of {code(verdict.baseline_branch)}" if verdict.baseline_branch else ""
    if not verdict.baseline_runs:
        return f"no runs{branch} to compare with yet"
    newest = next((past for past in reversed(facts.before) if past.run.id in verdict.baseline_runs), None)
    text = f"{words.runs(len(verdict.baseline_runs))}{branch}"
    text += f", the newest {prose(words.revision(newest.run))}" if newest else ""
    return text


def condition_lines(facts: Facts) -> Iterator[str]:
    """How this run was made, a line each."""
    run, conditions = facts.run, facts.run.conditions
    runner = conditions.runner
    yield f"run {code(run.id)}: {prose(words.revision(run))}"
    yield f"target {code(run.target)}"
    yield f"load: {prose(conditions.load)}; measured for {words.value('p95', run.duration)}"
    yield f"not counted: {run.warmup_requests:,} requests of the warm-up, {run.unfinished:,} unfinished at the end"
    yield f"load generator: {prose(words.generator(run.generator))}"
    machine = [runner.cpu or "unknown CPU", counted(runner.cores, "core"), runner.os or "unknown system"]
    yield f"runner: {prose(', '.join(machine))}"
    yield f"latency: {prose(conditions.latency)}, by the {prose(conditions.clock)} clock"
    if conditions.versions:
        yield prose(", ".join(f"{name} {version}" for name, version in conditions.versions.items()))


def rest_of(number: int, noun: str) -> str:
    return f"and {counted(number, noun)} more" if number > 0 else ""
