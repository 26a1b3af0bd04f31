"""Windows -> requests in flight: how many had begun by a moment and were not answered yet.

Starts count as evenly spread over their window, and a request is under way for its latency. What failed otherwise than
by a timeout has none, and counts as answered at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import floor

import numpy as np

from perfgate.model.budget_file import LoadProfile
from perfgate.recording.histogram import NS_PER_SECOND, value_of
from perfgate.recording.windows import Key, Window

MAX_VALUES = 20


def in_flight(
    parts: Mapping[Key, Window], load: LoadProfile, *, width: int, duration: float, unfinished: int = 0
) -> tuple[float, ...]:
    """Requests in flight: at most MAX_VALUES numbers, at equal distances until the end of the measured time. `parts`
    are all windows, the warm-up's too; `unfinished` requests were never answered. Empty where the rate is not the same
    all the time: then the number grows and falls with the load."""
    if load.model != "open" or len({stage.level for stage in load.stages}) != 1 or duration <= 0:
        return ()
    number = min(MAX_VALUES, floor(duration / width))
    moments = [duration * (at + 1) / number for at in range(number)]
    values = [
        sum(_under_way(window, key[3], width, moment) for key, window in parts.items() if key[0] == "endpoint")
        for moment in moments
    ]
    if values:
        values[-1] += unfinished
    return tuple(round(value, 1) for value in values)


def _under_way(window: Window, began: int, width: int, moment: float) -> float:
    """The requests of one window that are under way at a moment."""
    if not began < moment < began + width + window.latency.maximum / NS_PER_SECOND:
        return 0.0
    buckets = window.latency.buckets
    took = np.array([value_of(bucket) for bucket in buckets]) / NS_PER_SECOND
    counts = np.fromiter(buckets.values(), dtype=np.float64)
    started = min(1.0, (moment - began) / width)
    answered = np.clip((moment - took - began) / width, 0.0, started)
    return float((counts * (started - answered)).sum())
