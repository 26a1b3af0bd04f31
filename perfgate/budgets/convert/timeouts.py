"""How long a request and its parts may take: the `timeout` of an endpoint with that of `defaults` merged in."""

from __future__ import annotations

import math
from dataclasses import dataclass

from perfgate.budgets.convert.draft import Draft, DraftEntry, duration
from perfgate.budgets.shape.timeout_shape import PARTS, TOTAL
from perfgate.model.budget_file import Json, Request


@dataclass(frozen=True, kw_only=True)
class TimeoutLimits:
    """Seconds. `total` is infinite where it cannot be read: then nothing is beyond it."""

    total: float
    connect: float | None = None
    first_byte: float | None = None


def timeouts(draft: Draft, endpoint: DraftEntry) -> TimeoutLimits:
    """Each part is the endpoint's own, else the default's. A part of the defaults that is longer than the endpoint's
    total is dropped: the total comes first anyway."""
    own, default = parts(endpoint.keys.get("timeout")), parts(draft.map("defaults").get("timeout"))
    total = own.get(TOTAL, default.get(TOTAL, Request.timeout))
    inherited = {part: seconds for part, seconds in default.items() if seconds <= total}
    return TimeoutLimits(**{**inherited, **own, TOTAL: total})


def parts(written: Json) -> dict[str, float]:
    """The seconds of each part that a `timeout` says, as far as they can be read."""
    if written is None:
        return {}
    text = written if isinstance(written, dict) else {TOTAL: written}
    read = {part: seconds for part in PARTS if (seconds := duration(text.get(part)))}
    return {TOTAL: math.inf, **read} if TOTAL in text else read
