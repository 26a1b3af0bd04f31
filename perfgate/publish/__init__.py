"""The report told where people work: a destination is a module and a line in DESTINATIONS.

Nothing is judged here, and whatever goes wrong is a warning: the verdict stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from pkgutil import resolve_name
from typing import cast

from perfgate.model.errors import UsageError
from perfgate.model.publication import Announcement, Correction, Publication, PublishOptions
from perfgate.publish.contract import Destination

__all__ = ["DESTINATIONS", "correct", "destination", "publish"]

DESTINATIONS: dict[str, str] = {  # where each is: a module, or a value in one. It is loaded when it is used
    "github": "perfgate.publish.github",
    "gitlab": "perfgate.publish.gitlab",
    "slack": "perfgate.publish.slack:CHANNEL",
    "teams": "perfgate.publish.teams:CHANNEL",
    "webhook": "perfgate.publish.webhook:CHANNEL",
}


def correct(correction: Correction, to: str, environ: Mapping[str, str], options: PublishOptions) -> Publication:
    """Brings what an earlier run has posted there up to date; nothing where nothing stays in sight."""
    return destination(to).correct(correction, environ, options)


def publish(announcement: Announcement, to: str, environ: Mapping[str, str], options: PublishOptions) -> Publication:
    """Tells it there, as far as the environment's token may. Raises UsageError for an unknown destination only."""
    return destination(to).publish(announcement, environ, options)


def destination(name: str) -> Destination:
    """Raises UsageError when there is none of that name."""
    if name not in DESTINATIONS:
        raise UsageError(f"There is no destination {name}", hint=f"Known: {', '.join(DESTINATIONS)}", code="PG-U002")
    return cast(Destination, resolve_name(DESTINATIONS[name]))
