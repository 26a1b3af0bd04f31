"""The report told where people work: a destination is a module and a line in a dict.

Nothing is judged here, and whatever goes wrong is a warning: the verdict stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from perfgate.model.errors import UsageError
from perfgate.model.publication import Announcement, Correction, Publication, Wishes
from perfgate.publish import github, gitlab, slack, teams, webhook

__all__ = ["DESTINATIONS", "correct", "destination", "publish"]

Publisher = Callable[[Announcement, Mapping[str, str], Wishes], Publication]

DESTINATIONS: dict[str, Publisher] = {
    "github": github.publish,
    "gitlab": gitlab.publish,
    "slack": slack.publish,
    "teams": teams.publish,
    "webhook": webhook.publish,
}

CORRECTORS: dict[str, Callable[[Correction, Mapping[str, str], Wishes], Publication]] = {  # of what stays in sight
    "github": github.correct,
    "gitlab": gitlab.correct,
}


def correct(correction: Correction, to: str, environ: Mapping[str, str], wishes: Wishes) -> Publication:
    """Brings what an earlier run has posted there up to date; nothing where nothing stays in sight."""
    return CORRECTORS[to](correction, environ, wishes) if to in CORRECTORS else Publication()


def publish(announcement: Announcement, to: str, environ: Mapping[str, str], wishes: Wishes) -> Publication:
    """Tells it there, as far as the environment's token may. Raises UsageError for an unknown destination only."""
    return destination(to)(announcement, environ, wishes)


def destination(name: str) -> Publisher:
    """Raises UsageError when there is none of that name."""
    if name not in DESTINATIONS:
        raise UsageError(f"There is no destination {name}", hint=f"Known: {', '.join(DESTINATIONS)}", code="PG-U002")
    return DESTINATIONS[name]
