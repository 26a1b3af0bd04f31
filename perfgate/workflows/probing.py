"""Opens the probes that a budget file names under `diagnose:`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

from perfgate.diagnose.probes import BY_KEY, Prober, QueueProbe, logins
from perfgate.diagnose.probes.peers import Kind
from perfgate.model.budget_file import DiagnosePolicy
from perfgate.model.errors import PerfgateError
from perfgate.text import template

DATABASES = ("postgres", "mysql")
PORT = "PORT"  # the variable that a service gets its port by: databases may be named by it
OF_SIDE = f"${{{PORT}}}"  # stands in a URL for the port of a side


def databases(policy: DiagnosePolicy) -> list[str]:
    """The databases whose statements can be counted, as written."""
    return [written for key in DATABASES if (written := getattr(policy, key))]


def open_probers(
    policy: DiagnosePolicy, environ: Mapping[str, str], stack: ExitStack, warnings: list[str], target: str = ""
) -> Iterator[Prober]:
    """The probes that the budget file names: those that base and head share, or with a `target` those of that side,
    whose URL has `${PORT}` or is a path. Each is closed with the stack; one that cannot be opened is a warning."""
    parts = urlsplit(target)
    for key, make in BY_KEY.items():
        written: str = getattr(policy, key)
        try:
            url = template.expand(written, {**environ, PORT: OF_SIDE})
            is_path = url.startswith("/")
            if not url or (is_path or OF_SIDE in url) is not bool(target):
                continue
            url = f"{parts.scheme}://{parts.netloc}{url}" if is_path else url.replace(OF_SIDE, str(parts.port or 0))
            probe = QueueProbe(url, policy.queue) if key == "celery" else make(url)
            stack.callback(probe.close)
            yield probe
        except PerfgateError as error:
            warnings.append(f"{error.message}. {error.hint}" if error.hint else error.message)
        except template.TemplateError as error:
            if not target:  # once is enough
                warnings.append(f"diagnose.{key}: {error}")
        except Exception as error:  # noqa: BLE001 - a server that nobody has seen yet costs its probe alone
            what = logins.MALFORMED if isinstance(error, ValueError) else f"cannot be read ({type(error).__name__})"
            warnings.append(f"diagnose.{key}: {what}")  # without the error's words, which may quote the URL


_KINDS: Mapping[str, Kind] = {"celery": "broker", "postgres": "database", "mysql": "database", "redis": "cache"}


def named_ports(policy: DiagnosePolicy, environ: Mapping[str, str]) -> Mapping[int, Kind]:
    """Port -> what listens there, by the budget file."""
    ports: dict[int, Kind] = {}
    for key, kind in _KINDS.items():
        with suppress(template.TemplateError, ValueError):
            url = template.expand(getattr(policy, key, ""), {**environ, PORT: "0"}).replace(OF_SIDE, "0")
            if port := urlsplit(url).port:
                ports[port] = kind
    return ports
