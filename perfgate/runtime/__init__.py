"""What generated scenarios import. Inside Locust only: importing this imports Locust, which patches the process."""

from perfgate.runtime.conductor import register
from perfgate.runtime.endpoint import Endpoint, file
from perfgate.runtime.expectations import (
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
from perfgate.runtime.values import always, between, choice, env, environment, rows, sequence, uuid
from perfgate.runtime.visitor import Visitor, journey

__all__ = [
    "Endpoint",
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
    "register",
    "rows",
    "sequence",
    "status",
    "text",
    "uuid",
]

register()
