"""What a destination can do: a module with these two functions, or a value with these two methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from perfgate.model.publication import Announcement, Correction, Publication, PublishOptions


class Destination(Protocol):
    """Neither raises for what the other side does: that is a warning."""

    def publish(
        self, announcement: Announcement, environ: Mapping[str, str], options: PublishOptions, /
    ) -> Publication:
        """Tells the verdict."""
        ...

    def correct(self, correction: Correction, environ: Mapping[str, str], options: PublishOptions, /) -> Publication:
        """Says beside an earlier verdict that is still in sight that it is no longer true; begins nothing."""
        ...
