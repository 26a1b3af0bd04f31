"""Whether a run can be believed: doubts that make findings inconclusive, each with its cure.

The rules (docs/engine.md tells them to users):
- Fewer than 95 % of the planned starts were made: the load was another one, nothing can be said.
- Starts were late. A late start is no latency, but late starts come in bursts, and those make the target slow. So a
  value over an absolute limit is in doubt while it is over it by less than three times the lateness of the latest
  starts (of the share 1-q, for a percentile q). A value far over the limit is over it, and one within it is within it.
- Over 1 % of the requests could not be sent for want of the generator's own ports, file descriptors or memory.
- The generator had no CPU left: rates say what the generator could do, and without the kernel's clock latencies do too.
- Iterations were left out because no row of data was left for them: the load was another one, nothing can be said.
- Exceptions of scenarios ended iterations, over 5 % of them and the requests: what would have followed was not sent.
- Arrivals were dropped because all virtual users were busy, the load was ended early or interrupted, or a process was
  lost: what has not been measured cannot pass. It can fail.
- None of that is said of what no load changes, such as queries per request: these are facts of the code.
- Most requests of an A/B test's base failed: latencies are compared with those of the few that did not.
- More requests failed than a percentile leaves out: the successes' percentile says nothing of the service, and cannot
  pass, and neither can their first bytes, their mean size or what was counted of them. Timeouts are such failures too:
  as values they only lift a percentile over its limit, and those of a connection or a first byte not even that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from perfgate.gate.absolute import quantile_of
from perfgate.gate.comparison import results_by_name
from perfgate.gate.verdict.failure_words import attempts
from perfgate.model.budget_file import Budget, Kind
from perfgate.model.metric import METRICS, Metric, Unit
from perfgate.model.outcome import Outcome
from perfgate.model.run import EndpointResult, Run
from perfgate.recording import shortages
from perfgate.recording.usable import (
    MIN_STARTED_SHARE,
    failed_share,
    is_broken_off,
    is_mostly_failed,
    is_short_of_resources,
)
from perfgate.text.plurals import counted
from perfgate.text.units import format_value

LATENESS_FACTOR = 3.0  # times the lateness by which a value must be over its limit
BUSY_CORE_SHARE = 0.95  # of one core
MIN_FAILED_SHARE = 0.05  # of failures, from which a mean of the successes is in doubt
BROKEN = frozenset({Outcome.FAIL, Outcome.WARN})
UNBROKEN = frozenset({Outcome.NO_BASELINE, Outcome.IMPROVED, Outcome.PASS})
RELIEF = "use --processes 2 (or more machines), or lower the rate"


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """`text` for people. `outcomes` are those that cannot be believed, of criteria of `kind` only, if one is named."""

    text: str
    outcomes: frozenset[Outcome] = BROKEN | UNBROKEN
    kind: Kind | None = None
    reason: str = "load-generator"  # for programs

    def changes(self, outcome: Outcome, kind: Kind) -> bool:
        return outcome in self.outcomes and self.kind in (None, kind)


def doubts(budget: Budget, run: Run) -> Iterator[Doubt]:
    """What speaks against judging this budget by this run, worst first."""
    result = results_by_name(run).get(budget.endpoint)
    if run.interrupted:
        yield Doubt(text="the run was interrupted; measure again", outcomes=UNBROKEN, reason="ended-early")
    if result is not None and result.kind == "page":  # no load generator had a part in it
        if budget.metric != "errors":
            yield from _failing_base(budget, run)
            yield from _failing(budget, result)
        return
    if METRICS[budget.metric].is_fact:
        yield from _failing_base(budget, run)
        yield from _failing(budget, result) if result is not None else ()
        return
    yield from _missing_starts(run)
    yield from _of_metric(budget, run, result)
    yield from _unsent(run)
    yield from _cut_short(run)


def _missing_starts(run: Run) -> Iterator[Doubt]:
    """The load was another one than planned."""
    generator = run.generator
    if generator.without_rows > (1 - MIN_STARTED_SHARE) * generator.due:
        left_out = counted(generator.without_rows, "iteration")
        yield Doubt(
            text=f"{left_out} had no row of data left: the load was another one than planned; add rows, or let them "
            "begin again",
            reason="out-of-data",
        )
    elif not run.aborted and generator.sent < MIN_STARTED_SHARE * generator.due:
        yield Doubt(
            text=f"the load generator made only {generator.sent / generator.due:.0%} of the planned starts; {RELIEF}"
        )
    elif generator.workers_lost and not generator.due:
        lost = f"{generator.workers_lost} of {generator.workers} load-generator processes were lost"
        yield Doubt(text=f"{lost}; use fewer processes or users, or more memory", reason="workers-lost")


def _of_metric(budget: Budget, run: Run, result: EndpointResult | None) -> Iterator[Doubt]:
    """What the load generator's health, failures and dropped arrivals say against this metric."""
    generator, metric = run.generator, METRICS[budget.metric]
    if metric.is_latency:
        if result is not None:
            yield from _late(budget, run, result)
        if generator.cpu >= BUSY_CORE_SHARE and not generator.clock.startswith("kernel"):
            yield Doubt(text=f"the load generator had no CPU left and no kernel timestamps to measure by; {RELIEF}")
    if result is not None and _is_of_successes(metric):
        yield from _failing_base(budget, run)
        yield from _failing(budget, result)
    if metric.unit is Unit.PER_SECOND and generator.cpu >= BUSY_CORE_SHARE:
        yield Doubt(text=f"the load generator had no CPU left, so the rate is its own; {RELIEF}")
    if generator.due and generator.dropped > (1 - MIN_STARTED_SHARE) * generator.due:
        yield Doubt(
            text=f"{generator.dropped:,} arrivals found no free virtual user; allow more: load.max_users, maxVUs of k6",
            outcomes=UNBROKEN,
            reason="too-few-users",
        )


def _cut_short(run: Run) -> Iterator[Doubt]:
    if is_broken_off(run):
        raised = counted(run.generator.exceptions, "exception")
        yield Doubt(
            text=f"the scenarios raised {raised}, and what would have followed was "
            "not sent; mend them (the warnings have the messages, locust.log the tracebacks)",
            outcomes=UNBROKEN,
            reason="scenario-exceptions",
        )
    if run.aborted:
        yield Doubt(text=f"the load was ended early: {run.aborted}", outcomes=UNBROKEN, reason="ended-early")


def _is_of_successes(metric: Metric) -> bool:
    """Failures have no part in it; memory is the service's, whatever it answers, and a rate falls with them."""
    return metric.name not in ("errors", "rate", "memory_growth")


def _unsent(run: Run) -> Iterator[Doubt]:
    if is_short_of_resources(run):
        unsent = run.generator.unsent
        worst = max(unsent, key=lambda shortage: unsent[shortage])
        yield Doubt(
            text=f"the load generator could not send {sum(unsent.values()):,} requests: {shortages.explain(worst)}",
            reason="out-of-resources",
        )


def _late(budget: Budget, run: Run, result: EndpointResult) -> Iterator[Doubt]:
    extreme = budget.metric in ("p99", "max")
    late = run.generator.lateness_p99 if extreme else run.generator.lateness_p95
    measured = result.metrics.get(budget.metric, 0.0)
    limits = [
        criterion.limit
        for criterion in budget.criteria
        if criterion.kind is Kind.ABSOLUTE and criterion.limit < measured
    ]
    if limits and measured - max(limits) < LATENESS_FACTOR * late:
        shown = format_value(Unit.SECONDS, late)
        yield Doubt(
            text=f"{'1 %' if extreme else '5 %'} of the starts were late by {shown} or more, and the value is over its "
            f"limit by {format_value(Unit.SECONDS, measured - max(limits))} only; {RELIEF}",
            outcomes=BROKEN,
            kind=Kind.ABSOLUTE,
        )


def _failing_base(budget: Budget, run: Run) -> Iterator[Doubt]:
    """What is compared with the few requests of the base that succeeded is neither better nor worse."""
    base = next(
        (endpoint for arm in run.arms[:1] for endpoint in arm.endpoints if endpoint.name == budget.endpoint), None
    )
    if base is not None and is_mostly_failed(base):
        yield Doubt(
            reason="too-many-failures",
            text=f"{failed_share(base):.0%} of the base's {attempts(base)} failed, and its {budget.metric} is that of "
            "the others; see why they fail",
            outcomes=BROKEN | UNBROKEN - {Outcome.NO_BASELINE},
            kind=Kind.RELATIVE,
        )


def _failing(budget: Budget, result: EndpointResult) -> Iterator[Doubt]:
    quantile = quantile_of(budget.metric)
    left_out = 1 - quantile if quantile else MIN_FAILED_SHARE
    share = failed_share(result)
    if share > left_out:
        yield Doubt(
            reason="too-many-failures",
            text=f"{share:.0%} of the {attempts(result)} failed, and this is the {budget.metric} of the others; "
            "limit `errors` too, and see why they fail",
            outcomes=UNBROKEN,
        )
