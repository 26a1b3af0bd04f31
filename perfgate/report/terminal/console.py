"""The verdict on the terminal: every endpoint, what is judged (worst first), and one line that says it all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from io import StringIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from perfgate.model.budget_file import Kind
from perfgate.model.outcome import Outcome
from perfgate.model.run import EndpointResult, Generator
from perfgate.model.verdict import Finding
from perfgate.report import diagnosis_text, page_words, trace_text, words
from perfgate.report.escaping import plain
from perfgate.report.facts import Facts, value_in
from perfgate.report.headline import headline, is_baseline_in_headline, next_step, split_by_baseline
from perfgate.report.terminal.finding_table import MAX_NAME_CHARS, STYLES, finding_table, grid, name_of
from perfgate.report.undecided import appearance, is_mostly_undecided, is_whole
from perfgate.text.notes import split
from perfgate.text.plurals import and_more

MAX_WATCHED = 5  # of the watch list
MAX_EXAMPLES = 3  # of failed requests per endpoint
MAX_UNDECIDED = 4  # undecided budgets that are named: they are much alike, and a failure should stay in sight
MAX_ROWS = 40  # of the table of findings
MAX_ROWS_WITHOUT_FAILURE = 12  # of it, where nothing failed: all is on one screen
NO_BASELINE_YET = "PG-V003"
BROKEN = (Outcome.FAIL, Outcome.NO_DATA)
QUIET_OUTCOMES = (Outcome.PASS, Outcome.NO_BASELINE)
MOVED = (*BROKEN, Outcome.WARN, Outcome.IMPROVED)


def show(facts: Facts, console: Console, *, verbose: bool = False) -> None:
    """The verdict last, beside the prompt. Everything goes in as `Text`: markup in names from outside stays text."""
    if page_words.of_load(facts.run):
        console.print(_endpoint_table(facts))
        console.print(*_arms(facts), _generator(facts.run.generator), sep="\n")
    if pages := page_words.of_pages(facts.run):
        console.print(_page_table(pages))
        for text in page_words.lines(facts.run.pages, facts.pages_before):
            console.print(Text(text, style="dim"))
    for line in _failures(facts):
        console.print(line)
    rows = _rows(facts, verbose=verbose)
    if rows:
        console.print(finding_table(rows, console.width))
    lines = [
        *_rest(facts, rows),
        *_sentences(facts, verbose=verbose),
        *_diagnosis(facts),
        *_watched(facts),
        *_doubts(facts),
        *_next(facts),
    ]
    for line in lines:
        console.print(line)
    if lines:
        console.print()
    outcome = appearance(facts)
    style = STYLES[outcome]
    code = NO_BASELINE_YET if is_baseline_in_headline(facts) else ""
    console.print(Text.assemble((f"{words.MARKS[outcome]} {headline(facts)}", style), (code and f" [{code}]", "dim")))


def text(facts: Facts, width: int = 100) -> str:
    """The report without colours, for files and pipes."""
    sink = StringIO()
    show(facts, Console(file=sink, width=width, no_color=True, force_terminal=False))
    return "\n".join(line.rstrip() for line in sink.getvalue().splitlines()) + "\n"


def _rows(facts: Facts, *, verbose: bool) -> tuple[Finding, ...]:
    """The findings with a row of their own, worst first: once something failed, what failed or moved; else all, as far
    as they fit on a screen."""
    if verbose:
        return facts.findings
    if any(finding.outcome in BROKEN for finding in facts.findings):
        return tuple(finding for finding in facts.findings if finding.outcome in MOVED)[:MAX_ROWS]
    notable = sum(finding.outcome not in QUIET_OUTCOMES for finding in facts.findings)
    if is_mostly_undecided(facts):  # they are much alike
        notable = 0
    return facts.findings[: min(MAX_ROWS, max(notable, MAX_ROWS_WITHOUT_FAILURE))]


def _rest(facts: Facts, rows: Sequence[Finding]) -> Iterator[Text]:
    """The findings without a row, by outcome."""
    counts = Counter(words.word(finding.outcome) for finding in facts.findings if finding not in rows)
    if counts:
        listed = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
        yield Text(f"not in the table: {listed} (`perfgate report --verbose`, report.md)", style="dim")


def _endpoint_table(facts: Facts) -> Table:
    table = grid(
        ("endpoint", "left"),
        ("requests", "right"),
        ("errors", "right"),
        ("p50", "right"),
        ("p95", "right"),
        ("p99", "right"),
        ("rate", "right"),
    )
    for result in page_words.of_load(facts.run):
        speeds = (Text(words.value(metric, value_in(result, metric))) for metric in ("p50", "p95", "p99", "rate"))
        table.add_row(
            name_of(result.name),
            Text(f"{result.requests:,}"),
            Text(words.share(result.failures, result.requests)),
            *speeds,
        )
    return table


def _page_table(pages: Sequence[EndpointResult]) -> Table:
    table = grid(
        ("page", "left"), ("views", "right"), ("failed", "right"), *((name, "right") for name in page_words.COLUMNS)
    )
    for result in pages:
        table.add_row(name_of(result.name), *map(Text, page_words.row(result)))
    table.caption, table.caption_justify = page_words.LEGEND, "left"
    return table


def _generator(generator: Generator) -> Text:
    return Text(f"load generator: {words.generator(generator)}")


def _arms(facts: Facts) -> Iterator[Text]:
    if facts.run.arms:
        yield Text(f"A/B test: {words.arms(facts.run.arms)}; the table above is of the head")


def _failures(facts: Facts) -> Iterator[Text]:
    """What kinds of errors each endpoint had, with examples."""
    for result in facts.run.endpoints:
        kinds = words.kinds_of_errors(result)
        if kinds:
            yield Text.assemble((f"{plain(result.name, MAX_NAME_CHARS)} errors: ", "bold"), kinds)
        for example in result.failure_examples[:MAX_EXAMPLES]:
            yield Text(f"  for example: {plain(example, 200)}")


def _sentences(facts: Facts, *, verbose: bool) -> Iterator[Text]:
    """What failed, moved or is missing, a sentence each; undecided budgets take one line together."""
    listed, without_baseline = split_by_baseline(facts, facts.findings)
    undecided = [finding for finding in listed if finding.outcome is Outcome.INCONCLUSIVE and not is_whole(finding)]
    folded = [] if verbose or len(undecided) == 1 else undecided
    for finding in listed:
        if finding.outcome is not Outcome.PASS and finding not in folded:
            yield _sentence(finding.outcome, finding.sentence, finding.code)
    if folded and facts.verdict.outcome is Outcome.INCONCLUSIVE:  # nothing was decided: one reason, with its cure
        yield _sentence(Outcome.INCONCLUSIVE, folded[0].sentence, folded[0].code)
    if folded:
        names = ", ".join(f"{plain(item.endpoint, 30)} {plain(item.metric, 20)}" for item in folded[:MAX_UNDECIDED])
        more = and_more(len(folded), MAX_UNDECIDED)
        yield _sentence(Outcome.INCONCLUSIVE, f"{len(folded)} undecided: {names}{more} (why: --verbose, report.md)")
    for sentence in without_baseline:
        yield _sentence(Outcome.NO_BASELINE, sentence, NO_BASELINE_YET)


def _next(facts: Facts) -> Iterator[Text]:
    """What to do about it."""
    failed = [finding for finding in facts.findings if finding.outcome is Outcome.FAIL]
    if failed and any(
        words.is_broken(criterion) and criterion.kind is Kind.RELATIVE for criterion in failed[0].criteria
    ):
        yield Text('if this is meant: perfgate accept latest --reason "..."', style="dim")
    if step := next_step(facts):
        yield Text(step, style="" if is_mostly_undecided(facts) else "dim")


def _sentence(outcome: Outcome, sentence: str, code: str = "") -> Text:
    return Text.assemble((f"{words.MARKS[outcome]} ", STYLES[outcome]), *_coded(sentence, code))


def _coded(sentence: str, code: str) -> tuple[str | tuple[str, str], ...]:
    """The code comes last and is not loud: it is for who wants to know more."""
    return (plain(sentence, 500), (f" [{code}]", "dim")) if code else (plain(sentence, 500),)


def _diagnosis(facts: Facts) -> Iterator[Text]:
    for line, remedy in diagnosis_text.lines(facts.diagnosis):
        yield Text.assemble(("why: ", "bold"), line)
        if remedy:
            yield Text(f"  {remedy}", style="dim")
    for line in trace_text.lines(facts.diagnosis):
        yield Text(f"  {line}", style="dim")
    for doubt in diagnosis_text.doubts(facts.diagnosis):
        yield Text.assemble("diagnosis: ", *_coded(*split(doubt)), style="dim")


def _watched(facts: Facts) -> Iterator[Text]:
    """A line: it decides nothing."""
    watch = facts.verdict.watch
    if watch:
        more = f"; {len(watch) - MAX_WATCHED} more" if len(watch) > MAX_WATCHED else ""
        context = "; ".join(words.watched(item) for item in watch[:MAX_WATCHED])
        yield Text.assemble(("probably worse, not judged: ", "bold"), plain(f"{context}{more}", 500))


def _doubts(facts: Facts) -> Iterator[Text]:
    for doubt in words.doubts(facts):
        yield Text.assemble(("note: ", "bold"), *_coded(*split(doubt)))
