"""The shape of `diagnose`: what may be looked at where something failed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Tag

from perfgate.budgets.shape.fields import MAP, TEXT, MapOrText, Maybe, PositiveDuration, Shape, optional
from perfgate.budgets.shape.texts import Text, TraceLink

Port = Annotated[int, Field(ge=1, le=65535)]


class TracesShape(Shape):
    forward: Maybe[Text] = optional("The team's own collector: it gets every trace unchanged.", "http://collector:4318")
    link: Maybe[TraceLink] = optional(
        "Where a trace is shown, with {trace_id}. Reports show it as it is.", "https://jaeger.example/trace/{trace_id}"
    )
    port: Maybe[Port] = optional("Where perfgate receives spans of a service that it does not start.", 4318)


Traces = Annotated[Annotated[TracesShape, Tag(MAP)] | Annotated[Literal["otlp"], Tag(TEXT)], MapOrText]


class ServerTimingShape(Shape):
    total: Maybe[Text] = optional("The entry with the whole time in the server. Default: total.", "total")
    database: Maybe[Text] = optional("Default: db.", "db")
    cache: Maybe[Text] = optional("Default: cache.", "cache")
    external: Maybe[Text] = optional("Calls of other services. Default: external.", "external")
    serialisation: Maybe[Text] = optional("Default: serialisation.", "render")


class DiagnoseShape(Shape):
    for_: Maybe[PositiveDuration] = optional(
        "How long the second pass may take that looks at what failed. Default: 20s.", "20s", alias="for"
    )
    postgres: Maybe[Text] = optional(
        "The application's database, where pg_stat_statements counts its queries.", "${DATABASE_URL}"
    )
    redis: Maybe[Text] = optional("The application's Redis, whose commands are counted.", "${REDIS_URL}")
    mysql: Maybe[Text] = optional(
        "The application's MySQL or MariaDB, where performance_schema counts its queries.", "${DATABASE_URL}"
    )
    celery: Maybe[Text] = optional(
        "The broker of the application's task queue (Redis or RabbitMQ), whose length is watched.", "${BROKER_URL}"
    )
    queue: Maybe[Annotated[list[Text], Field(min_length=1)]] = optional(
        "The names of its queues. Default: [celery].", ["celery", "mail"]
    )
    prometheus: Maybe[Text] = optional(
        "The application's own Prometheus metrics, read before and after: a path of the target, or another URL.",
        "/metrics",
        "http://127.0.0.1:8000/metrics",
    )
    profile: Maybe[Literal["py-spy", "node", "none"]] = optional(
        "Profile the service after the second pass: which functions take the time. `py-spy` for Python, `node` for "
        "Node. Default: where a request computes more (Python: and py-spy is installed); `none`: never.",
        "py-spy",
        "node",
    )
    server_timing: Maybe[ServerTimingShape] = optional(
        "What the application calls the entries of its Server-Timing header.", {"total": "total", "database": "db"}
    )
    traces: Maybe[Traces] = optional(
        "Traces of an application that OpenTelemetry instruments; a map says where they go besides, and how to open "
        "one. Needs `pip install 'perfgate[traces]'`.",
        "otlp",
        {"forward": "http://collector:4318", "link": "https://jaeger.example/trace/{trace_id}"},
    )
