"""Advice to load for longer, in the words of a budget file that earlier runs still compare with."""

from __future__ import annotations

import re
from math import ceil

from perfgate.model.run import Run

_ONE_LEVEL = re.compile(r"\S+(?: users?)? for (?P<seconds>[\d.]+) s(?: to [\d.]+ s)? (?:after|without) ")
MINUTES_FROM_S = 90.0


def longer(run: Run, seconds: float) -> str:
    """ "`duration: 20s..14m`": the load as it is, for up to `seconds`. A plain longer `duration` would be another load,
    and begin a new baseline. Without a load of one level it is "14 minutes at this rate"."""
    match = _ONE_LEVEL.match(run.conditions.load)
    if match is None:
        unit = f"{ceil(seconds / 60)} minutes" if seconds > MINUTES_FROM_S else f"{_tens(seconds)} s"
        return f"{unit} at this rate"
    shortest = float(match["seconds"])
    most = max(seconds, 2 * shortest)
    upper = f"{ceil(most / 60)}m" if most > MINUTES_FROM_S else f"{_tens(most)}s"
    return f"`duration: {shortest:g}s..{upper}`"


def _tens(seconds: float) -> int:
    return ceil(seconds / 10) * 10
