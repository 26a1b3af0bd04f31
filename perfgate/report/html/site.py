"""The dashboard of `perfgate site`: index.html over the whole history, and one page per run; no server needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from perfgate.files.codec import unwritable, write_text
from perfgate.model.budget_file import Budget, Kind
from perfgate.model.outcome import NEVER_A_BASELINE, Outcome
from perfgate.model.run import PastRun
from perfgate.model.verdict import CriterionResult, Finding, Verdict
from perfgate.report import words
from perfgate.report.escaping import plain, slug
from perfgate.report.facts import Facts, by_name, is_alike, kind, newest_of_line, value_in
from perfgate.report.html import frame, page, page_data
from perfgate.report.html.page_data import MAX_NAME_CHARS, Data
from perfgate.text.notes import note
from perfgate.text.plurals import and_more

METRIC = "p95"
RUNS = "runs"
INDEX = "index.html"


@dataclass(frozen=True, kw_only=True)
class Series:
    """The runs of one budget file on one branch, newest first and at least one; `budgets` where they are known."""

    name: str
    branch: str
    runs: tuple[PastRun, ...]
    budgets: tuple[Budget, ...] = ()


def build(series: Sequence[Series], whole: Iterable[PastRun], folder: Path) -> Path:
    """Writes the pages; `whole` are the runs to get one of their own, with distributions. Raises RecordError."""
    try:
        (folder / RUNS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(f"into {folder}", error, option="--output DIR") from error
    pages = {}
    for past in whole:
        around = next((line for line in series if line.name == past.run.name and line.branch == past.run.branch), None)
        pages[past.run.id] = f"{RUNS}/{slug(past.run.id)}.html"
        write_text(folder / pages[past.run.id], run_page(past, around))
    write_text(folder / INDEX, index(series, pages))
    return folder / INDEX


FROM_HISTORY = "From the history, which keeps what was measured and what failed, but not how each budget was judged."


def run_page(past: PastRun, around: Series | None) -> str:
    """A remembered run. The history keeps what failed, not the sentences."""
    series = around or Series(name=past.run.name, branch=past.run.branch, runs=(past,))
    limits = {(budget.endpoint, budget.metric): budget for budget in series.budgets}
    findings = tuple(_failure(past, key, limits.get(key)) for key in past.failed)
    verdict = Verdict(
        run=past.run.id,
        name=past.run.name,
        outcome=past.outcome,
        findings=findings,
        acceptances=past.acceptances,
        notes=(note("PG-C012", FROM_HISTORY),),
    )
    failed = ", ".join(f"{plain(name, MAX_NAME_CHARS)} {plain(metric, 40)}" for name, metric in past.failed[:3])
    more = and_more(len(past.failed), 3)
    headline = f"{words.word(past.outcome).upper()}{f': {failed}{more}' if failed else ''}"
    facts = Facts(verdict=verdict, run=past.run, past_runs=series.runs)
    return page.render(facts, headline=headline, up=f"../{INDEX}")


def _failure(past: PastRun, key: tuple[str, str], budget: Budget | None) -> Finding:
    endpoint, metric = key
    value = value_in(by_name(past.run).get(endpoint), metric)
    return Finding(
        endpoint=endpoint,
        metric=metric,
        outcome=Outcome.FAIL,
        reason="remembered",
        sentence=f"{endpoint} {metric} failed with {words.value(metric, value)}.",
        measured=value,
        criteria=_limits(budget),
    )


def _limits(budget: Budget | None) -> tuple[CriterionResult, ...]:
    """The fixed limits of the budget file as it is now."""
    fixed = [criterion for criterion in budget.criteria if criterion.kind is Kind.ABSOLUTE] if budget else []
    return tuple(
        CriterionResult(kind=item.kind, limit=item.limit, text=item.text, severity=item.severity, outcome=Outcome.PASS)
        for item in fixed
    )


def index(series: Sequence[Series], pages: Mapping[str, str]) -> str:
    """The page of everything; `pages` says which run has one of its own."""
    data: list[Data] = []
    lines: list[list[Data]] = []
    shown = [_series(line, pages, data, lines) for line in series]
    names = dict.fromkeys(plain(line.name, MAX_NAME_CHARS) for line in series)
    values = {"title": f"Performance of {', '.join(names)}" if names else "Performance", "series": shown}
    return frame.render(
        "site.html.j2",
        {**values, "metric": METRIC},
        {"levels": page_data.LEVELS, "here": False, "lines": lines, "endpoints": data},
    )


def _series(series: Series, pages: Mapping[str, str], data: list[Data], lines: list[list[Data]]) -> Data:
    """One section in words; what it draws is added to `data` and `lines`."""
    newest = newest_of_line(series.runs)
    alike = [past for past in series.runs if is_alike(past.run, newest.run)]
    line = page_data.Line(runs=tuple(reversed(alike[: page_data.MAX_TREND_RUNS])))
    results = by_name(newest.run)
    failed = {endpoint for endpoint, _ in newest.failed}
    rows = []
    for name in dict.fromkeys((*(result for result in results if result in failed), *results)):
        judged = [_finding(newest, budget) for budget in series.budgets if budget.endpoint == name]
        trends = page_data.trends(line, name, judged)
        trends.sort(key=lambda item: item["metric"] != METRIC)
        row = {"at": len(data), "name": plain(name, MAX_NAME_CHARS), "failed": name in failed, "trends": trends}
        row |= {"measured": page.measured(results[name]), "is_open": name in failed, "spark": _spark(trends)}
        rows.append(row)
        data.append({"name": row["name"], "line": len(lines), "failed": name in failed, "trends": trends})
    lines.append(page_data.runs(line.runs))
    return {
        "name": plain(series.name, MAX_NAME_CHARS),
        "branch": plain(series.branch, 60) if series.branch else "an unknown branch",
        "outcome": newest.outcome.value,
        "failed": newest.outcome in NEVER_A_BASELINE,  # what else became of the others, the history does not keep
        "summary": f"Newest: {words.revision(newest.run)}. {words.runs(len(alike))} shown.{_apart(series, alike)}",
        "rows": rows,
        "runs": [
            _run(past, {**context, "kind": kind(past.run, newest.run)}, pages)
            for past, context in zip(series.runs, page_data.runs(series.runs), strict=True)
        ],
    }


def _apart(series: Series, alike: Sequence[PastRun]) -> str:
    number = len(series.runs) - len(alike)
    return f" {words.runs(number)} of another load, or A/B, listed below but not drawn." if number else ""


def _run(past: PastRun, context: Data, pages: Mapping[str, str]) -> Data:
    word = max(past.acceptances, key=lambda acceptance: acceptance.at, default=None)
    text = f"by {plain(word.author, 40)}: {plain(word.reason, 200)}" if word else ""
    return {**context, "page": pages.get(past.run.id, ""), "accepted": text}


def _finding(newest: PastRun, budget: Budget) -> Finding:
    return Finding(
        endpoint=budget.endpoint,
        metric=budget.metric,
        outcome=newest.outcome,
        reason="",
        sentence="",
        criteria=_limits(budget),
    )


def _spark(trends: Sequence[Data]) -> str:
    """What the small picture shows, in words."""
    if not trends:
        return ""
    values = [value for value in trends[0]["values"] if value is not None][-20:]
    metric = trends[0]["metric"]
    first, last = words.value(metric, values[0]), words.value(metric, values[-1])
    return f"{metric} over {words.runs(len(values))}: {first} to {last}"
