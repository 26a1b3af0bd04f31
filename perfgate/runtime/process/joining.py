"""How a Locust process becomes perfgate's: called by Locust in every process, alone, leading or following."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import gevent
from locust import events
from locust.runners import WorkerRunner

from perfgate.recording.handover import REFUSAL, Settings, from_plain, read
from perfgate.runtime.http.observations import raise_file_limit
from perfgate.runtime.process.conductor import Conductor
from perfgate.runtime.process.worker_registration import ENLIST
from perfgate.runtime.record.load import Load
from perfgate.runtime.users.visitor import Visitor
from perfgate.text.redaction import Redactor, redactor


def on_init(environment: Any, **_: Any) -> None:
    """Is called by Locust in every process once its runner exists."""
    settings = read(os.environ)
    if settings is not None:
        _conduct(environment, settings)
        gevent.spawn(_end_with_parent, os.getppid())
        return
    environment.perfgate = Load(environment, None, Redactor())
    if isinstance(environment.runner, WorkerRunner):  # of a perfgate on another machine, perhaps
        environment.runner.register_message(ENLIST, _enlist)


def _conduct(environment: Any, settings: Settings) -> Conductor:
    if settings.duet:
        _refuse_foreign(environment, Path(settings.folder))
    raise_file_limit()
    environment.perfgate = load = Load(environment, settings, redactor(settings.secrets, os.environ))
    conductor = Conductor(environment, settings, load)
    conductor.install()
    return conductor


def _refuse_foreign(environment: Any, folder: Path) -> None:
    """Locust's own clients send to one target, and nobody could say to which. Raises ValueError."""
    foreign = [user_class.__name__ for user_class in environment.user_classes if not issubclass(user_class, Visitor)]
    if not foreign:
        return
    if not isinstance(environment.runner, WorkerRunner):
        (folder / REFUSAL).write_text(foreign[0], encoding="utf-8")
    raise ValueError(f"{foreign[0]} is no Visitor, so it cannot send to two targets")


def _enlist(environment: Any, msg: Any, **_: Any) -> None:
    """A worker that was started by hand learns from its master what to do."""
    del environment.runner.custom_messages[ENLIST]
    _conduct(environment, from_plain(msg.data["settings"])).on_enlist(environment, msg)


def _end_with_parent(parent: int) -> None:
    """A generator must not outlive the perfgate (or the master) that started it."""
    while os.getppid() == parent:
        gevent.sleep(1.0)
    os._exit(1)


def register() -> None:
    """Makes Locust call us; done once, when a scenario imports the runtime."""
    if not any(listener is on_init for listener in events.init._handlers):
        events.init.add_listener(on_init)
