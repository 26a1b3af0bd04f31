"""Conductor: begins, watches, drains and ends the load in every Locust process, so that nothing is lost.

Stock Locust kills what is in flight at the end and waits a fixed half second for its workers' last reports. Here the
leading process (alone, or the master) says when to stop; every process finishes what it has begun, sends its last
windows and its totals, and only then does Locust quit. The leader checks that it has got all that was recorded.
"""

from __future__ import annotations

import gc
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from time import monotonic, monotonic_ns
from typing import Any

import gevent
from gevent.lock import BoundedSemaphore
from locust.runners import MasterRunner, WorkerRunner

from perfgate.model.budget_file import Stage
from perfgate.recording import handover, windows
from perfgate.recording.handover import PROGRESS, RESULT, SAMPLES, WINDOWS, ScenarioError, Settings
from perfgate.recording.windows import Record
from perfgate.runtime.process.abort import ErrorWatch
from perfgate.runtime.process.pressure import PressureMeter
from perfgate.runtime.process.steps import Steps
from perfgate.runtime.process.worker_registration import ENLIST, ENLISTED, WorkerRegistration, wait_for
from perfgate.runtime.record import result
from perfgate.runtime.record.endpoint_totals import EndpointTotals
from perfgate.runtime.record.foreign import Listener
from perfgate.runtime.record.load import Load
from perfgate.runtime.record.progress import ProgressWriter
from perfgate.runtime.record.result import Collection, LoadEnd
from perfgate.runtime.record.samples import Samples
from perfgate.runtime.scenario.values import share
from perfgate.runtime.users.arrivals import number_due_until
from perfgate.runtime.users.dispatcher import Scheduler, choices

BEGIN, STOP, PART, LAST = "perfgate_begin", "perfgate_stop", "perfgate_windows", "perfgate_last"
FLUSH_INTERVAL_S = 0.25  # s between two countings of what was recorded, shipments and lines of progress
START_GRACE_S = 0.5  # s after the measured time in which what is due may still be started
MAX_SILENCE_S = 15.0  # s without a word from the master after which a worker gives up
MAX_WINDOWS = 120  # per endpoint
DRAIN_GRACE_S = 5.0  # s beyond the slowest request's timeout before the drain gives up
ALONE = (
    f"Nothing was heard from the machine of `perfgate run` for {MAX_SILENCE_S:g} s: the load ends, its result is lost."
)
MAX_MESSAGE_CHARS = 200  # of an exception
_PLACE = re.compile(r'File "([^"]+)", line (\d+), in (\S+)')  # in a traceback
COULD_NOT_MEASURE = 3  # the exit code of a process whose result is lost


class Conductor:
    """Conducts one process. The same object serves the process that leads and those that follow."""

    def __init__(self, environment: Any, settings: Settings, load: Load) -> None:
        self.environment, self.settings, self.load = environment, settings, load
        self.folder = Path(settings.folder)
        self.runner = environment.runner
        self.process = self.runner.client_id if not isinstance(self.runner, MasterRunner) else "master"
        self.collection = Collection(window_width(settings), settings.duration)
        self.started = ""
        self.began = 0.0  # monotonic s
        self.cpu_began = 0.0
        self.is_finished = False
        self.ended = 0.0  # s after the beginning
        self.is_written = False
        self.progress = ProgressWriter(
            self.folder / PROGRESS,
            warmup=settings.warmup,
            duration=settings.duration,
            totals=EndpointTotals() if settings.per_endpoint else None,
        )
        self.watch = ErrorWatch(settings.abort) if settings.abort else None
        self.aborted = ""  # why, when the load was ended early
        self.workers = WorkerRegistration(self.runner)
        self.meter = PressureMeter()
        self.counting = BoundedSemaphore(1)
        self.others: dict[str, dict[str, int]] = {"in_flight": {}, "users": {}}

    @property
    def leads(self) -> bool:
        return not isinstance(self.runner, WorkerRunner)

    def install(self) -> None:
        environment, settings = self.environment, self.settings
        environment.stop_timeout = settings.timeout + DRAIN_GRACE_S
        environment.events.request.add_listener(Listener(self.load, settings.endpoints))
        if settings.model == "open":
            Scheduler.among = choices(environment.user_classes)
            environment.user_classes = [Scheduler]
        elif len(settings.stages) > 1:
            warm = Stage(level=settings.stages[0].level, duration=settings.warmup)
            environment.shape_class = Steps([warm, *settings.stages])
        if isinstance(self.runner, MasterRunner):
            self.runner.register_message(PART, self.on_part)
            self.runner.register_message(LAST, self.on_last)
        elif isinstance(self.runner, WorkerRunner):
            self.runner.register_message(ENLIST, self.on_enlist)
            self.runner.register_message(BEGIN, self.on_begin)
            self.runner.register_message(STOP, self.on_stop, concurrent=True)
        if self.leads:
            environment.events.test_start.add_listener(self.on_test_start)
        environment.events.quitting.add_listener(self.on_quitting)

    # -- beginning

    def on_test_start(self, **_: Any) -> None:
        share.become(0, 1, self.settings.seed, self.settings.first_number)
        if isinstance(self.runner, MasterRunner):
            plain = asdict(self.settings)
            self.workers.call(lambda index, count: {"index": index, "count": count, "settings": plain})
            self.runner.send_message(BEGIN)
        self.begin()

    def on_enlist(self, environment: Any, msg: Any, **_: Any) -> None:
        share.become(msg.data["index"], msg.data["count"], self.settings.seed, self.settings.first_number)
        self.runner.send_message(ENLISTED)

    def on_begin(self, environment: Any, msg: Any, **_: Any) -> None:
        self.begin()

    def begin(self) -> None:
        gc.collect()
        gc.freeze()  # what there is now stays: the collector need not walk through it while requests are timed
        self.meter = PressureMeter()
        self.began, self.cpu_began = monotonic(), time.process_time()
        self.load.recorder.started = monotonic_ns() + int(self.settings.warmup * 1e9)
        measured_from = time.time() + self.settings.warmup
        self.started = datetime.fromtimestamp(measured_from, UTC).isoformat(timespec="milliseconds")
        gevent.spawn(self.tick)
        if self.leads:
            gevent.spawn(self.end_on_time)

    # -- while it runs

    def tick(self) -> None:
        """Counts what was recorded while nobody waits for it, and now and then sends it on."""
        while not self.is_finished:
            gevent.sleep(FLUSH_INTERVAL_S)
            self.ship()
            if not self.leads and not self.hears_master():
                logging.getLogger(__name__).error(ALONE)
                self.load.stopping = True  # nobody will ever ask for the result: leave the target alone
                self.environment.process_exit_code = COULD_NOT_MEASURE
                self.runner.quit()

    def ship(self) -> None:
        """Sends what was recorded since the last time, or keeps it where this process leads."""
        with self.counting:  # the last call must not overtake one that pauses
            part = self.load.recorder.take(pause=lambda: gevent.sleep(0))
            samples = self.load.recorder.samples.take()
        if self.settings.model == "closed" and not isinstance(self.runner, MasterRunner):
            self.load.set_users(self.runner.user_count)
        if self.leads:
            self.take(self.process, part)
            self.collection.samples.merge(samples)
            self.progress.write(
                self.elapsed(),
                draining=self.load.stopping,
                in_flight=self.load.in_flight + sum(self.others["in_flight"].values()),
                users=self.load.users + sum(self.others["users"].values()),
            )
        else:
            state = {"in_flight": self.load.in_flight, "users": self.load.users}
            self.runner.send_message(PART, {"record": part.pack(), "samples": samples.pack(), **state})

    def on_part(self, environment: Any, msg: Any, **_: Any) -> None:
        self.take(msg.node_id, Record.unpack(msg.data["record"]))
        self.collection.samples.merge(Samples.unpack(msg.data["samples"]))
        for what, by_worker in self.others.items():
            by_worker[msg.node_id] = msg.data[what]

    def take(self, process: str, part: Record) -> None:
        self.progress.add(self.elapsed(), part)
        if self.watch and not self.aborted and (reason := self.watch.reason_to_abort(self.elapsed(), part)):
            self.aborted = reason
            gevent.spawn(self.end)
        self.collection.add(process, part)

    def hears_master(self) -> bool:
        last_heartbeat = getattr(self.runner, "last_heartbeat_timestamp", None)
        return last_heartbeat is None or time.time() - last_heartbeat < MAX_SILENCE_S

    def elapsed(self) -> float:
        return monotonic() - self.began if self.began else 0.0

    # -- the end

    def end_on_time(self) -> None:
        # The last arrivals may be a little late, and workers began a little later: nothing new is due meanwhile.
        extra = START_GRACE_S if self.settings.model == "open" else 0.0
        gevent.sleep(max(0.0, self.settings.warmup + self.settings.duration + extra - self.elapsed()))
        if not self.aborted:
            self.end()

    def end(self) -> None:
        if not self.is_finished:
            self.ended = self.elapsed()
            try:
                self.finish(self.settings.timeout + DRAIN_GRACE_S)
            finally:  # whatever went wrong: a process that nobody ends is waited for without end
                self.runner.quit()

    def finish(self, timeout: float) -> None:
        """Stops the load everywhere and gathers the rest. `timeout`: seconds for what is in flight."""
        self.load.stopping = True
        if isinstance(self.runner, MasterRunner):
            self.runner.send_message(STOP, {"timeout": timeout})
            # Users of hand-written scenarios are waited for after the generated ones, so a worker may need both.
            wait_for(lambda: self.workers.present() <= set(self.collection.tallies), 2 * timeout + DRAIN_GRACE_S)
        else:
            self.drain(timeout)
        self.ship()
        self.collection.tallies[self.process] = result.tally(self.load, self.cpu())
        self.is_finished = True

    def drain(self, timeout: float) -> None:
        """Waits for what is in flight, then lets Locust stop the users (hand-written ones finish their task)."""
        load = self.load
        wait_for(lambda: not (load.in_flight or load.visits or load.waiting), timeout)
        self.environment.stop_timeout = max(0.1, timeout)
        self.runner.stop()

    def on_stop(self, environment: Any, msg: Any, **_: Any) -> None:
        """A worker's end: the last windows first, then the totals that they must add up to."""
        self.load.stopping = True
        self.drain(msg.data["timeout"])
        self.is_finished = True
        self.ship()
        self.runner.send_message(LAST, result.tally(self.load, self.cpu()))

    def on_last(self, environment: Any, msg: Any, **_: Any) -> None:
        self.collection.tallies[msg.node_id] = msg.data

    def on_quitting(self, **_: Any) -> None:
        """The last word of the process that leads; an interrupted test is cut short but not thrown away."""
        if not self.leads or self.is_written:
            return
        self.is_written = True
        is_interrupted = not self.ended
        if is_interrupted:
            self.finish(timeout=1.0)
        else:  # Locust may be quick to quit once its users are stopped, while we still gather
            wait_for(lambda: self.is_finished, 2 * (self.settings.timeout + DRAIN_GRACE_S))
        duration = self.settings.duration
        if is_interrupted or self.aborted:
            until = self.ended if self.aborted else self.elapsed()
            duration = min(duration, max(0.0, until - self.settings.warmup))
        pressure = self.meter.read()
        end = LoadEnd(
            started=self.started,
            began=self.load.recorder.started / 1e9,
            duration=duration,
            due=number_due_until(self.settings.stages, duration) if self.settings.model == "open" else 0,
            interrupted=is_interrupted,
            aborted=self.aborted,
            seed=self.settings.seed,
            exceptions=self.exceptions(),
            workers=frozenset(self.workers.members),
            cpu_pressure=pressure.waiting,
            cpu_stolen=pressure.stolen,
        )
        windows.write(self.folder / WINDOWS, self.collection.record, duration=duration)
        self.collection.samples.write(
            self.folder / SAMPLES, warmup=self.settings.warmup, duration=self.settings.duration
        )
        handover.write_result(result.summary(self.collection, end), self.folder / RESULT)
        self.environment.process_exit_code = 0

    def exceptions(self) -> tuple[ScenarioError, ...]:
        return tuple(
            ScenarioError(message=self.load.redact(_message(row))[:MAX_MESSAGE_CHARS], count=row["count"])
            for row in self.runner.exceptions.values()
        )

    def cpu(self) -> float:
        return (time.process_time() - self.cpu_began) / max(self.elapsed(), 0.001)


def _message(row: Mapping[str, Any]) -> str:
    """What an exception says, and where in the scenario it came up: the place comes first, a message may be long."""
    places = _PLACE.findall(str(row["traceback"]))
    own = [place for place in places if "site-packages" not in place[0]]
    path, line, function = (own or places or [("", "", "")])[-1]
    return f"{Path(path).name}:{line}, in {function}: {row['msg']}" if path else str(row["msg"])


def window_width(settings: Settings) -> int:
    """Seconds: windows get wider the longer the test, so that the record stays small."""
    return max(1, ceil((settings.warmup + settings.duration) / MAX_WINDOWS))
