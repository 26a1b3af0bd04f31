"""The load of a proposal as lines of a budget file."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from math import floor, inf

from perfgate.init.proposal import FileProposal, ProposedLoad

MIN_RATE, MAX_RATE = 20, 100  # starts per second that are proposed
RATE_PER_ENDPOINT = 5  # starts per second and endpoint
BUSY_SHARE = 0.5  # of a single worker's time, that the proposed rate takes at most
CLOSED = "closed model: each user waits for its answer"
OPEN = "open model: visitors come whether or not the target keeps up"
LONG_S = 600.0  # seconds
WARM_UP = "  warmup: 5s # never judged"


def lines(proposal: FileProposal) -> Iterator[str]:
    """What stands under `load`."""
    yield "load:"
    if proposal.load:
        yield from _levels(proposal.load)
        return
    if not proposal.users and not proposal.rate and _rate_per_worker(proposal) < _wanted_rate(proposal):
        yield f"  # an answer took {time(proposal.seconds or 0)} on average: at this rate a single worker is half busy"
    if proposal.users:
        yield f"  users: {proposal.users} # {CLOSED}, as in the locustfile"
    else:
        yield f"  rate: {_rate(proposal)} # {OPEN}"
    yield WARM_UP
    yield "  duration: 60s # some hundred requests per endpoint make a p95 that can be judged"


def _levels(load: ProposedLoad) -> Iterator[str]:
    """The load that the source says, as it is."""
    key, model = ("rate", OPEN) if load.is_open else ("users", CLOSED)
    levels = [(_per_second(level) if load.is_open else f"{max(1, round(level))}", time(s)) for level, s in load.levels]
    if len(levels) == 1:
        yield f"  {key}: {levels[0][0]} # {model}"
        yield WARM_UP
        is_long = load.levels[0][1] > LONG_S
        yield f"  duration: {levels[0][1]}{' # some minutes are enough for a verdict' if is_long else ''}"
    else:
        yield f"  # {model}; stages keep their level, so a ramp of the source is several"
        yield WARM_UP
        yield "  stages:"
        yield from (f"    - {{{key}: {level}, for: {seconds}}}" for level, seconds in levels)


def _rate(proposal: FileProposal) -> str:
    if proposal.rate:
        return _per_second(proposal.rate)
    rate = min(_wanted_rate(proposal), _rate_per_worker(proposal))
    return f"{floor(rate)}/s" if rate >= 1 else f"{max(0.1, floor(10 * rate) / 10):g}/s"


def _per_second(rate: float) -> str:
    return f"{Decimal(repr(max(0.1, round(rate, 1)))).normalize():f}/s"


def _wanted_rate(proposal: FileProposal) -> float:
    starts = sum(endpoint.weight is None for endpoint in proposal.endpoints)
    return min(MAX_RATE, max(MIN_RATE, RATE_PER_ENDPOINT * starts))


def _rate_per_worker(proposal: FileProposal) -> float:
    """What a single worker can answer and still be idle half of the time; infinite where nothing was tried."""
    return BUSY_SHARE / proposal.seconds if proposal.seconds else inf


def time(seconds: float) -> str:
    """Seconds as a budget file has them."""
    return f"{round(seconds, 1):.10g}s" if seconds >= 1 else f"{max(1, round(seconds * 1000))}ms"
