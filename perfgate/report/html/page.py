"""report.html: the verdict as one page with charts. The browser draws them from data in the page (`page_data.py`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from perfgate.model.outcome import BADNESS, Outcome
from perfgate.model.run import EndpointResult, Run
from perfgate.model.verdict import Finding
from perfgate.recording.windows import Record
from perfgate.report import page_words, phases, words
from perfgate.report.escaping import plain
from perfgate.report.facts import Facts, value_in
from perfgate.report.headline import headline as headline_of
from perfgate.report.headline import is_without_baseline, next_step
from perfgate.report.html import first_run, frame, layer_bars, page_data, page_pictures
from perfgate.report.html.first_run import FirstRow
from perfgate.report.html.page_data import MAX_NAME_CHARS, Data
from perfgate.report.undecided import appearance
from perfgate.text.notes import bare

COLUMNS = ("p50", "p95", "p99", "errors")
MAX_OPEN_PANELS = 3  # panels that are open at first: of what is not kept
MAX_DOUBTS = 50
_OPEN = (Outcome.FAIL, Outcome.NO_DATA, Outcome.INCONCLUSIVE)

Cell = tuple[str, float | None]  # what it says, and what it is sorted by


@dataclass(frozen=True, kw_only=True)
class BudgetRow:
    """One budget in words."""

    metric: str = ""
    outcome: str = ""
    measured: str = words.NOTHING
    baseline: str = words.NOTHING
    baseline_key: float | None = None
    change: str = words.NOTHING
    change_key: float | None = None
    interval: str = ""
    limits: str = words.NOTHING
    limit_key: float | None = None
    detectable: str = words.NOTHING


@dataclass(frozen=True, kw_only=True)
class EndpointRow:
    """One endpoint or journey in words; `worst` of its budgets is shown in the table."""

    at: int
    name: str
    outcome: str
    badness: int
    measured: tuple[Cell, ...]
    worst: BudgetRow = BudgetRow()
    first: FirstRow | None = None  # instead of it, where there is no baseline yet
    findings: tuple[BudgetRow, ...] = ()
    sentences: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    kinds: str = ""
    phases: phases.PhaseRow | None = None
    has_windows: bool = False
    has_spread: bool = False
    trends: list[Data] = field(default_factory=list)
    is_open: bool = False


def render(
    facts: Facts, record: Record | None = None, *, headline: str = "", up: str = "", folder: Path | None = None
) -> str:
    """`record` has the windows of the run, and `folder`, that of the run, the pictures of its pages, where they are at
    hand; `up` is a link to the page of all runs."""
    by_endpoint: dict[str, list[Finding]] = {}
    for finding in facts.findings:
        by_endpoint.setdefault(finding.endpoint, []).append(finding)
    names = list(dict.fromkeys((*by_endpoint, *facts.results)))
    over = page_data.over_the_run(record, facts.run) if record else {}
    line = page_data.Line(runs=facts.line_of_runs[-page_data.MAX_TREND_RUNS :])
    data = [_draw(facts, line, name, by_endpoint.get(name, ()), over) for name in names]
    rows = [_endpoint(facts, at, name, by_endpoint.get(name, ()), data[at]) for at, name in enumerate(names)]
    rows.sort(key=lambda row: row.badness)
    counts = Counter(row.outcome for row in rows)
    return frame.render(
        "page.html.j2",
        {
            "title": f"{appearance(facts).value}: {plain(facts.verdict.name, MAX_NAME_CHARS)}",
            "name": plain(facts.verdict.name, MAX_NAME_CHARS),
            "outcome": appearance(facts).value,
            "headline": headline or headline_of(facts, lambda name: plain(name, MAX_NAME_CHARS)),
            "next_step": next_step(facts),
            "is_first": is_without_baseline(facts),
            "facts": list(_facts(facts)),
            "doubts": [plain(bare(doubt), 600) for doubt in words.doubts(facts)[:MAX_DOUBTS]],
            "outcomes": [(item.value, counts[item.value]) for item in Outcome if counts[item.value]],
            "rows": rows,
            "why": layer_bars.panels(facts.diagnosis),
            "pages": [
                (plain(page.name, MAX_NAME_CHARS), *page_words.row(page)) for page in page_words.of_pages(facts.run)
            ],
            "page_headings": page_words.COLUMNS,
            "page_legend": page_words.LEGEND,
            "page_lines": list(page_words.lines(facts.run.pages, facts.pages_before)),
            "screenshots": page_pictures.screenshots(facts.run.pages, folder),
            "filmstrips": page_pictures.filmstrips(facts.run.pages, folder),
            "phase_headings": tuple(phases.HEADINGS.values()),
            "phase_caption": phases.CAPTION,
            "run": plain(facts.run.id, 60),
            "conditions": plain(_conditions(facts.run), 600),
            "up": up,
        },
        {"levels": page_data.LEVELS, "here": True, "lines": [page_data.runs(line.runs)], "endpoints": data},
    )


def _draw(facts: Facts, line: page_data.Line, name: str, findings: Sequence[Finding], over: Mapping[str, Data]) -> Data:
    return {
        "name": plain(name, MAX_NAME_CHARS),
        "over": over.get(name),
        "spread": page_data.distribution(facts, name, findings),
        "trends": page_data.trends(line, name, findings),
    }


def _endpoint(facts: Facts, at: int, name: str, findings: Sequence[Finding], drawn: Data) -> EndpointRow:
    result = facts.results.get(name)
    budgets = tuple(map(_budget, findings))
    first = first_run.row(findings) if is_without_baseline(facts) else None
    outcome = first.outcome if first else findings[0].outcome if findings else None
    return EndpointRow(
        at=at,
        name=drawn["name"],
        outcome=outcome.value if outcome else "",
        badness=BADNESS[outcome] if outcome else len(BADNESS),
        measured=measured(result),
        worst=budgets[0] if budgets else BudgetRow(),
        first=first,
        findings=budgets,
        sentences=tuple(dict.fromkeys(plain(finding.sentence, 600) for finding in findings)),
        failures=page_data.failures(result),
        kinds=words.kinds_of_errors(result) if result else "",
        phases=next(iter(phases.rows([result] if result else [])), None),
        has_windows=drawn["over"] is not None,
        has_spread=drawn["spread"] is not None,
        trends=drawn["trends"],
        is_open=outcome in _OPEN and at < MAX_OPEN_PANELS,
    )


def measured(result: EndpointResult | None) -> tuple[Cell, ...]:
    values = [(metric, value_in(result, metric)) for metric in COLUMNS]
    return tuple((words.value(metric, value), value) for metric, value in values)


def _budget(finding: Finding) -> BudgetRow:
    decisive = words.decisive(finding)
    limits = (words.marked_limit(finding, criterion) for criterion in finding.criteria)
    interval = finding.interval if finding.change is not None else None
    return BudgetRow(
        metric=plain(finding.metric, 40),
        outcome=finding.outcome.value,
        measured=words.value(finding.metric, finding.measured),
        baseline=words.value(finding.metric, finding.baseline),
        baseline_key=page_data.number(finding.baseline),
        change=words.changed(finding),
        change_key=page_data.number(finding.change),
        interval=" to ".join(words.change_of(finding, end) for end in interval or ()),
        limits=", ".join(limits) or words.NOTHING,
        detectable=words.detectable(finding),
        limit_key=page_data.number(words.limit_value(decisive, finding.baseline)) if decisive else None,
    )


def _facts(facts: Facts) -> Iterator[tuple[str, str]]:
    """What was compared with what, when, and where."""
    run, runner = facts.run, facts.run.conditions.runner
    yield "Measured", words.revision(run)
    yield "Compared with", _compared(facts)
    if run.pull_request is not None:
        yield "Pull request", f"{run.pull_request}"
    yield "Started (UTC)", plain(run.started[:19].replace("T", " "), 19)
    machine = (runner.cpu or "unknown CPU", f"{runner.cores} cores", runner.os)
    yield "Runner", plain(", ".join(filter(None, machine)), 120)
    yield "Load", f"{plain(run.conditions.load, 200)}, measured for {words.value('p95', run.duration)}"
    yield "Target", plain(run.target, 120)
    if facts.verdict.watch:
        yield "Worth watching", "; ".join(words.watched(item) for item in facts.verdict.watch[:5])


def _compared(facts: Facts) -> str:
    verdict = facts.verdict
    if facts.run.arms:
        return f"{words.arms(facts.run.arms)}, beside each other"
    branch = f" of {plain(verdict.baseline_branch, 60)}" if verdict.baseline_branch else ""
    if not verdict.baseline_runs:
        return f"no runs{branch} yet"
    newest = next((past for past in reversed(facts.before) if past.run.id in verdict.baseline_runs), None)
    text = f"{words.runs(len(verdict.baseline_runs))}{branch}"
    return f"{text}, the newest {words.revision(newest.run)}" if newest else text


def _conditions(run: Run) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in run.conditions.versions.items())
    return (
        f"Latency: {run.conditions.latency}, by the {run.conditions.clock} clock. "
        f"Load generator: {words.generator(run.generator)}. {versions}"
    )
