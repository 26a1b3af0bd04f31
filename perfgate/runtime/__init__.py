"""What generated scenarios import. The virtual user is loaded only when it is asked for, because it brings Locust,
which patches the whole process; the rest can be used, and tested, without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perfgate.runtime.http.dialling import TlsConfig
from perfgate.runtime.scenario.endpoint import Endpoint, file
from perfgate.runtime.scenario.expectations import (
    from_cookie,
    from_header,
    from_json,
    from_regex,
    header,
    json_path,
    regex,
    status,
    text,
)
from perfgate.runtime.scenario.stated_times import stated
from perfgate.runtime.scenario.values import always, between, choice, env, environment, rows, sequence, url_env, uuid

if TYPE_CHECKING:
    from perfgate.runtime.users.jobs import Job
    from perfgate.runtime.users.visitor import Visitor, journey

__all__ = [
    "Endpoint",
    "Job",
    "TlsConfig",
    "Visitor",
    "always",
    "between",
    "choice",
    "env",
    "environment",
    "file",
    "from_cookie",
    "from_header",
    "from_json",
    "from_regex",
    "header",
    "journey",
    "json_path",
    "regex",
    "rows",
    "sequence",
    "stated",
    "status",
    "text",
    "url_env",
    "uuid",
]

Trust = TlsConfig  # its name in scenarios that earlier versions generated


def __getattr__(name: str) -> Any:
    if name == "Job":
        from perfgate.runtime.users.jobs import Job

        return Job
    if name not in ("Visitor", "journey"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from perfgate.runtime.process import joining
    from perfgate.runtime.users import visitor

    joining.register()
    return getattr(visitor, name)
