"""What generated scenarios import. The virtual user is loaded only when it is asked for, because it brings Locust,
which patches the whole process; the rest can be used, and tested, without.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from perfgate.runtime.http.dialling import TlsConfig
from perfgate.runtime.scenario.bodies import file
from perfgate.runtime.scenario.captures import from_cookie, from_header, from_json, from_regex
from perfgate.runtime.scenario.declarations import proto
from perfgate.runtime.scenario.endpoint import Endpoint
from perfgate.runtime.scenario.expectations import header, json_path, regex, status, text
from perfgate.runtime.scenario.graphql import operation
from perfgate.runtime.scenario.stated_times import stated
from perfgate.runtime.scenario.values import always, between, choice, env, environment, rows, sequence, url_env, uuid

if TYPE_CHECKING:
    from perfgate.runtime.callbacks.job import CallbackJob
    from perfgate.runtime.streams.events import Events
    from perfgate.runtime.streams.grpc_call import Grpc
    from perfgate.runtime.streams.websocket import WebSocket
    from perfgate.runtime.users.jobs import Job
    from perfgate.runtime.users.persisted_queries import PersistedQuery
    from perfgate.runtime.users.visitor import Visitor, journey

__all__ = [
    "CallbackJob",
    "Endpoint",
    "Events",
    "Grpc",
    "Job",
    "PersistedQuery",
    "TlsConfig",
    "Visitor",
    "WebSocket",
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
    "operation",
    "proto",
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


_LATE = {
    "CallbackJob": "perfgate.runtime.callbacks.job",
    "Events": "perfgate.runtime.streams.events",
    "Grpc": "perfgate.runtime.streams.grpc_call",
    "Job": "perfgate.runtime.users.jobs",
    "PersistedQuery": "perfgate.runtime.users.persisted_queries",
    "Visitor": "perfgate.runtime.users.visitor",
    "WebSocket": "perfgate.runtime.streams.websocket",
    "journey": "perfgate.runtime.users.visitor",
}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from perfgate.runtime.process import joining

    joining.register()
    return getattr(import_module(_LATE[name]), name)
