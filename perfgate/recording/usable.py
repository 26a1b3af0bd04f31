"""Which earlier runs a series (one metric of one endpoint) may be judged by: for the gate, which chooses them, and for
`perfgate history prune`, which must leave them."""

from __future__ import annotations

from collections.abc import Sequence

from perfgate.model.outcome import NEVER_A_BASELINE
from perfgate.model.run import EndpointResult, PastRun, Run

ERRORS = "errors"
MIN_STARTED_SHARE = 0.95  # of the planned starts
MAX_UNSENT_SHARE = 0.01  # of all requests
MAX_EXCEPTIONS_SHARE = 0.05  # of requests and exceptions: the scenarios then sent another load
MOST_FAILED_SHARE = 0.5  # of the requests of an endpoint

Key = tuple[str, str]  # endpoint and metric
Requests = tuple[str, str, str, float, tuple[tuple[str, str], ...]]
RATE_TOLERANCE = 0.01  # of a planned rate: rounding


def is_usable(past: PastRun, key: Key) -> bool:
    """Whether the series was measured as planned, and did not fail or was accepted. What an endpoint that mostly failed
    tells is of the few requests that did not: its times, its sizes, its counts, its rate."""
    result = next(
        (endpoint for endpoint in past.run.endpoints if endpoint.name == key[0] and key[1] in endpoint.metrics), None
    )
    if result is None or not is_as_planned(past.run):
        return False
    return is_accepted(past, key) or not (_failed(past, key) or (is_mostly_failed(result) and key[1] != ERRORS))


def failed_share(result: EndpointResult) -> float:
    """The share of requests that failed, 0 to 1: what is measured of answers leaves them out. Timeouts are among the
    latencies, but at the timeout that ended them: one of the connection may be below a limit."""
    return result.failures / result.requests if result.requests else 0.0


def is_mostly_failed(result: EndpointResult) -> bool:
    return failed_share(result) > MOST_FAILED_SHARE


def is_as_planned(run: Run) -> bool:
    """Whether the load was the planned one, to the end: only then may other runs be compared with it."""
    return not shortfall(run)


def shortfall(run: Run) -> str:
    """What the load lacked of the planned one, for people; empty where nothing."""
    generator = run.generator
    if run.interrupted:
        return "it was interrupted"
    if run.aborted:
        return "its load was ended early"
    if generator.sent < MIN_STARTED_SHARE * generator.due:
        return f"it made only {generator.sent / generator.due:.0%} of the planned starts"
    if generator.dropped > (1 - MIN_STARTED_SHARE) * generator.due:
        return f"it dropped {generator.dropped / generator.due:.0%} of the planned starts"
    if generator.workers_lost and not generator.due:
        return "a process of its load generator was lost"
    if is_broken_off(run):
        return f"its scenarios raised {generator.exceptions:,} exceptions"
    return "its load generator lacked ports, files or memory" if is_short_of_resources(run) else ""


def is_short_of_resources(run: Run) -> bool:
    """Whether the load generator lacked ports, files or memory for more than MAX_UNSENT_SHARE of the requests."""
    unsent = sum(run.generator.unsent.values())
    return unsent > 0 and unsent > MAX_UNSENT_SHARE * (unsent + _measured_requests(run))


def is_broken_off(run: Run) -> bool:
    """Whether exceptions of scenarios ended so many iterations that the load was another one. They count from the
    first request to the last, so all requests count beside them."""
    raised = run.generator.exceptions
    requests = run.warmup_requests + _measured_requests(run) + run.after_requests
    return raised > MAX_EXCEPTIONS_SHARE * (raised + requests)


def _measured_requests(run: Run) -> int:
    """Requests of the whole load generator: of both arms; journeys and pages send none of their own."""
    results = (*run.endpoints, *(run.arms[0].endpoints if run.arms else ()))
    return sum(result.requests for result in results if result.kind == "endpoint")


def is_accepted(past: PastRun, key: Key) -> bool:
    return any(
        acceptance.endpoint in ("", key[0]) and acceptance.metric in ("", key[1]) for acceptance in past.acceptances
    )


def requests(run: Run, endpoint: str) -> Requests:
    """What was sent to an endpoint, where to, under which load, and what latency meant: where all of it is the same,
    runs compare."""
    conditions = run.conditions
    digests = conditions.endpoint_digests.get(endpoint, {})
    rate = conditions.rates.get(endpoint, 0.0)
    return conditions.load_digest, conditions.latency, conditions.host, rate, tuple(sorted(digests.items()))


def differences(past: Run, run: Run, endpoint: str) -> tuple[str, ...]:
    """What keeps two runs of an endpoint from being compared, for people; empty where nothing does. What one of them
    does not know (older runs, other tools) is no difference."""
    then, now = past.conditions, run.conditions
    ours, theirs = now.endpoint_digests.get(endpoint, {}), then.endpoint_digests.get(endpoint, {})
    changed = [part for part in {**theirs, **ours} if ours.get(part) != theirs.get(part)]
    reasons = [f"its {listed(changed)} changed"] if changed else []
    if then.latency != now.latency:
        reasons.append(f"latency was something else, {then.latency}")
    elif then.load_digest != now.load_digest:
        reasons.append(f"the load changed from {then.load}")
    if then.host and now.host and then.host != now.host:
        reasons.append(f"it was sent to {then.host}")
    before, rate = then.rates.get(endpoint), now.rates.get(endpoint)
    if before and rate and abs(before / rate - 1) > RATE_TOLERANCE:
        reasons.append(f"its share of the load changed from {before:.3g} to {rate:.3g}")
    return tuple(reasons)


def listed(words: Sequence[str]) -> str:
    return ", ".join(words[:-1]) + " and " + words[-1] if len(words) > 1 else "".join(words)


def _failed(past: PastRun, key: Key) -> bool:
    """A series that failed excludes itself; a run that does not say what failed is left out whole."""
    return key in past.failed if past.failed else past.outcome in NEVER_A_BASELINE
