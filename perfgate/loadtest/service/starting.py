"""The application under test, when perfgate starts it: start, wait until it is ready, and always stop it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import urlsplit

from perfgate.loadtest.process.child import Child
from perfgate.loadtest.service import symptoms
from perfgate.loadtest.service.ports import free_ports, is_free
from perfgate.model.budget_file import Service
from perfgate.model.errors import ServiceError
from perfgate.net import http
from perfgate.runner.deferred_signals import defer_signals
from perfgate.text import template
from perfgate.text.redaction import redactor

STOP_TIMEOUT_S = 10.0  # s between asking it to end and killing it
PORT = "PORT"  # the variable that tells a command its port
POLL_INTERVAL_S = 0.1  # s between two questions whether it is ready


def with_port(service: Service, target: str) -> tuple[Service, str]:
    """The service on a port that is free, and the target's URL with it: the port of the budget file where possible.

    Raises ServiceError when that port is taken and the command does not take another (`${PORT}`).
    """
    if is_free(service.port):
        return service, target
    if not takes_port(service):
        raise ServiceError(
            f"Port {service.port} is taken, so the service of the budget file cannot start.",
            hint="Stop what listens there, let the command take its port as ${PORT}, or leave `service` out to measure "
            "what runs.",
            code="PG-T005",
        )
    [port] = free_ports(1)
    return replace(service, port=port), at_port(target, service.port, port)


def takes_port(service: Service) -> bool:
    """Whether the service listens where perfgate tells it to."""
    written = " ".join([service.command, *service.env.values()])
    named = {variable.name for variable in template.variables(template.parse_variables(written))}
    return PORT in named or re.search(rf"\${PORT}\b", written) is not None


def at_port(target: str, old: int, new: int) -> str:
    """The URL with another port; unchanged where its port is not the `old` one."""
    parts = urlsplit(target)
    if parts.port != old:
        return target
    return parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{new}").geturl()


@dataclass(frozen=True, kw_only=True)
class Start:
    """How a service is started: `folder` is where its command runs, `log` gets what it says, `name` is said in
    messages; `error` is raised when it does not start, with `hint` as what else to do."""

    service: Service
    folder: Path
    log: Path
    environ: Mapping[str, str]
    name: str = "service"
    error: type[ServiceError] = ServiceError
    hint: str = ""


class Services:
    """Services that run."""

    def __init__(self, children: Sequence[tuple[Start, Child]] = ()) -> None:
        self._children = children

    def pid(self, port: int) -> int | None:
        """Process id of the process above all those of the service on this port."""
        return next((child.pid for start, child in self._children if start.service.port == port), None)

    def check_alive(self) -> None:
        """Raises ServiceError when one has ended: what was measured since then is nobody's latency."""
        for start, child in self._children:
            if (code := child.poll()) is not None:
                raise ServiceError(
                    f"The {start.name} ended during the load, with exit code {symptoms.exit_code(code)}. "
                    f"Its last lines:\n{symptoms.last_output(child.tail)}",
                    hint=f"Nothing was judged, as nothing after that could be measured. Its log is {start.log}",
                    code="PG-T006",
                )


@contextmanager
def running(starts: Sequence[Start], secrets: Sequence[str]) -> Iterator[Services]:
    """The services are started in this order, and run and are ready inside this block. All are stopped at its end.
    `secrets` are variables whose values their logs do not show: logs become artifacts, which more people read.

    Raises ServiceError when one does not start or is not ready in time.
    """
    children: list[Child] = []
    try:
        for start in starts:
            children.append(_launch(start, secrets))  # noqa: PERF401 - if one fails, those before it must be known
        for start, child in zip(starts, children, strict=True):
            _wait_until_ready(start, child)
        yield Services(tuple(zip(starts, children, strict=True)))
    finally:
        with defer_signals():
            for child in children:
                child.terminate()
            for child in children:
                child.end(STOP_TIMEOUT_S)


def _launch(start: Start, secrets: Sequence[str]) -> Child:
    known = {**start.environ, PORT: str(start.service.port)}
    try:
        own = {name: template.expand(value, known) for name, value in start.service.env.items()}
        command = template.expand(start.service.command, known)
        hide = redactor(secrets, start.environ)
        return Child(command, environ={**known, **own}, log=start.log, redact=hide, folder=start.folder)
    except OSError as error:
        raise start.error(f"The {start.name} cannot be started: {error}", hint=start.hint, code="PG-T006") from error


def _wait_until_ready(start: Start, child: Child) -> None:
    service, log = start.service, start.log
    url = f"http://127.0.0.1:{service.port}{service.ready}"
    until = monotonic() + service.ready_timeout
    last = ""
    while monotonic() < until:
        if (code := child.poll()) is not None:
            hint = f"{symptoms.why_ended(code, child.tail, service.port)}\nLog: {log}"
            raise start.error(
                f"The {start.name} ended at once, with exit code {symptoms.exit_code(code)}.\n"
                f"{symptoms.last_output(child.tail)}",
                hint=f"{hint}\n{start.hint}".rstrip(),
                code="PG-T006",
            )
        answer = http.status_of(url, timeout=2.0)
        if answer is not None:
            if answer < 400:
                return
            last = f"{service.ready} answered {answer}"
        sleep(POLL_INTERVAL_S)
    last = last or symptoms.where_it_listens(child.pid, service.port)
    raise start.error(
        f"The {start.name} was not ready within {service.ready_timeout:g} s: {last}.\n"
        f"{symptoms.last_output(child.tail)}",
        hint=f"Its log is {log}. `service: {{ready: /path, ready_timeout: 60s}}` says what to ask, and how long."
        + (f"\n{start.hint}" if start.hint else ""),
        code="PG-T006",
    )
