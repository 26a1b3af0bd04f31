"""The target and the service: whether load may go there, and what answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from perfgate import loadtest, scenarios
from perfgate.loadtest.service.starting import running
from perfgate.model.errors import PerfgateError
from perfgate.model.plan import Plan
from perfgate.net import http
from perfgate.net.proxies import proxy_for
from perfgate.workflows.doctor.check import Check, CheckSurroundings, Subject, broken, warning

ANSWER_TIMEOUT_S = 5.0  # s for an answer


def target(subject: Subject, around: CheckSurroundings) -> Iterator[Check]:
    """Permission, then the service where it may be started, then an answer."""
    if not subject.target:
        yield broken("target", "a variable in it is not set", "set it, or pass --target URL")
        return
    try:
        loadtest.check_allowed(subject.target, subject.budget_file.allow)
    except PerfgateError as error:
        yield broken("target", error.message, error.hint, error.code)
        return
    service = None if around.target else subject.budget_file.service
    if service is None:
        yield _answer(around, subject.target, subject.plan)
        yield Check(name="service", message="the file names none: the target has to run already")
    elif not around.should_start:
        yield Check(name="target", message=f"{subject.target}: perfgate starts it")
        yield warning("service", "not started, so not checked", "perfgate doctor --start starts and asks it")
    else:
        yield from _check_start(subject, around)


def _check_start(subject: Subject, around: CheckSurroundings) -> Iterator[Check]:
    assert subject.budget_file.service is not None  # for the type checker
    try:
        service, url = loadtest.with_port(subject.budget_file.service, subject.target)
        with TemporaryDirectory(prefix="perfgate-doctor-") as folder:
            start = loadtest.Start(
                service=service,
                folder=subject.budget_file.path.parent,
                log=Path(folder) / "service.log",
                environ=around.child_environ,
            )
            with running([start], scenarios.secrets(scenarios.plan(subject.budget_file))):
                yield Check(name="service", message=f"starts, and {service.ready} answers on port {service.port}")
                yield _answer(around, url, subject.plan)
    except PerfgateError as error:
        yield broken(
            "service", error.message, error.hint.partition("Its log is")[0] or "mend `service: {command: ...}`"
        )


def _answer(around: CheckSurroundings, url: str, plan: Plan) -> Check:
    """What a GET of the target is answered."""
    tls = loadtest.tls_check(plan)
    try:
        loadtest.check_up(url, around.environ, tls)
    except PerfgateError as error:
        return broken("target", error.message, error.hint, error.code)
    path = urlsplit(url).path or "/"
    if urlsplit(url).scheme == "http":
        status = http.status_of(url, timeout=ANSWER_TIMEOUT_S)
    else:
        try:
            trust, name = (tls.context(), tls.tls.server_name) if tls else (None, "")
            with http.HttpSession(timeout=ANSWER_TIMEOUT_S, trust=trust, server_name=name) as session:
                status = session.exchange("GET", url, headers={}).status
        except http.NoReplyError as error:
            return warning("target", f"{url} listens, but GET {path}: {error}", "see `tls` in docs/budgets.md")
    if status is None:
        cure = "look at its log; is it the right port?"
        return broken("target", f"{url} listens, but does not answer within {ANSWER_TIMEOUT_S:g} s", cure)
    if status >= 500:
        return warning("target", f"{url} answers {status}", "look at the application's log before you measure it")
    return Check(name="target", message=f"{url} answers {status}")


def proxies(subject: Subject | None, around: CheckSurroundings) -> Check:
    """Whether the load takes a proxy, which would be measured as well."""
    parts = urlsplit(subject.target) if subject else urlsplit("")
    if not parts.hostname:
        return Check(name="proxies", message="no target to ask for")
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        proxy = proxy_for(parts.scheme, parts.hostname, port, around.environ)
    except (PerfgateError, ValueError) as error:
        return broken("proxies", str(error).partition("\n")[0], getattr(error, "hint", "") or "mend the target's URL")
    if proxy is None:
        return Check(name="proxies", message="none on the way to the target")
    cure = f"its time is measured too; except the target: NO_PROXY={parts.hostname}"
    return warning("proxies", f"the load goes through {proxy.host}:{proxy.port}", cure)
