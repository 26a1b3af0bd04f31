"""Dates and times in tables, as ISO 8601 and spreadsheets write them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perfgate.text.units import parse_moment

_DATE = re.compile(
    r"\d{4}([-/])\d\d\1\d\d[ T](?!24)\d\d:\d\d:\d\d([.,]\d{1,9})?\s?(Z|UTC|[+-]\d\d(:?[0-5]\d)?)?",
    re.ASCII | re.IGNORECASE,
)


def looks_dated(text: str) -> bool:
    """Whether it is written like a date with a time."""
    return _DATE.fullmatch(text.strip()) is not None


def unix_time(text: str) -> float:
    """Seconds since 1970 of a single date: a hundred times as fast as `unix_times` of it. Raises ValueError."""
    if not looks_dated(text):
        raise ValueError("no date")
    return parse_moment(re.sub(r"\s(?=[-+Z])", "", _iso(text))).timestamp()


def unix_times(texts: Sequence[str]) -> NDArray[np.float64]:
    """Seconds since 1970 of dates; those without a time zone are taken for UTC. Raises ValueError."""
    if not all(map(looks_dated, texts)):
        raise ValueError("no date")
    times = pd.to_datetime([_iso(text) for text in texts], format="ISO8601", utc=True)
    seconds: NDArray[np.float64] = np.asarray((times - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1))
    return seconds


def _iso(text: str) -> str:
    return re.sub(r"\s?UTC$", "Z", text.strip().upper().replace("/", "-").replace(",", "."))


def unix_times_of(column: pd.Series) -> NDArray[np.float64]:
    """Seconds since 1970 of a column of texts, each of which is read once. Raises ValueError."""
    return np.take(unix_times([str(text) for text in column.cat.categories]), np.asarray(column.cat.codes))
