"""Opens the probes that a budget file names under `diagnose:`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from urllib.parse import urlsplit

from perfgate.diagnose.probes import BY_KEY, Prober, PrometheusProbe, QueueProbe
from perfgate.model.budget_file import DiagnosePolicy
from perfgate.model.errors import PerfgateError
from perfgate.text import template

DATABASES = ("postgres", "mysql")


def databases(policy: DiagnosePolicy) -> list[str]:
    """The databases whose statements can be counted, as written."""
    return [written for key in DATABASES if (written := getattr(policy, key))]


def opened(
    policy: DiagnosePolicy, environ: Mapping[str, str], stack: ExitStack, warnings: list[str]
) -> Iterator[Prober]:
    """Those that look at what base and head have in common. Each is closed with the stack; what keeps one from opening
    is a warning."""
    for key, make in BY_KEY.items():
        written = getattr(policy, key)
        if not written.startswith("/"):
            of_key = partial(QueueProbe, queues=policy.queue) if key == "celery" else make
            yield from _opened(key, written, environ, stack, warnings, of_key)


def opened_of_side(policy: DiagnosePolicy, target: str, stack: ExitStack, warnings: list[str]) -> Iterator[Prober]:
    """Those that look at one side: metrics that are given as a path of the service itself."""
    if policy.prometheus.startswith("/"):
        parts = urlsplit(target)
        url = f"{parts.scheme}://{parts.netloc}{policy.prometheus}"
        yield from _opened("prometheus", url, {}, stack, warnings, PrometheusProbe)


def _opened(
    key: str,
    written: str,
    environ: Mapping[str, str],
    stack: ExitStack,
    warnings: list[str],
    make: Callable[[str], Prober],
) -> Iterator[Prober]:
    try:
        url = template.expand(written, environ)
        if url:
            probe = make(url)
            stack.callback(probe.close)
            yield probe
    except PerfgateError as error:
        warnings.append(f"{error.message}. {error.hint}" if error.hint else error.message)
    except template.TemplateError as error:
        warnings.append(f"diagnose.{key}: {error}")
