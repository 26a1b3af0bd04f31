"""Facts: what every report is told from (the verdict, its run and the runs before it), with the look-ups all need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from math import isfinite

from perfgate.model.diagnosis import Diagnosis
from perfgate.model.metric import metric_of
from perfgate.model.outcome import BADNESS, Outcome
from perfgate.model.page import PageDetail
from perfgate.model.run import Acceptance, EndpointResult, PastRun, Run
from perfgate.model.verdict import Finding, Verdict
from perfgate.recording.usable import is_usable
from perfgate.text.units import parse_moment

AB, OTHER_LOAD = "A/B", "other load"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """`past_runs` newest first, of the same name; this run and later ones among them are left out."""

    verdict: Verdict
    run: Run
    past_runs: tuple[PastRun, ...] = ()
    diagnosis: Diagnosis | None = None

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Worst first; among equals the likely cause of an overload, then what moved most, then as in the budget
        file."""
        cause = self.verdict.overload.cause if self.verdict.overload else ""
        return tuple(
            sorted(self.verdict.findings, key=lambda finding: _badness(finding, is_cause=finding.endpoint == cause))
        )

    @cached_property
    def results(self) -> Mapping[str, EndpointResult]:
        return by_name(self.run)

    @cached_property
    def before(self) -> tuple[PastRun, ...]:
        """The earlier runs of the same load and kind, oldest first: only they are on one line with this one."""
        return tuple(past for past in self._earlier if is_alike(past.run, self.run))

    @cached_property
    def apart(self) -> int:
        """How many earlier runs are of another load or kind."""
        return len(self._earlier) - len(self.before)

    @cached_property
    def _earlier(self) -> tuple[PastRun, ...]:
        this, now = self.run, _when(self.run)
        return tuple(past for past in reversed(self.past_runs) if past.run.id != this.id and _when(past.run) <= now)

    @cached_property
    def line_of_runs(self) -> tuple[PastRun, ...]:
        """Oldest first, this run last: as the history would keep it."""
        failed = tuple((f.endpoint, f.metric) for f in self.verdict.findings if f.outcome is Outcome.FAIL)
        later = next((past.acceptances for past in self.past_runs if past.run.id == self.run.id), ())
        words = tuple(dict.fromkeys((*self.verdict.acceptances, *later)))
        return (*self.before, PastRun(run=self.run, outcome=self.verdict.outcome, failed=failed, acceptances=words))

    def values(self, endpoint: str, metric: str) -> tuple[float | None, ...]:
        """One metric over the runs, oldest first, this run last; None where it was not measured."""
        return tuple(value_in(results.get(endpoint), metric) for results in self._results_of_runs)

    def baseline_runs(self, finding: Finding) -> tuple[PastRun, ...]:
        """The runs that the finding was compared with, oldest first: those of them that are still on record.

        A verdict of an older version tells the runs of all findings together and how many this one had: the newest of
        those that could serve.
        """
        if finding.baseline_ids:
            own = set(finding.baseline_ids)
            return tuple(past for past in self.before if past.run.id in own)
        if not finding.baseline_runs:
            return ()
        key, ids = (finding.endpoint, finding.metric), set(self.verdict.baseline_runs)
        able = [past for past in self.before if past.run.id in ids and is_usable(past, key)]
        return tuple(able[-finding.baseline_runs :])

    @cached_property
    def pages_before(self) -> Mapping[str, PageDetail]:
        """Pages whose content breaks a limit, as they were on the base, or in the newest run of their baseline."""
        known: dict[str, PageDetail] = {}
        for finding in self.findings:
            metric = metric_of(finding.metric)
            if metric and metric.is_of_page and metric.is_fact and finding.outcome in (Outcome.FAIL, Outcome.WARN):
                runs = [self.run] if self.run.arms else [past.run for past in reversed(self.baseline_runs(finding))]
                own = (item for run in runs for item in run.pages if item.name == finding.endpoint)
                details = [item for item in own if item.arm in ("", "base")]
                known |= {finding.endpoint: details[0]} if details else {}
        return known

    @cached_property
    def _results_of_runs(self) -> tuple[Mapping[str, EndpointResult], ...]:
        return tuple(by_name(past.run) for past in self.line_of_runs)


def _badness(finding: Finding, *, is_cause: bool) -> tuple[int, bool, float]:
    metric = metric_of(finding.metric)
    rise = finite(finding.change) or 0.0
    worse = -rise if metric and metric.higher_is_better else rise
    return BADNESS[finding.outcome], not is_cause, worse if finding.outcome is Outcome.IMPROVED else -worse


def is_alike(item: Run, other: Run) -> bool:
    """Whether two runs may be joined by a line: the same load, both A/B tests or both not (each arm of one has half of
    the load), and latency means the same."""
    return (bool(item.arms), item.conditions.load_digest, item.conditions.latency) == (
        bool(other.arms),
        other.conditions.load_digest,
        other.conditions.latency,
    )


def newest_of_line(past_runs: Sequence[PastRun]) -> PastRun:
    """Picks, from runs newest first (at least one): the newest that is no A/B test, whose load and kind a line has."""
    return next((past for past in past_runs if not past.run.arms), past_runs[0])


def kind(run: Run, line: Run) -> str:
    """What sets a run apart from a line of runs; empty for one that belongs to it."""
    if run.arms:
        return AB
    return "" if is_alike(run, line) else OTHER_LOAD


def _when(run: Run) -> datetime:
    """Moment of a time in any zone; one without a zone is UTC, and one that cannot be read is before all others."""
    try:
        return parse_moment(run.started)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)


def by_name(run: Run) -> Mapping[str, EndpointResult]:
    return {result.name: result for result in run.endpoints}


def value_in(result: EndpointResult | None, metric: str) -> float | None:
    return None if result is None else finite(result.metrics.get(metric))


def finite(value: float | None) -> float | None:
    """A file from outside may hold NaN and infinities: not a measurement."""
    return value if value is not None and isfinite(value) else None


def acceptance(past: PastRun, endpoint: str, metric: str) -> str | None:
    """The reason why this run's level was accepted for this series; the newest word counts."""
    word = accepted(past, endpoint, metric)
    return word.reason if word else None


def accepted(past: PastRun, endpoint: str, metric: str) -> Acceptance | None:
    """The newest word by which this run's level was accepted for this series."""
    words = [a for a in past.acceptances if a.endpoint in ("", endpoint) and a.metric in ("", metric)]
    return max(words, key=lambda word: word.at, default=None)
