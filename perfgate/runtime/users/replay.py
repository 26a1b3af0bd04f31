"""Sends single endpoints again for a diagnosis, and tells all about each answer: `python -m` this module.

One JSON object per line on stdin is a `ReplayOrder`; the answer is one line on stdout. What is measured here is never
judged, so it may read more of an answer than the load does.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic, monotonic_ns
from typing import Any, NamedTuple

import gevent
from locust.env import Environment
from locust.exception import InterruptTaskSet, RescheduleTask, RescheduleTaskImmediately, StopUser

from perfgate.runtime.http.dialling import TlsConfig
from perfgate.runtime.http.responses import Failure, Response
from perfgate.runtime.record.load import Load
from perfgate.runtime.record.recorder import Label
from perfgate.runtime.scenario.endpoint import Endpoint
from perfgate.runtime.scenario.expectations import status
from perfgate.runtime.scenario.values import share
from perfgate.runtime.users.traced import Traces, traced
from perfgate.runtime.users.visitor import Visitor
from perfgate.text.redaction import Redactor

HEADERS = (
    "server-timing",
    "content-encoding",
    "cache-control",
    "etag",
    "age",
    "x-cache",
    "cf-cache-status",
    "cache-status",
    "x-query-count",
)
CANARY = "canary"
CANARY_INTERVAL_S = 0.05  # s
WARM_UP_S = 0.1  # s
DRAIN_TIMEOUT_S = 15.0  # s for what is in flight
WARM_UP_VISITS = 3  # visits that connect, log in, and fill what is filled once
MAX_VISITS_PER_REQUEST = 3  # per request that is counted: a visit may fail before it


class ReplayOrder(NamedTuple):
    """`scenario` is a file ("": only the canary's requests are sent); `users` send one request after the other with
    `pause` (s) between them, on average. `canary` is a path of the target that is asked for beside them ("": none)."""

    scenario: str
    endpoint: str
    target: str
    seconds: float
    users: int
    pause: float
    seed: str
    canary: str = ""
    traces: str = ""  # with what the trace ids of the endpoint's requests begin ("": they are not traced)
    requests: int = (
        0  # exactly so many, by one user, once the other side has answered that it is ready; 0: for `seconds`
    )


class ObservedAnswer(Load):
    """Keeps what is known of each answer of one endpoint, instead of counting."""

    def __init__(self, environment: Any, endpoint: str, traces: Traces | None = None) -> None:
        super().__init__(environment, None, Redactor())
        self._traces = traces
        self.samples: list[dict[str, Any]] = []
        self.canary: list[float] = []
        self.failures: dict[str, int] = {}
        self.requests = 0  # of the endpoint, those before and after the recorded time as well
        self._endpoint, self.is_recording = endpoint, False
        self._connected: set[Any] = set()  # greenlets of users that have had an answer

    def record(self, label: Label, began: int, response: Response, failure: Failure | None) -> None:
        name, user = label[1], gevent.getcurrent()
        is_first = user not in self._connected
        self._connected.add(user)
        self.requests += name == self._endpoint
        if not self.is_recording:
            return
        if name == CANARY:
            if failure is None:
                self.canary.append((response.wait + response.service) / 1e9)
        elif name == self._endpoint:
            if failure is not None:
                detail = f"{failure.kind}: {failure.detail}"[:120]
                self.failures[detail] = self.failures.get(detail, 0) + 1
            elif not response.clock_stepped:
                trace = self._traces.id_of(response) if self._traces else ""
                opened = None if is_first else response.connections  # every user has to open the first one
                self.samples.append({**_sample(response), "connections": opened, "trace": trace})


def _sample(response: Response) -> dict[str, Any]:
    """The answer in seconds and bytes."""
    headers = response.headers
    return {
        "wait": response.wait / 1e9,
        "dns": response.dns / 1e9,
        "connect": response.connect / 1e9,
        "tls": response.tls / 1e9,
        "first_byte": response.first_byte / 1e9,
        "service": response.service / 1e9,
        "status": response.status,
        "size": response.size,
        "decoded": response.decoded,
        "headers": {name: headers[name] for name in HEADERS if name in headers},
    }


def replay(order: ReplayOrder) -> dict[str, Any]:
    """Sends for so long, and returns when nothing is in flight any more."""
    share.become(0, 1, order.seed)  # type: ignore[arg-type]  # any text will do
    kind = visitor_of(Path(order.scenario)) if order.scenario else None
    environment = Environment(user_classes=[kind or Visitor], host=order.target)
    traces = Traces(order.traces, order.endpoint) if order.traces else None
    environment.perfgate = load = ObservedAnswer(environment, order.endpoint, traces)
    kind = traced(kind, traces) if kind and traces else kind
    users = [kind(environment) for _ in range(order.users)] if kind else []
    every = [gevent.spawn(_visits, user, order.pause) for user in users]
    if order.canary:
        tls_config = kind.tls if kind else TlsConfig()
        every.append(gevent.spawn(_visits, _canary(environment, order.canary, tls_config), CANARY_INTERVAL_S))
    gevent.sleep(WARM_UP_S)  # the first ones connect, and log in
    load.is_recording, began = True, monotonic()
    gevent.sleep(order.seconds)
    load.stopping = True
    gevent.joinall(every, timeout=DRAIN_TIMEOUT_S)
    took = monotonic() - began
    gevent.killall(every)
    return {
        "samples": load.samples,
        "canary": load.canary,
        "failures": load.failures,
        "requests": load.requests,
        "seconds": took,
    }


def count(order: ReplayOrder, ready: Callable[[], None]) -> dict[str, Any]:
    """Sends exactly so many requests, one after the other. `ready` is called before, when the user is connected and
    logged in, and returns when they may begin."""
    share.become(0, 1, order.seed)  # type: ignore[arg-type]  # any text will do
    kind = visitor_of(Path(order.scenario))
    environment = Environment(user_classes=[kind], host=order.target)
    environment.perfgate = load = ObservedAnswer(environment, order.endpoint)
    user = kind(environment)
    try:
        user.enter()
        for _ in range(WARM_UP_VISITS):
            _visit(user)
        ready()
        load.requests, load.is_recording = 0, True
        visits = 0
        while load.requests < order.requests and visits < MAX_VISITS_PER_REQUEST * order.requests:
            _visit(user)
            visits += 1
    finally:
        user.on_stop()
    return {"samples": [], "canary": [], "failures": load.failures, "requests": load.requests}


def _visit(user: Visitor) -> None:
    with suppress(RescheduleTask, RescheduleTaskImmediately, InterruptTaskSet):
        share.random.choice(list(user.tasks))(user)


def _visits(user: Visitor, pause: float) -> None:
    """One visit after the other until the load is stopping."""
    load, tasks = user._load, list(user.tasks)
    try:
        user.enter()
        gevent.sleep(share.random.uniform(0, min(pause, WARM_UP_S)))
        while not load.stopping:
            task: Callable[[Any], None] = share.random.choice(tasks)
            try:
                task(user)
            except (RescheduleTask, RescheduleTaskImmediately, InterruptTaskSet):
                gevent.sleep(0.01)
            if pause:  # at random: users who keep step would queue behind each other
                gevent.sleep(share.random.uniform(0, 2 * pause))
    except StopUser:
        pass
    finally:
        user.on_stop()


def visitor_of(scenario: Path) -> Any:
    """The virtual user of a generated scenario. Raises ImportError when the file has none."""
    spec = importlib.util.spec_from_file_location(f"replayed_{monotonic_ns()}", scenario)
    if spec is None or spec.loader is None:
        raise ImportError(f"{scenario} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Visitor) and value is not Visitor:
            return value
    raise ImportError(f"{scenario} has no Visitor")


def _canary(environment: Any, path: str, tls_config: TlsConfig) -> Visitor:
    endpoint = Endpoint(CANARY, "GET", path, expect=[status(*range(200, 400))])

    class Canary(Visitor):
        abstract = True
        tls = tls_config
        tasks = [lambda user: user.send(endpoint)]  # noqa: RUF012 - Locust's own way

    return Canary(environment)


def _ask(answers: Any) -> None:
    print(json.dumps({"ready": True}), file=answers, flush=True)
    sys.stdin.readline()


def main() -> int:
    """Answers until stdin ends. A broken order is answered by {"error": ...}."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # a scenario that prints must not break the answers
    while line := sys.stdin.readline():
        try:
            order = ReplayOrder(**json.loads(line))
            answer = count(order, lambda: _ask(answers)) if order.requests else replay(order)
        except Exception as error:  # noqa: BLE001 - told to the diagnosis, which warns
            answer = {"error": f"{type(error).__name__}: {error}"[:300]}
        print(json.dumps(answer), file=answers, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
