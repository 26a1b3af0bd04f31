"""Opens the probes that a budget file names under `diagnose:`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack

from perfgate.diagnose.probes import BY_KEY, Prober, QueueProbe
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
    """Each probe is closed with the stack; what keeps one from opening is a warning."""
    for key, make in BY_KEY.items():
        try:
            url = template.expand(getattr(policy, key), environ)
            if url:
                probe = QueueProbe(url, policy.queue) if key == "celery" else make(url)
                stack.callback(probe.close)
                yield probe
        except PerfgateError as error:
            warnings.append(f"{error.message}. {error.hint}".removesuffix(". ") if error.hint else error.message)
        except template.TemplateError as error:
            warnings.append(f"diagnose.{key}: {error}")
