"""Whether the load generator was well enough for a verdict: doubts that make findings inconclusive, each with its cure.

The rules (docs/engine.md tells them to users):
- Fewer than 95 % of the planned starts were made: the load was another one, nothing can be said.
- Starts were late. A late start is no latency, but late starts come in bursts, and those make the target slow. A limit
  on a percentile q is in doubt when the share 1-q of the latest starts was late by over a tenth of the limit.
- Over 1 % of the requests could not be sent for want of the generator's own ports, file descriptors or memory.
- The generator had no CPU left: rates say what the generator could do, and without the kernel's clock latencies do too.
- Arrivals were dropped because all virtual users were busy, the load was ended early, or a process was lost: what has
  not been measured cannot pass. It can fail.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from perfgate import shortages
from perfgate.model.budget_file import Budget, Kind
from perfgate.model.metric import METRICS, Unit
from perfgate.model.outcome import Outcome
from perfgate.model.run import Run
from perfgate.units import format_value

ACHIEVED = 0.95  # of the planned starts
BLUR = 0.1  # of the limit
UNSENT = 0.01  # of all requests
BUSY = 0.95  # of one core
DECIDED = frozenset({Outcome.FAIL, Outcome.WARN, Outcome.NO_BASELINE, Outcome.IMPROVED, Outcome.PASS})
RELIEF = "use --processes 2 (or more machines), or lower the rate"


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """`also_fails`: not even a failure can be believed."""

    text: str
    also_fails: bool = True

    def changes(self, outcome: Outcome) -> bool:
        return outcome in DECIDED and (self.also_fails or outcome is not Outcome.FAIL)


def doubts(budget: Budget, run: Run) -> Iterator[Doubt]:
    """What speaks against judging this budget by this run, worst first."""
    generator = run.generator
    if not run.aborted and generator.sent < ACHIEVED * generator.due:
        yield Doubt(
            text=f"the load generator made only {generator.sent / generator.due:.0%} of the planned starts; {RELIEF}"
        )
    elif generator.workers_lost and not generator.due:
        yield Doubt(text=f"{generator.workers_lost} of {generator.workers} load-generator processes were lost")
    metric = METRICS[budget.metric]
    if metric.unit is Unit.SECONDS:
        yield from _late(budget, run)
        if generator.cpu >= BUSY and not generator.clock.startswith("kernel"):
            yield Doubt(text=f"the load generator had no CPU left and no kernel clock to measure by; {RELIEF}")
    if metric.unit is Unit.PER_SECOND and generator.cpu >= BUSY:
        yield Doubt(text=f"the load generator had no CPU left, so the rate is its own; {RELIEF}")
    if generator.due and generator.dropped > (1 - ACHIEVED) * generator.due:
        yield Doubt(
            text=f"{generator.dropped:,} arrivals found no free virtual user; raise load.max_users", also_fails=False
        )
    yield from _unsent(run)
    if run.aborted:
        yield Doubt(text=f"the load was ended early: {run.aborted}", also_fails=False)


def _unsent(run: Run) -> Iterator[Doubt]:
    unsent = sum(run.generator.unsent.values())
    if unsent > UNSENT * (unsent + sum(endpoint.requests for endpoint in run.endpoints)):
        worst = max(run.generator.unsent, key=lambda shortage: run.generator.unsent[shortage])
        yield Doubt(text=f"the load generator could not send {unsent:,} requests: {shortages.explain(worst)}")


def _late(budget: Budget, run: Run) -> Iterator[Doubt]:
    limits = [criterion.limit for criterion in budget.criteria if criterion.kind is Kind.ABSOLUTE]
    extreme = budget.metric in ("p99", "max")
    late = run.generator.lateness_p99 if extreme else run.generator.lateness_p95
    if limits and late > BLUR * min(limits):
        shown = format_value(Unit.SECONDS, late)
        yield Doubt(
            text=f"{'1 %' if extreme else '5 %'} of the starts were late by {shown} or more, which blurs a limit of "
            f"{format_value(Unit.SECONDS, min(limits))}; {RELIEF}"
        )
