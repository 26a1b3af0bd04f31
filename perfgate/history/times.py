"""Times of runs as numbers, because one moment has many texts ("Z", "+00:00", "+02:00", with or without fractions)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from perfgate.model.errors import HistoryError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse(text: str, *, origin: str) -> datetime:
    """A time without a zone counts as UTC. Raises HistoryError, naming `origin`, when it is not ISO 8601."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise HistoryError(
            f'{origin} has the time "{text[:50]}"', hint="Times look like 2026-01-31T12:00:00Z.", code="PG-H004"
        ) from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def microseconds(text: str, *, origin: str) -> int:
    """Microseconds since 1970 in UTC, exact. Raises as `parse`."""
    return (parse(text, origin=origin) - EPOCH) // timedelta(microseconds=1)
