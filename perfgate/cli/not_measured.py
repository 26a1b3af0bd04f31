"""A run that came to nothing, published where a comment still shows an earlier verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfgate.cli.guard import say
from perfgate.cli.where import in_repository, own_environment

if TYPE_CHECKING:
    from perfgate.cli.delivery import Destinations
    from perfgate.model.publication import NotMeasured


def deliver(to: str, failure: NotMeasured, destinations: Destinations) -> None:
    from perfgate import publish as publishing
    from perfgate.report.markdown import announcing

    correction = announcing.correct(failure, budget=in_repository(destinations.budget), topic=destinations.topic)
    published = publishing.correct(correction, to, own_environment(), destinations.options)
    for line in (*published.messages, *published.warnings):
        say(f"perfgate: {line}")
