"""Shape of what an endpoint does beyond one request -> Poll."""

from __future__ import annotations

from typing import Any

from perfgate.budgets.convert.expectations import conditions
from perfgate.budgets.shape.activity_shape import UNITS, PollShape, StatedShape
from perfgate.budgets.shape.texts import split_request
from perfgate.model.activity import Poll, StatedTime


def poll(written: PollShape) -> Poll:
    return Poll(
        path=split_request(written.request)[1],
        until=tuple(conditions(written.until)),
        fails=tuple(conditions(written.fails or {})),
        every=Poll.every if written.every is None else written.every,
        timeout=Poll.timeout if written.timeout is None else written.timeout,
        queued=stated(written.queued),
        work=stated(written.work),
    )


def stated(written: Any) -> StatedTime | None:
    if written is None:
        return None
    if isinstance(written, StatedShape):
        [(unit, path)] = ((name, getattr(written, name)) for name in written.model_fields_set)
        return StatedTime(start=path, unit=UNITS[unit])
    if isinstance(written, list):
        return StatedTime(start=written[0], end=written[1])
    return StatedTime(start=written)
