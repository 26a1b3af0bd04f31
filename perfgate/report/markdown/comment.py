"""The comment in a pull request, and the same at length for a job's summary.

In sight: the verdict in words, what it was compared with, a table of what failed or moved, the worst as a picture, a
sentence for each. Folded: everything else. The template only lays out: all it is given is safe Markdown already.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from perfgate.model.outcome import Outcome
from perfgate.model.verdict import Finding
from perfgate.report import diagnosis_text, undecided, words
from perfgate.report.charts import trend_picture
from perfgate.report.escaping import attribute, code, code_tag, prose
from perfgate.report.facts import Facts, finite
from perfgate.report.headline import headline, split_by_baseline
from perfgate.report.markdown import mermaid, report_md
from perfgate.report.markdown.commands import command_lines
from perfgate.report.markdown.report_md import EMOJI, TableRows
from perfgate.report.sparkline import sparkline
from perfgate.report.templates import template
from perfgate.text.notes import bare
from perfgate.text.plurals import counted

MAX_COMMENT_UNITS = 64_000  # UTF-16 units, as browsers count; GitHub takes 65,536, and a publisher adds its mark
MAX_SUMMARY_BYTES = 900_000  # bytes of UTF-8; a job's summary holds 1 MiB
ROW_LIMITS = (1000, 400, 200, 100, 50, 25, 10, 3)  # of each folded table: the most that fit
MAX_OPEN_FINDINGS = 8  # findings; the other ones that failed or moved are folded
MAX_CHARTS = 3  # of findings that failed, the first in sight
MAX_OPEN_DOUBTS = 3  # in sight
_QUANTITY = re.compile(r"[-+0-9.,]+ [^ ]+")


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A chart that lies somewhere on the web: addresses of its light and its dark version."""

    endpoint: str
    metric: str
    text: str
    light: str
    dark: str


@dataclass(frozen=True, kw_only=True)
class ChartBlock:
    """A chart with its caption, as Markdown."""

    caption: str  # safe in Markdown and in HTML
    body: str
    has_own_caption: bool = False  # whether `body` has the caption's words in it


def render(facts: Facts, pictures: Sequence[Picture] = (), *, charts: bool = True, link: str = "") -> str:
    """The comment, under 64,000 characters, however many endpoints there are. `link`: where the whole report is, an
    address.

    `charts` off: none, neither pictures nor text that the page draws.
    """
    page = ""
    blocks = list(_chart_blocks(facts, pictures)) if charts else []
    for max_rows in ROW_LIMITS:
        page = _rendered(facts, blocks, max_rows, link)
        if len(page.encode("utf-16-le", errors="replace")) // 2 < MAX_COMMENT_UNITS:
            break
    return page


def summary(facts: Facts) -> str:
    """The job summary, under 900,000 bytes."""
    page = ""
    blocks = list(_chart_blocks(facts, ()))
    for max_rows in ROW_LIMITS:
        page = _rendered(facts, blocks, max_rows, "")
        if len(page.encode(errors="replace")) < MAX_SUMMARY_BYTES:
            break
    return page


def charted(facts: Facts) -> tuple[Finding, ...]:
    """What is shown with its course, at most three: the worst that failed, where there is one."""
    if len(facts.line_of_runs) < 2:
        return ()
    failed = [finding for finding in facts.findings if finding.outcome is Outcome.FAIL]
    return tuple(finding for finding in failed[:MAX_CHARTS] if finite(finding.measured) is not None)


def _rendered(facts: Facts, blocks: Sequence[ChartBlock], max_rows: int, link: str) -> str:
    return template("comment.md.j2").render(_page(facts, blocks, max_rows, link))


def _page(facts: Facts, blocks: Sequence[ChartBlock], max_rows: int, link: str) -> dict[str, object]:
    moved = [finding for finding in facts.findings if finding.outcome is not Outcome.PASS]
    remaining = [finding for finding in facts.findings if finding.outcome is Outcome.PASS]
    context, _ = split_by_baseline(facts, moved)  # many that only lack a baseline are one sentence
    in_sight, more = undecided.split(facts, context, MAX_OPEN_FINDINGS)
    advice = undecided.what_would_decide(facts)
    lacking = [finding for finding in moved if finding not in context]
    doubts = [prose(bare(doubt)) for doubt in words.doubts(facts)]
    results = [result for result in report_md.worst_first(facts) if result.kind != "page"]
    return {
        "mark": EMOJI[undecided.appearance(facts)],
        "name": code(facts.verdict.name),
        "headline": headline(facts, code),
        "compared": report_md.compared_with(facts),
        "revision": prose(words.revision(facts.run)),
        "moved": _table(facts, in_sight),
        "advice": prose(advice) if advice else "",
        "advice_first": undecided.is_first(facts),
        "sentences": list(report_md.sentence_lines(facts, [*in_sight, *lacking])),
        "doubts": doubts[:MAX_OPEN_DOUBTS],
        "blocks": blocks,
        "more": _table(facts, more, max_rows),
        "more_count": _kinds(more) if in_sight else counted(len(more), "undecided budget"),
        "more_sentences": list(report_md.sentence_lines(facts, more[:max_rows])),
        "lacking": _table(facts, lacking, max_rows),
        "lacking_count": counted(len(lacking), "budget"),
        "kept": _table(facts, remaining, max_rows),
        "kept_count": counted(len(remaining), "budget"),
        "why": diagnosis_text.markdown_lines(facts.diagnosis),
        "evidence": diagnosis_text.evidence(facts.diagnosis),
        "why_doubts": [prose(doubt) for doubt in diagnosis_text.doubts(facts.diagnosis)],
        "watch": [words.watched(item, code) for item in facts.verdict.watch[:max_rows]],
        "watch_count": len(facts.verdict.watch),
        "results": TableRows(
            rows=tuple(tuple(map(_unbroken, report_md.result_row(result))) for result in results[:max_rows]),
            rest=report_md.rest_of(len(results) - max_rows, "endpoint"),
        ),
        **report_md.pages(facts, max_rows),
        "examples": list(report_md.example_lines(results[:max_rows])),
        "conditions": list(report_md.condition_lines(facts)),
        "more_doubts": doubts[MAX_OPEN_DOUBTS : MAX_OPEN_DOUBTS + max_rows],
        "commands": list(command_lines(facts)),
        "failed": facts.verdict.outcome is Outcome.FAIL,
        "link": attribute(link, 500) if link.startswith(("https://", "http://")) else "",
    }


def _kinds(findings: Sequence[Finding]) -> str:
    """ "12 more: 9 fail, 3 warn"."""
    counts = Counter(words.word(finding.outcome) for finding in findings)
    return f"{len(findings):,} more: {', '.join(f'{count:,} {word}' for word, count in counts.items())}"


def _table(facts: Facts, findings: Sequence[Finding], max_rows: int = MAX_OPEN_FINDINGS) -> TableRows:
    rest = f"and {_kinds(findings[max_rows:])}" if len(findings) > max_rows else ""
    return TableRows(rows=tuple(_row(facts, finding) for finding in findings[:max_rows]), rest=rest)


def _row(facts: Facts, finding: Finding) -> tuple[str, ...]:
    """Few columns, and numbers that stay with their units: what is wider than a comment is cut off at the right."""
    measured = words.value(finding.metric, finding.measured)
    bold = finding.outcome is Outcome.FAIL and finite(finding.measured) is not None
    result = facts.results.get(finding.endpoint)
    line = sparkline(facts.values(finding.endpoint, finding.metric))
    return (
        EMOJI[finding.outcome],
        f"{code(finding.endpoint, 50)} {prose(finding.metric, 40)}{f'<br>{line}' if line else ''}",
        f"**{_whole(measured)}**" if bold else _whole(measured),
        _whole(words.value(finding.metric, finding.baseline)),
        _change(finding),
        "<br>".join(_limits(finding)),
        _whole(words.detectable(finding)),
        _whole(words.share(result.failures, result.requests) if result else words.NOTHING),
    )


def _limits(finding: Finding) -> Iterator[str]:
    for criterion in finding.criteria:
        text = _whole(words.marked_limit(finding, criterion))
        yield f"**{text}**" if words.is_broken(criterion) else text


def _change(finding: Finding) -> str:
    """ "+59.8 %" over "+52 to +68 %": what was seen over what it may be."""
    text = words.change_of(finding, finding.change)
    edges = finding.interval
    if finite(finding.change) is None or edges is None or None in (finite(edges[0]), finite(edges[1])):
        return _whole(text)
    low, high = (words.change_of(finding, edge) for edge in edges)
    low = low.removesuffix(" %").removesuffix(" pp")
    interval = f"{'own ' if finding.own_change is not None else ''}{low} to {high}"
    return f"{_whole(text)}<br><sub>{_whole(interval)}</sub>"


def _whole(text: str) -> str:
    """The text without line breaks."""
    return prose(text).replace(" ", "&nbsp;")


def _unbroken(cell: str) -> str:
    """A number stays with its unit, if that is all there is in the cell."""
    return cell.replace(" ", "&nbsp;") if _QUANTITY.fullmatch(cell) else cell


def _chart_blocks(facts: Facts, pictures: Sequence[Picture]) -> Iterator[ChartBlock]:
    """A picture where there is one, else a drawing from text."""
    there = {(picture.endpoint, picture.metric): picture for picture in pictures}
    for finding in charted(facts):
        drawn = there.get((finding.endpoint, finding.metric))
        if drawn:
            yield ChartBlock(caption=_about(finding), body=_picture(drawn), has_own_caption=True)
        else:
            yield ChartBlock(caption=_caption(finding), body=mermaid.chart(trend_picture.decide(facts, finding)))


def _caption(finding: Finding) -> str:
    """What the bars and lines are."""
    parts = [f"this run {words.value(finding.metric, finding.measured)}"]
    decisive = words.decisive(finding)
    if decisive:
        limit = words.limit_value(decisive, finding.baseline)
        parts.append(f"limit {words.value(finding.metric, limit)} (orange line)")
    if finite(finding.baseline) is not None:
        parts.append(f"baseline {words.value(finding.metric, finding.baseline)} (blue line)")
    return f"{_about(finding)}, oldest to newest: {', '.join(parts)}"


def _about(finding: Finding) -> str:
    return f"{code_tag(finding.endpoint, 50)} {prose(finding.metric, 40)}"


def _picture(picture: Picture) -> str:
    light, dark = attribute(picture.light, 1000), attribute(picture.dark, 1000)
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="{dark}">'
        f'<img src="{light}" width="720" alt="{attribute(picture.text)}"></picture>'
    )
