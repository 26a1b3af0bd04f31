"""The shape of `diagnose.traces`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Tag

from perfgate.budgets.shape.fields import MAP, TEXT, MapOrText, Maybe, Shape, optional
from perfgate.budgets.shape.texts import Text, TraceLink

Port = Annotated[int, Field(ge=1, le=65535)]


class TracesShape(Shape):
    forward: Maybe[Text] = optional("The team's own collector: it gets every trace unchanged.", "http://collector:4318")
    link: Maybe[TraceLink] = optional(
        "Where a trace is shown, with {trace_id}. Reports show it as it is.", "https://jaeger.example/trace/{trace_id}"
    )
    port: Maybe[Port] = optional("Where perfgate receives spans of a service that it does not start.", 4318)


Traces = Annotated[Annotated[TracesShape, Tag(MAP)] | Annotated[Literal["otlp"], Tag(TEXT)], MapOrText]
