"""The open model inside Locust: one scheduler per process starts each arrival when it is due, target slow or not.

Virtual users are made as they are needed and used again. When `max_users` are busy, arrivals queue; their waiting
counts as latency, because a real visitor would have waited. What waits longer than a request may take is dropped,
and counted.
"""

from __future__ import annotations

import logging
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import monotonic_ns
from typing import Any, NamedTuple

import gevent
from locust import TaskSet, User, constant, task
from locust.exception import InterruptTaskSet, RescheduleTask, RescheduleTaskImmediately, StopUser

from perfgate.recording import replay
from perfgate.recording.handover import REPLAY, Settings
from perfgate.runtime.record.load import Load
from perfgate.runtime.scenario.values import share
from perfgate.runtime.users.arrivals import schedule
from perfgate.runtime.users.performing import Turn
from perfgate.runtime.users.visitor import Visitor

SCENARIO_ERRORS = (Exception, gevent.Timeout)  # that hand-written code may raise; gevent's timeout is no Exception
POLL_INTERVAL_S = 0.2  # s: how soon a sleeping scheduler notices that the test is over


class Choice(NamedTuple):
    """What an arrival can start: one task of one class of users."""

    user_class: type[User]
    work: Callable[[Any], None]


def choices(user_classes: Sequence[type[User]]) -> list[Choice]:
    """Every task as often as its weight says. A hand-written class counts as its own weight, shared by its tasks.

    Raises ValueError for classes that have no single iteration (TaskSets).
    """
    weighted: list[Choice] = []
    for user_class in user_classes:
        if any(isinstance(work, type) and issubclass(work, TaskSet) for work in user_class.tasks):
            raise ValueError(
                f"{user_class.__name__} uses a TaskSet, which has no single iteration to start at a rate; "
                "use `load: {users: ...}` instead of `rate`"
            )
        weight = 1 if issubclass(user_class, Visitor) else max(1, int(user_class.weight))
        weighted += [Choice(user_class, work) for work in user_class.tasks for _ in range(weight)]
    return weighted


class Dispatcher:
    """Runs the schedule of this process. `choices` are drawn from in equal shares."""

    def __init__(self, environment: Any, settings: Settings, among: Sequence[Choice]) -> None:
        self._environment, self._settings, self._choices = environment, settings, among
        self._load: Load = environment.perfgate
        self._idle: dict[type[User], list[User]] = {}
        self._waiting: deque[tuple[int, int, Choice]] = deque()  # due, queued at, choice
        self._allowed = max(1, settings.max_users // share.count)
        if environment.host:
            for choice in among:  # as Locust does it for the classes it spawns itself
                choice.user_class.host = environment.host

    def run(self) -> None:
        """Returns when the schedule is over or the load is stopping, with visits possibly still under way."""
        start = self._load.recorder.started - int(self._settings.warmup * 1e9)
        for number, (seconds, choice) in enumerate(self._replayed() if self._settings.replays else self._scheduled()):
            if number % share.count != share.index:
                continue
            due = start + int(seconds * 1e9)
            if not self._sleep_until(due):
                return
            self._load.count_arrival(due)
            self._start(due, choice)

    def _scheduled(self) -> Iterator[tuple[float, Choice]]:
        settings = self._settings
        arrivals = schedule(
            settings.stages,
            warmup=settings.warmup,
            arrivals=settings.arrivals,
            choices=len(self._choices),
            seed=settings.seed,
        )
        for arrival in arrivals:
            yield arrival.due, self._choices[arrival.choice]

    def _replayed(self) -> Iterator[tuple[float, Choice]]:
        for due, number, values in replay.read(Path(self._settings.folder) / REPLAY):
            choice = self._choices[number]
            yield due, choice._replace(work=partial(_with_values, choice.work, values)) if values else choice

    def _sleep_until(self, due: int) -> bool:
        """False when the load is stopping."""
        if due <= monotonic_ns():
            gevent.sleep(0)  # lets started visits begin although the schedule is behind
        while not self._load.stopping and (left := (due - monotonic_ns()) / 1e9) > 0:
            gevent.sleep(min(left, POLL_INTERVAL_S))
        return not self._load.stopping

    def _start(self, due: int, choice: Choice) -> None:
        idle = self._idle.setdefault(choice.user_class, [])
        if idle:
            gevent.spawn(self._visits, idle.pop(), choice, Turn(due, 0))
        elif self._load.users < self._allowed:
            gevent.spawn(self._first_visit, choice, Turn(due, 0))
        else:
            self._waiting.append((due, monotonic_ns(), choice))
            self._load.waiting += 1

    def _first_visit(self, choice: Choice, turn: Turn) -> None:
        """First visit of a new user. One that cannot start gives its place to whoever waits for it."""
        before, user = self._load.users, None
        try:
            user = choice.user_class(self._environment)  # a Visitor joins by itself
            if not isinstance(user, Visitor):
                self._load.add_user()
            user.enter() if isinstance(user, Visitor) else user.on_start()
        except SCENARIO_ERRORS as error:
            self._complain(user, error)
            self._give_up(user, merged=user is not None or self._load.users > before)
            return
        self._visits(user, choice, turn)

    def _give_up(self, user: User | None, *, merged: bool) -> None:
        if isinstance(user, Visitor):
            Visitor.on_stop(user)
        if merged:
            self._load.remove_user()
        if (waited := self._next_waiting()) is not None:
            due, queued_at, choice = waited
            gevent.spawn(self._first_visit, choice, Turn(due, monotonic_ns() - queued_at))

    def _visits(self, user: User, choice: Choice, turn: Turn) -> None:
        """One visit, and then whatever waited for a user to come free."""
        self._visit(user, choice, turn)
        while (waited := self._next_waiting()) is not None:
            due, queued_at, choice = waited
            if type(user) is not choice.user_class or _has_no_row(user):
                self._retire(user)
                gevent.spawn(self._first_visit, choice, Turn(due, monotonic_ns() - queued_at))
                return
            self._visit(user, choice, Turn(due, monotonic_ns() - queued_at))
        if _has_no_row(user):  # the others are worth more: this one would be the first to be used again
            self._retire(user)
        else:
            self._idle[type(user)].append(user)

    def _next_waiting(self) -> tuple[int, int, Choice] | None:
        timeout = int(self._settings.timeout * 1e9)
        while self._waiting:
            waited = self._waiting.popleft()
            self._load.waiting -= 1
            if monotonic_ns() - waited[1] < timeout:
                return waited
            self._load.dropped += waited[0] >= self._load.recorder.started
        return None

    def _retire(self, user: User) -> None:
        try:
            user.on_stop()
        except SCENARIO_ERRORS as error:
            self._complain(user, error)
        self._load.remove_user()

    def _visit(self, user: User, choice: Choice, turn: Turn) -> None:
        self._load.visits += 1
        if isinstance(user, Visitor):
            user.turn = turn
            user.begin_visit(turn.due)
        try:
            choice.work(user)
        except (RescheduleTask, RescheduleTaskImmediately, InterruptTaskSet, StopUser):
            pass
        except SCENARIO_ERRORS as error:  # it must not end the load
            self._complain(user, error)
        finally:
            self._load.visits -= 1
            if isinstance(user, Visitor):
                user.turn = None

    def _complain(self, user: User | None, error: BaseException) -> None:
        self._environment.events.user_error.fire(user_instance=user, exception=error, tb=error.__traceback__)
        logging.getLogger(__name__).error("%s\n%s", error, traceback.format_exc())


def _with_values(work: Callable[[Any], None], values: Mapping[str, str], user: Any) -> None:
    """A visit with the values of a recorded request."""
    user.values.update(values)
    work(user)


def _has_no_row(user: User) -> bool:
    return isinstance(user, Visitor) and user.has_no_row


class Scheduler(User):
    """Takes the place of all user classes in the open model: Locust starts one in every process."""

    wait_time = constant(0)
    among: Sequence[Choice] = ()  # set by the conductor

    @task
    def run_schedule(self) -> None:
        load: Load = self.environment.perfgate
        assert load.settings is not None
        if load.scheduled:  # Locust spawns another one here when a worker is lost: one schedule is enough
            return
        load.scheduled = True
        Dispatcher(self.environment, load.settings, self.among).run()
        while not load.stopping:
            gevent.sleep(POLL_INTERVAL_S)
        raise StopUser
