"""The shape of `timeout:`: a duration for the whole request, or one for each part of it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Tag

from perfgate.budgets.shape.fields import MAP, TEXT, MapOrText, Maybe, PositiveDuration, Shape, not_empty, optional

TOTAL = "total"  # the part that a bare duration means
PARTS = (TOTAL, "connect", "first_byte")


class TimeoutShape(Shape):
    total: Maybe[PositiveDuration] = optional("From asking for a connection to the last byte. Default: 10s.", "10s")
    connect: Maybe[PositiveDuration] = optional(
        "Until connected, TLS included; at most `total`. Default: only `total` limits it.", "1s"
    )
    first_byte: Maybe[PositiveDuration] = optional(
        "From the send to the first byte of the answer; at most `total`. Default: only `total` limits it.", "2s"
    )


Timeout = Annotated[
    Annotated[TimeoutShape, not_empty("{total: 10s, connect: 1s}"), Tag(MAP)] | Annotated[PositiveDuration, Tag(TEXT)],
    MapOrText,
]
