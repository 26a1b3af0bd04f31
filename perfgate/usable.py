"""Which earlier runs a series (one metric of one endpoint) may be judged by: for the gate, which chooses them, and for
`perfgate history prune`, which must leave them."""

from __future__ import annotations

from perfgate.model.outcome import NEVER_A_BASELINE
from perfgate.model.run import PastRun, Run

ACHIEVED = 0.95  # of the planned starts

Key = tuple[str, str]  # endpoint and metric
Requests = tuple[str, str, tuple[tuple[str, str], ...]]


def is_usable(past: PastRun, key: Key) -> bool:
    """Whether the series was measured to the end, and did not fail or was accepted."""
    return (
        not past.run.interrupted and _is_measured(past.run, key) and (is_accepted(past, key) or not _failed(past, key))
    )


def is_as_planned(run: Run) -> bool:
    """Whether the load was the planned one, to the end: only then may other runs be compared with it."""
    generator = run.generator
    is_lost = bool(generator.workers_lost) and not generator.due
    is_short = generator.sent < ACHIEVED * generator.due or generator.dropped > (1 - ACHIEVED) * generator.due
    return not (run.interrupted or run.aborted or is_lost or is_short)


def is_accepted(past: PastRun, key: Key) -> bool:
    return any(one.endpoint in ("", key[0]) and one.metric in ("", key[1]) for one in past.acceptances)


def requests(run: Run, endpoint: str) -> Requests:
    """What was sent to an endpoint, under which load, and what latency meant: where it is the same, runs compare."""
    conditions = run.conditions
    digests = conditions.endpoint_digests.get(endpoint, {})
    return conditions.load_digest, conditions.latency, tuple(sorted(digests.items()))


def _is_measured(run: Run, key: Key) -> bool:
    return any(one.name == key[0] and key[1] in one.metrics for one in run.endpoints)


def _failed(past: PastRun, key: Key) -> bool:
    """A series that failed excludes itself; a run that does not say what failed is left out whole."""
    return key in past.failed if past.failed else past.outcome in NEVER_A_BASELINE
