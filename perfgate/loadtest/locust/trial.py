"""Every request of a scenario sent once, alone, by a child process: what each was answered, and how long it took."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from perfgate.loadtest.process.child import Child
from perfgate.model.errors import LoadTestError
from perfgate.text.redaction import redactor

MAX_TRIAL_S = 60.0  # s, after which what was not tried yet stays untried
END_TIMEOUT_S = 2.0  # s
LOG = "trial.log"
ANSWER = '{"endpoint":'


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One request. `failure` is empty where the answer was as expected; `kind` is what kind of failure it is."""

    endpoint: str
    seconds: float
    kind: str = ""  # see `runtime.http.responses.Failure`
    failure: str = ""
    status: int = 0
    location: str = ""  # of a redirect


def send_once(
    scenario: Path, target: str, environ: Mapping[str, str], secrets: Collection[str], slow_s: float
) -> dict[str, Attempt]:
    """The best attempt by endpoint, of those that there was time for. Raises LoadTestError when there was none."""
    folder = scenario.resolve().parent
    command = [sys.executable, "-m", "perfgate.runtime.process.trial", scenario.name, target, str(slow_s)]
    child = Child(command, environ=environ, log=folder / LOG, redact=redactor(secrets, environ), folder=folder)
    try:
        child.listen(MAX_TRIAL_S)
    finally:
        child.end(END_TIMEOUT_S)
    best: dict[str, Attempt] = {}
    for attempt in _attempts(folder / LOG):
        earlier = best.get(attempt.endpoint)
        if earlier is None or _badness(attempt) < _badness(earlier):
            best[attempt.endpoint] = attempt
    if not best:
        last = next((line for line in reversed(child.tail) if line.strip()), "its process said nothing")
        raise LoadTestError(
            f"The requests could not be tried: {last[:300]}",
            hint="`perfgate init --no-try` writes the file without.",
            code="PG-N008",
        )
    return best


def _badness(attempt: Attempt) -> tuple[bool, float]:
    return bool(attempt.failure), attempt.seconds


def _attempts(log: Path) -> Iterator[Attempt]:
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith(ANSWER):
            with suppress(ValueError, TypeError):  # the last line, where the time was over
                yield Attempt(**json.loads(line))
