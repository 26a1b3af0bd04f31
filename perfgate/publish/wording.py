"""The words that destinations share. Plain text."""

from __future__ import annotations

from collections.abc import Iterator

from perfgate.model.publication import Announcement

STANDS = "The verdict stands."  # whatever could not be published


def lines(announcement: Announcement, max_lines: int) -> Iterator[str]:
    """A sentence for each broken budget, what is new first."""
    broken = sorted(announcement.occasion.broken, key=lambda item: not item.is_new)
    for item in broken[:max_lines]:
        yield item.sentence if item.is_new else f"{item.sentence} (as before)"
    if len(broken) > max_lines:
        yield f"and {len(broken) - max_lines} more"
    if announcement.occasion.recovered:
        yield "What failed before is kept again."


def about(announcement: Announcement) -> str:
    """ "9f3c2ab on main, 2026-01-05 10:00 UTC"."""
    occasion = announcement.occasion
    commit = occasion.commit[:7] or "unknown commit"
    branch = f" on {occasion.branch}" if occasion.branch else ""
    return f"{commit}{branch}, {occasion.started[:16].replace('T', ' ')} UTC"
