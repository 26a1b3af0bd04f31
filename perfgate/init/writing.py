"""A proposal as the text of a budget file, with comments that say what to look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from perfgate.init import load_text
from perfgate.init.proposal import NOT_SAFE, Endpoint, FileProposal, ProposedJourney
from perfgate.init.yaml_text import block, comment, flow, text

DEFAULT_TARGET = "http://127.0.0.1:8000"
LOCAL = ("127.0.0.1", "localhost", "::1")
EDITOR = "# For help in the editor: perfgate schema budgets > .perfgate/budgets.schema.json"
SCHEMA = "# yaml-language-server: $schema=.perfgate/budgets.schema.json"  # `perfgate init` writes it
MIN_SHARING_ENDPOINTS = 2  # endpoints with the same header, from which on it stands under `defaults`
BUDGET = {"p50": "300ms +20%", "p95": "1s +30%", "errors": "1%"}  # proposed for all endpoints
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
        load_text.lines(proposal),
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
            yield f"      - {text(step)}" if isinstance(step, str) else f"      - {{think: {load_text.time(step)}}}"


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
