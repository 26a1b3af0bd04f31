"""The shape of `load:`."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from perfgate.budgets.shape.fields import (
    Count,
    Duration,
    DurationRange,
    Maybe,
    PositiveDuration,
    PositiveRate,
    PositiveRatio,
    Shape,
    optional,
    problem,
    required,
)
from perfgate.budgets.shape.texts import Text

LEVELS = ("rate", "users", "stages", "replay")  # exactly one of them


def _speed(value: object) -> float:
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)x", value) if isinstance(value, str) else None
    if not match or not float(match[1]):
        raise problem("must be a speed", "for example `2x`, or `0.5x` for half")
    return float(match[1])


def _listed(value: object) -> object:
    """A single value as a list of one."""
    return value if isinstance(value, list) else [value]


Speed = Annotated[
    float, BeforeValidator(_speed), WithJsonSchema({"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?x$"})
]


class StageShape(Shape):
    rate: Maybe[PositiveRate] = optional("Starts per second during this stage (open model).", "50/s")
    users: Maybe[Count] = optional("Virtual users during this stage (closed model).", 10)
    for_: PositiveDuration = required("How long this stage lasts.", "30s", alias="for")


class AbortShape(Shape):
    errors: PositiveRatio = required("The share of failed requests at which the load ends early.", "50%")
    for_: PositiveDuration = required("How long it must stay there, without a break.", "10s", alias="for")


class LoadShape(Shape):
    rate: Maybe[PositiveRate] = optional(
        "Open model: endpoints and journeys started per second, whether or not the target keeps up.", "200/s", "600/min"
    )
    users: Maybe[Count] = optional("Closed model: virtual users, each waits for its answer.", 20)
    stages: Maybe[Annotated[list[StageShape], Field(min_length=1)]] = optional(
        "Levels that follow each other, all with `rate` or all with `users`.",
        [{"rate": "50/s", "for": "30s"}, {"rate": "100/s", "for": "30s"}],
    )
    replay: Maybe[Text] = optional(
        "An access log, relative to the budget file's folder: its requests are sent when they came, each as the "
        "endpoint whose method and path it has.",
        "access.log",
    )
    speed: Maybe[Speed] = optional("With `replay`: how many times as fast. Default: 1x.", "2x", "0.5x")
    host: Maybe[
        Annotated[list[Text], Field(min_length=1), BeforeValidator(_listed, json_schema_input_type=Text | list[Text])]
    ] = optional(
        "With `replay`: the only host, or hosts, whose requests are sent. Default: all that the log has.",
        "shop.example",
        ["shop.example", "www.shop.example"],
    )
    warmup: Maybe[Duration] = optional("Load at the first level before anything is judged. Default: none.", "5s")
    duration: Maybe[DurationRange] = optional(
        "Measured time; with `stages` it is their sum. A range ends as soon as everything is decided.", "30s", "20s..3m"
    )
    arrivals: Maybe[Literal["poisson", "even"]] = optional(
        "Open model: starts at random like independent visitors (the default), or evenly spaced.", "poisson", "even"
    )
    max_users: Maybe[Count] = optional("Open model: most virtual users at once. Default: 1000.", 500)
    seed: Maybe[Annotated[int, Field(ge=0)]] = optional(
        "Of what is drawn at random: another one gives other values and arrivals. Default: the same for every run.", 7
    )
    session: Maybe[Literal["new", "keep"]] = optional(
        "What a visit begins with: nothing, as a new visitor (`new`, the default), or the cookies and captured values"
        " of the same virtual user's last visit (`keep`).",
        "keep",
    )
    abort: Maybe[AbortShape] = optional(
        "Ends the load early when too many requests fail. Default: never.", {"errors": "50%", "for": "10s"}
    )
