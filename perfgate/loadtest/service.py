"""The application under test, when perfgate starts it: start, wait until it is ready, and always stop it."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic, sleep

from perfgate import http, template
from perfgate.loadtest.child import Child
from perfgate.model.budget_file import Service
from perfgate.model.errors import ServiceError
from perfgate.redaction import Redactor

STOP_PATIENCE = 10.0  # s between asking it to end and killing it
PAUSE = 0.1  # s between two questions whether it is ready


@contextmanager
def started(service: Service, *, folder: Path, log: Path, environ: Mapping[str, str]) -> Iterator[None]:
    """The service runs inside this block. `folder` is where its command runs, `log` gets what it says.

    Raises ServiceError when its port is taken, it does not start, or it is not ready in time.
    """
    _check_free(service.port)
    known = {**environ, "PORT": str(service.port)}
    own = {name: template.expand(value, known) for name, value in service.env.items()}
    try:
        command = template.expand(service.command, known)
        child = Child(command, environ={**known, **own}, log=log, redact=Redactor(), folder=folder)
    except OSError as error:
        raise ServiceError(f"The service cannot be started: {error}") from error
    try:
        _wait_until_ready(service, child, log)
        yield
    finally:
        child.end(STOP_PATIENCE)


def _check_free(port: int) -> None:
    with closing(socket.socket()) as probe:
        probe.settimeout(1.0)
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise ServiceError(
                f"Something listens on port {port} already, so the service of the budget file cannot be measured.",
                hint="Stop it, or leave `service` out of the budget file to measure what is running.",
            )


def _wait_until_ready(service: Service, child: Child, log: Path) -> None:
    url = f"http://127.0.0.1:{service.port}{service.ready}"
    until = monotonic() + service.ready_timeout
    last = "it did not listen"
    while monotonic() < until:
        if (code := child.poll()) is not None:
            raise ServiceError(f"The service ended at once, with exit code {code}.\n{_said(child)}", hint=f"Log: {log}")
        answer = http.status_of(url, timeout=2.0)
        if answer is not None:
            if answer < 400:
                return
            last = f"{service.ready} answered {answer}"
        sleep(PAUSE)
    raise ServiceError(
        f"The service was not ready within {service.ready_timeout:g} s: {last}.\n{_said(child)}",
        hint=f"Its log is {log}. `service: {{ready: /path, ready_timeout: 60s}}` says what to ask, and how long.",
    )


def _said(child: Child) -> str:
    return "\n".join(f"  | {line}" for line in list(child.tail)[-5:])
