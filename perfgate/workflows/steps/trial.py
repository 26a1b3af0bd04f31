"""A trial of a new budget file: each request is sent once, alone. What fails or takes long would make a mess of the
first run, so the file has it as a comment, with the reason."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from math import ceil, floor, log10
from pathlib import Path
from tempfile import TemporaryDirectory

from perfgate import budgets, loadtest, scenarios
from perfgate.files import codec
from perfgate.init import Endpoint, FileProposal, SetAside
from perfgate.loadtest import Attempt
from perfgate.model.budget_file import BudgetFile, Send
from perfgate.model.errors import TargetError
from perfgate.model.metric import Unit
from perfgate.text import template
from perfgate.text.sanitize import one_line
from perfgate.text.units import format_value

LIMIT_ROOM_FACTOR = 1.5  # times what was seen: a limit for other days and other runners
MIN_LIMIT_S = 0.01  # s: shorter limits would be about the scheduler
DEFAULT_P95_LIMIT_S = 1.0  # s: the p95 limit that the file begins with
DEFAULT_P50_LIMIT_S = 0.3  # s: its p50 limit
TIMEOUT_S = 5.0  # s for one answer
BUSY_SHARE = 0.1  # of one worker's time, that an endpoint set aside for its time should take
REDIRECTS = range(300, 400)
LOGIN = re.compile(r"(?<![a-z])(log-?in|sign-?in|auth)(?![a-z])", re.IGNORECASE)
MAX_REASON_CHARS = 160
HINTS = {
    "400": "make its values fit",
    "401": "it needs credentials",
    "403": "it needs credentials",
    "404": "put values in that exist",
    "422": "make its values fit",
}


def attempts(text: str, folder: Path, environ: Mapping[str, str]) -> Mapping[str, Attempt]:
    """Every request of a budget file, sent once; `text` is the file, which is to stand in `folder`."""
    with TemporaryDirectory(prefix="perfgate-trial-") as temporary:
        place = Path(temporary)
        codec.write_text(place / "budgets.yaml", text)
        budget_file = _shortened(budgets.read(place / "budgets.yaml", environ))
        plan = scenarios.plan(budget_file)
        scenario = place / "scenario.py"
        codec.write_text(scenario, scenarios.generate(plan, scenario=scenario))
        secrets = scenarios.secrets(plan)
        with _target(budget_file, folder, place / "service.log", environ, secrets) as target:
            return loadtest.send_once(scenario, target, environ, secrets, DEFAULT_P95_LIMIT_S)


@contextmanager
def _target(
    budget_file: BudgetFile, folder: Path, log: Path, environ: Mapping[str, str], secrets: tuple[str, ...]
) -> Iterator[str]:
    """The target's URL while it is there: it runs already, or the file's `service` is started for it."""
    target = template.expand(budget_file.target, environ).rstrip("/")
    loadtest.check_allowed(target, budget_file.allow)
    try:
        loadtest.check_up(target, environ)
    except TargetError:
        if budget_file.service is None:
            raise
        service, target = loadtest.with_port(budget_file.service, target)
        start = loadtest.Start(service=service, folder=folder, log=log, environ=environ)
        with loadtest.running([start], secrets):
            yield target
    else:
        yield target


def _shortened(budget_file: BudgetFile) -> BudgetFile:
    """Budget file without think times, which waits for no answer longer than a trial does."""
    return replace(
        budget_file,
        endpoints=tuple(
            replace(item, request=replace(item.request, timeout=min(item.request.timeout, TIMEOUT_S)))
            if item.request
            else item
            for item in budget_file.endpoints
        ),
        journeys=tuple(
            replace(item, steps=tuple(step for step in item.steps if isinstance(step, Send)))
            for item in budget_file.journeys
        ),
    )


def set_failures_aside(proposal: FileProposal, attempts: Mapping[str, Attempt]) -> FileProposal:
    """The proposal with what failed or took long set aside, and what needs a value of it. Limits and rate fit the
    rest."""
    kept: dict[str, Endpoint] = {}
    aside: dict[str, SetAside] = {}
    sources: dict[str, str] = {}  # of captured values that will not come, by name
    for endpoint in proposal.endpoints:
        attempt = attempts.get(endpoint.name)
        if attempt and (why := why_not(attempt)):
            if attempt.kind == "expectation" and endpoint.captures and not endpoint.expect:
                kept[endpoint.name] = replace(endpoint, captures={})  # it answers, but a list has nothing in it
            else:
                aside[endpoint.name] = SetAside(endpoint=_limited(endpoint, attempt), why=why)
            sources |= dict.fromkeys(endpoint.captures, endpoint.name)
        else:
            kept[endpoint.name] = _with_limits(endpoint, attempt) if attempt else endpoint
    _set_aside_users(kept, aside, sources)
    times = [attempts[name].seconds for name in kept if name in attempts]
    journeys = (
        replace(journey, steps=tuple(step for step in journey.steps if not isinstance(step, str) or step in kept))
        for journey in proposal.journeys
    )
    return replace(
        proposal,
        endpoints=tuple(kept.values()),
        set_aside=tuple(aside[endpoint.name] for endpoint in proposal.endpoints if endpoint.name in aside),
        journeys=tuple(item for item in journeys if sum(isinstance(step, str) for step in item.steps) > 1),
        seconds=sum(times) / len(times) if times else None,
    )


def _set_aside_users(kept: dict[str, Endpoint], aside: dict[str, SetAside], sources: dict[str, str]) -> None:
    """Moves what uses a value that will not come, and then what uses its values."""
    while users := [(endpoint, lost) for endpoint in kept.values() for lost in sources if _uses(endpoint, lost)]:
        for endpoint, lost in users:
            if kept.pop(endpoint.name, None):
                why = f"needs {{{lost}}} from the answer of {sources[lost]}, which has none"
                aside[endpoint.name] = SetAside(endpoint=endpoint, why=why)
                sources |= {name: endpoint.name for name in endpoint.captures if name not in sources}


def _uses(endpoint: Endpoint, value: str) -> bool:
    texts = json.dumps([endpoint.path, dict(endpoint.headers), endpoint.body, endpoint.variables], ensure_ascii=False)
    return f"{{{value}}}" in texts and value not in endpoint.values


def why_not(attempt: Attempt) -> str:
    """Why the endpoint should not share the load with others; empty where it can."""
    if attempt.failure:
        reason = one_line(attempt.failure, MAX_REASON_CHARS)
        status = reason.removeprefix("status: ") if attempt.kind == "status" else ""
        reason, hint = f"answered {status}" if status else reason, HINTS.get(status, "")
        return f"{reason}: {hint}" if hint else reason
    if attempt.status in REDIRECTS and LOGIN.search(path := attempt.location.partition("?")[0]):
        return f"sends to {one_line(path, MAX_REASON_CHARS)}: it needs credentials"
    if attempt.seconds >= DEFAULT_P95_LIMIT_S:
        return f"takes {_time(attempt.seconds)}, and would hold up the rest: give it a small weight"
    return ""


def _limited(endpoint: Endpoint, attempt: Attempt) -> Endpoint:
    """What takes long with a small weight, so that whoever puts it in again has one to begin with."""
    if attempt.failure or attempt.seconds < DEFAULT_P95_LIMIT_S:
        return endpoint
    weight = max(0.01, round(BUSY_SHARE / attempt.seconds / 5, 2))
    return replace(_with_limits(endpoint, attempt), weight=weight)


def _with_limits(endpoint: Endpoint, attempt: Attempt) -> Endpoint:
    """Limits of its own where those that the file begins with are near or passed already, and the status of a
    redirect, which nobody could tell from a lost login otherwise."""
    if attempt.status in REDIRECTS and not endpoint.expect:
        endpoint = replace(endpoint, expect={"status": attempt.status})
    if attempt.seconds * LIMIT_ROOM_FACTOR <= DEFAULT_P50_LIMIT_S:
        return endpoint
    return replace(
        endpoint,
        comment=". ".join(filter(None, (endpoint.comment, f"took {_time(attempt.seconds)}, sent alone"))),
        budget={
            "p50": limit(attempt.seconds),
            "p95": limit(max(DEFAULT_P95_LIMIT_S / LIMIT_ROOM_FACTOR, 2 * attempt.seconds)),
        },
    )


def limit(seconds: float) -> str:
    """A limit with room above what was seen, with two digits."""
    exact = max(MIN_LIMIT_S, seconds * LIMIT_ROOM_FACTOR)
    digit = 10.0 ** (floor(log10(exact)) - 1)
    rounded = ceil(exact / digit - 1e-9) * digit
    return f"{round(rounded * 1000)}ms" if rounded < 1 else f"{round(rounded, 1):g}s"


def _time(seconds: float) -> str:
    return format_value(Unit.SECONDS, seconds)
