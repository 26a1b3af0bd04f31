"""Logs in for pages: sends one visit of a scenario and answers with its cookies. `python -m` this module.

One JSON object on stdin, {"scenario": file, "target": URL}; one on stdout, {"cookies": [...], "values": {...}} or
{"error": ...}. Both are secrets: they go through a pipe, and nowhere else.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from locust.env import Environment
from locust.exception import InterruptTaskSet, RescheduleTask, StopUser

from perfgate.runtime.http.responses import Failure, Response
from perfgate.runtime.record.load import Load
from perfgate.runtime.record.recorder import Label
from perfgate.runtime.scenario.session import Session
from perfgate.runtime.users.replay import visitor_of
from perfgate.text.redaction import Redactor


class LoginLoad(Load):
    """Keeps the first failure instead of counting."""

    def __init__(self, environment: Any) -> None:
        super().__init__(environment, None, Redactor())
        self.failure = ""

    def record(self, label: Label, began: int, response: Response, failure: Failure | None) -> None:
        if failure is not None and not self.failure:
            self.failure = f"{label[1]}: {failure.detail}"


def log_in(scenario: Path, target: str) -> dict[str, Any]:
    """The cookies and values that one visit leaves, or what failed."""
    kind = visitor_of(scenario)
    environment = Environment(user_classes=[kind], host=target)
    environment.perfgate = load = LoginLoad(environment)
    user = kind(environment)
    try:
        user.enter()
        user.tasks[0](user)
    except (RescheduleTask, InterruptTaskSet, StopUser):
        return {"error": load.failure or "it could not be sent"}
    finally:
        user.on_stop()
    session = user._session
    values = {name: str(value) for name, value in session.values.items() if isinstance(value, str | int | float)}
    return {"cookies": list(_cookies(session)), "values": values, "notes": list(load.notes)}


def _cookies(session: Session) -> Iterator[dict[str, Any]]:
    for (name, domain, path), cookie in session.cookies.stored.items():
        yield {
            "name": name,
            "value": cookie.pair.partition("=")[2],
            "domain": domain if cookie.host_only else f".{domain}",
            "path": path,
            "secure": cookie.secure,
            **({"expires": cookie.expires} if cookie.expires else {}),
        }


def main() -> int:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # a scenario that prints must not break the answer
    order = json.loads(sys.stdin.readline())
    try:
        answer = log_in(Path(order["scenario"]), order["target"])
    except Exception as error:  # noqa: BLE001 - a scenario can fail in any way; the parent says so
        answer = {"error": f"{type(error).__name__}: {error}"[:300]}
    print(json.dumps(answer), file=answers, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
