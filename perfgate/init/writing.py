"""A proposal as the text of a budget file, with comments that say what to look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import floor, inf
from urllib.parse import urlsplit

from perfgate.init.proposal import NOT_SAFE, Endpoint, FileProposal, ProposedJourney, ProposedLoad
from perfgate.init.yaml_text import block, comment, flow, text

DEFAULT_TARGET = "http://127.0.0.1:8000"
LOCAL = ("127.0.0.1", "localhost", "::1")
EDITOR = "# For help in the editor: perfgate schema budgets > .perfgate/budgets.schema.json"
SCHEMA = "# yaml-language-server: $schema=.perfgate/budgets.schema.json"  # `perfgate init` writes it
MIN_RATE, MAX_RATE = 20, 100  # starts per second that are proposed
RATE_PER_ENDPOINT = 5  # starts per second and endpoint
BUSY_SHARE = 0.5  # of a single worker's time, that the proposed rate takes at most
MIN_SHARING_ENDPOINTS = 2  # endpoints with the same header, from which on it stands under `defaults`
BUDGET = {"p50": "300ms +20%", "p95": "1s +30%", "errors": "1%"}  # proposed for all endpoints
CLOSED = "closed model: each user waits for its answer"
OPEN = "open model: visitors come whether or not the target keeps up"
LONG_S = 600.0  # seconds
WARM_UP = "  warmup: 5s # never judged"
MAX_LISTED_OMISSIONS = 40  # that are listed in the file; the terminal lists all


@dataclass(frozen=True, kw_only=True)
class Context:
    """What stands in the file besides the requests. `measured` has a comment by the name of an endpoint."""

    source: str
    target: str = ""  # of the command line
    name: str = ""
    services: Sequence[tuple[str, str]] = ()  # (where it was found, command)
    set_up: str = ""  # what makes a fresh checkout ready for the first service
    start_service: bool = False  # the first service as a key, not as a comment
    measured: Mapping[str, str] = field(default_factory=dict)


def write(proposal: FileProposal, context: Context) -> str:
    """The text of the budget file."""
    shared = _shared_headers(proposal.endpoints)
    parts = [
        _head(proposal, context),
        _service(proposal, context),
        _load(proposal),
        _defaults(shared, proposal.budget),
        _endpoints(proposal, shared, context),
        _journeys(proposal.journeys),
        _scenarios(proposal.scenarios),
        _omissions(proposal),
    ]
    return "\n\n".join("\n".join(lines) for part in parts if (lines := list(part))) + "\n"


def _head(proposal: FileProposal, context: Context) -> Iterator[str]:
    target = context.target or proposal.target or DEFAULT_TARGET
    yield EDITOR
    yield SCHEMA
    yield f"# Written by `perfgate init` from {comment(context.source)}. It is yours now: change what you like."
    yield "# Next: `perfgate check`, then `perfgate doctor`, then `perfgate run`."
    yield "version: 1"
    if context.name:
        yield f"name: {text(context.name)}"
    yield f"target: ${{PERFGATE_TARGET:-{target}}} # load goes to this machine only, unless `allow: [host]`"
    for note in proposal.notes:
        yield f"# {comment(note)}"
    for name, meaning in sorted(proposal.variables.items()):
        yield f"# Set the environment variable {name}: {comment(meaning)}"


def _service(proposal: FileProposal, context: Context) -> Iterator[str]:
    target = context.target or proposal.target or DEFAULT_TARGET
    port = _port(target)
    if not context.services:
        if urlsplit(target).hostname in LOCAL:
            yield "# perfgate can start the application itself; then `perfgate run --base-ref auto` measures a branch"
            yield "# beside the commit at which it began:"
            yield "# service:"
            yield "#   command: HOW-IT-IS-STARTED --port ${PORT}"
            yield f"#   port: {port}"
        return
    (where, command), *others = context.services
    lines = [
        f"command: {flow(command)}",
        f"port: {port}",
        f"ready: {flow(_ready(proposal.endpoints))}",
        "ready_timeout: 1m",
        *(
            [f"setup: {flow(context.set_up)} # with --base-ref, in the checkout of each version"]
            if context.set_up
            else []
        ),
    ]
    mark = "" if context.start_service else "# "
    yield f"# perfgate can start the application itself and stop it at the end; seen in {comment(where)}:"
    yield f"{mark}service:"
    yield from (f"{mark}  {line}" for line in lines)
    yield from (f"# or, seen in {comment(where)}: command: {comment(flow(command))}" for where, command in others)


def _ready(endpoints: Sequence[Endpoint]) -> str:
    """A path that answers once the service is up: many an API has nothing at `/`."""
    fixed = [item.path for item in endpoints if item.method == "GET" and not item.headers and "{" not in item.path]
    return "/" if "/" in fixed else next((path for path in fixed if "health" in path), next(iter(fixed), "/"))


def _port(target: str) -> int:
    """The port of the target, which is where its service listens."""
    parts = urlsplit(target)
    return parts.port or (443 if parts.scheme == "https" else 80)


def _load(proposal: FileProposal) -> Iterator[str]:
    yield "load:"
    if proposal.load:
        yield from _levels(proposal.load)
        return
    if not proposal.users and not proposal.rate and _rate_per_worker(proposal) < _wanted_rate(proposal):
        yield f"  # an answer took {_time(proposal.seconds or 0)} on average: at this rate a single worker is half busy"
    if proposal.users:
        yield f"  users: {proposal.users} # {CLOSED}, as in the locustfile"
    else:
        yield f"  rate: {_rate(proposal)} # {OPEN}"
    yield WARM_UP
    yield "  duration: 60s # some hundred requests per endpoint make a p95 that can be judged"


def _levels(load: ProposedLoad) -> Iterator[str]:
    """The load that the source says, as it is."""
    key, model = ("rate", OPEN) if load.is_open else ("users", CLOSED)
    levels = [(_per_second(level) if load.is_open else f"{max(1, round(level))}", _time(s)) for level, s in load.levels]
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


def _defaults(shared: Mapping[str, str], budget: Mapping[str, str]) -> Iterator[str]:
    yield "defaults:"
    if shared:
        yield from block("headers", dict(shared), 2)
    yield "  timeout: 10s"
    yield "  budget: # a plain value is a limit; a signed one is relative to earlier runs of the main branch"
    yield from (f"    {metric}: {limit}" for metric, limit in (budget or BUDGET).items())


def _endpoints(proposal: FileProposal, shared: Mapping[str, str], context: Context) -> Iterator[str]:
    if proposal.endpoints:
        yield "endpoints:"
    for endpoint in proposal.endpoints:
        for line in (endpoint.comment, context.measured.get(endpoint.name, "")):
            if comment(line):
                yield f"  # {comment(line)}"
        yield from _endpoint(endpoint, shared)
    if proposal.set_aside:
        yield "  # Left out after each request was tried once. Take the `# ` away to put one in:"
    for item in proposal.set_aside:
        yield f"  # # {comment(item.why)}"
        yield from (f"  # {line.removeprefix('  ')}" for line in _endpoint(item.endpoint, shared))


def _endpoint(endpoint: Endpoint, shared: Mapping[str, str]) -> Iterator[str]:
    headers = {name: value for name, value in endpoint.headers.items() if shared.get(name) != value}
    keys: dict[str, object] = {
        "weight": endpoint.weight,
        "budget": dict(endpoint.budget) or None,
        "headers": headers or None,
        "variables": endpoint.variables,
        "with": dict(endpoint.values) or None,
        "expect": dict(endpoint.expect) or None,
        "capture": dict(endpoint.captures) or None,
    }
    yield f"  {text(endpoint.name)}:"
    yield f"    request: {flow(endpoint.request)}"
    if endpoint.body_key:
        yield from block(endpoint.body_key, endpoint.body, 4)
    for key, value in keys.items():
        if value is not None:
            yield from block(key, _number(value), 4)


def _number(value: object) -> object:
    """Whole numbers without a point."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _journeys(journeys: Sequence[ProposedJourney]) -> Iterator[str]:
    if journeys:
        yield "journeys: # one user walks the steps in order; what a step captures, later steps can use"
    for journey in journeys:
        if comment(journey.comment):
            yield f"  # {comment(journey.comment)}"
        yield f"  {text(journey.name)}:"
        if journey.weight is not None:
            yield f"    weight: {flow(_number(journey.weight))}"
        yield "    steps:"
        for step in journey.steps:
            yield f"      - {text(step)}" if isinstance(step, str) else f"      - {{think: {_time(step)}}}"


def _time(seconds: float) -> str:
    return f"{round(seconds, 1):.10g}s" if seconds >= 1 else f"{max(1, round(seconds * 1000))}ms"


def _scenarios(scenarios: Sequence[str]) -> Iterator[str]:
    if scenarios:
        yield f"scenarios: {flow(list(scenarios))} # ordinary locustfiles, run as they are"


def _omissions(proposal: FileProposal) -> Iterator[str]:
    if not proposal.omissions:
        return
    yield "# Left out:"
    for omission in sorted(proposal.omissions, key=lambda item: item.why == NOT_SAFE)[:MAX_LISTED_OMISSIONS]:
        yield f"# - {comment(omission.what)}: {comment(omission.why)}"
    if (more := len(proposal.omissions) - MAX_LISTED_OMISSIONS) > 0:
        yield f"# - and {more} more"


def _shared_headers(endpoints: Sequence[Endpoint]) -> dict[str, str]:
    """The headers that all endpoints send with the same value."""
    if len(endpoints) < MIN_SHARING_ENDPOINTS:
        return {}
    first, *others = (set(endpoint.headers.items()) for endpoint in endpoints)
    return dict(sorted(first.intersection(*others)))
