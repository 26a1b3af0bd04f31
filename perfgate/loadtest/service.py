"""The application under test, when perfgate starts it: start, wait until it is ready, and always stop it."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import urlsplit

from perfgate import http, template
from perfgate.loadtest.child import Child
from perfgate.model.budget_file import Service
from perfgate.model.errors import ServiceError
from perfgate.redaction import Redactor

STOP_PATIENCE = 10.0  # s between asking it to end and killing it
PORT = "PORT"  # the variable that tells a command its port
PAUSE = 0.1  # s between two questions whether it is ready


def settled(service: Service, target: str) -> tuple[Service, str]:
    """The service on a port that is free, and the target's URL with it: the port of the budget file where possible.

    Raises ServiceError when that port is taken and the command does not take another (`${PORT}`).
    """
    if _is_free(service.port):
        return service, target
    if PORT not in {variable.name for variable in template.variables(template.parse_variables(service.command))}:
        raise ServiceError(
            f"Something listens on port {service.port} already, so the service of the budget file cannot be measured.",
            hint="Stop it, let the command take its port as ${PORT}, or leave `service` out to measure what runs.",
        )
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    parts = urlsplit(target)
    if parts.port == service.port:
        target = parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{port}").geturl()
    return replace(service, port=port), target


@contextmanager
def started(service: Service, *, folder: Path, log: Path, environ: Mapping[str, str]) -> Iterator[None]:
    """The service runs inside this block. `folder` is where its command runs, `log` gets what it says.

    Raises ServiceError when it does not start or is not ready in time.
    """
    known = {**environ, PORT: str(service.port)}
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


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) != 0


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
