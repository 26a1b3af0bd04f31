"""Sends every task of a generated scenario once, alone, by one user (`python -m perfgate.runtime.process.trial`).

A line of JSON on stdout per request. What failed or took longer than SLOW_S seconds is sent once more in the end: the
first answer of an application often pays for all later ones.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from locust.env import Environment
from locust.exception import InterruptTaskSet, RescheduleTask, RescheduleTaskImmediately, StopUser

from perfgate.runtime.http.responses import Failure, Response
from perfgate.runtime.record.load import Load
from perfgate.runtime.record.recorder import Label
from perfgate.runtime.scenario.values import share
from perfgate.runtime.users.replay import visitor_of
from perfgate.runtime.users.visitor import Visitor
from perfgate.text.redaction import Redactor

JOURNEY = "journey"
SEED = "trial"


class Reporting(Load):
    """Reports each request at once. `is_settled`: since it was set, nothing failed or took long."""

    def __init__(self, environment: Any, slow_s: float, report: Callable[[dict[str, Any]], None]) -> None:
        super().__init__(environment, None, Redactor())
        self.is_settled, self._slow_s, self._report = True, slow_s, report

    def record(self, label: Label, began: int, response: Response, failure: Failure | None) -> None:
        if label[0] == JOURNEY:
            return
        seconds = (response.wait + response.service) / 1e9
        self.is_settled = self.is_settled and failure is None and seconds < self._slow_s
        kind, detail = (failure.kind, failure.detail) if failure else ("", "")
        row = {"endpoint": label[1], "seconds": seconds, "kind": kind, "failure": detail, "status": response.status}
        self._report({**row, "location": response.headers.get("location", "")})


def send_once(user: Visitor, load: Reporting) -> None:
    """Every task once, and then once more those that were slow or failed."""
    tasks = list({getattr(task, "__wrapped__", task): task for task in user.tasks}.values())  # as often as their weight
    for _ in range(2):
        tasks = [task for task in tasks if not _is_settled(task, user, load)]


def _is_settled(task: Callable[[Visitor], None], user: Visitor, load: Reporting) -> bool:
    load.is_settled = True
    with suppress(RescheduleTask, RescheduleTaskImmediately, InterruptTaskSet):
        task(user)
    return load.is_settled


def main(scenario: str, target: str, slow_s: str) -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # a scenario that prints must not break the answers
    share.become(0, 1, SEED)  # type: ignore[arg-type]  # any text will do
    kind = visitor_of(Path(scenario))
    environment = Environment(user_classes=[kind], host=target)
    load = Reporting(environment, float(slow_s), lambda row: print(json.dumps(row), file=answers, flush=True))
    environment.perfgate = load
    user = kind(environment)
    try:
        user.enter()
        with suppress(StopUser):
            send_once(user, load)
    finally:
        user.on_stop()
