"""Verdicts on their way to the destinations of `--to` and `--publish`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from perfgate.cli.guard import say
from perfgate.cli.where import history_url, in_repository, own_environment
from perfgate.model.publication import Charts, PublishOptions

if TYPE_CHECKING:
    from perfgate.model.budget_file import GatePolicy
    from perfgate.report.facts import Facts

COMMENT = "comment.md"
GITHUB = "github"  # the destination that shows pictures of the history's branch


@dataclass(frozen=True, kw_only=True)
class Destinations:
    """Where to tell, what of it, and the options that say which comment is meant."""

    names: tuple[str, ...]
    budget: Path
    history: str = ""  # as in --history
    topic: str = ""
    options: PublishOptions


def destinations_from_environment(names: Sequence[str], budget: Path, history: str) -> Destinations:
    """The settings of `perfgate publish` for `perfgate run --publish`: checked before the load. Raises UsageError."""
    from perfgate.cli.publish_options import publish_options_from_environment, topic_from_environment
    from perfgate.publish import destination

    for name in names:
        destination(name)
    return Destinations(
        names=tuple(names),
        budget=budget,
        history=history,
        topic=topic_from_environment(),
        options=publish_options_from_environment(),
    )


def deliver(to: str, facts: Facts, folder: Path, policy: GatePolicy, destinations: Destinations) -> None:
    """What could be told goes to stderr, what GitHub reads from the log to stdout. A comment that could not be posted
    is written into the run folder."""
    from perfgate import publish as publishing
    from perfgate.cli.exits import exit_code
    from perfgate.cli.pictures import pictures
    from perfgate.files import codec
    from perfgate.report.markdown import announcing, comment

    environ, options = own_environment(), destinations.options
    url = history_url(destinations.budget, destinations.history) if to == GITHUB else ""
    shown = pictures(facts, url, environ, options) if url else ()
    announcement = announcing.announce(
        facts,
        comment.render(facts, shown, charts=options.charts is not Charts.NONE),
        budget=in_repository(destinations.budget),
        blocks=exit_code(facts.verdict, policy) != 0,
        files={
            "run-folder": str(folder),
            "report-markdown": str(folder / "report.md"),
            "report-junit": str(folder / "junit.xml"),
        },
        topic=destinations.topic,
    )
    published = publishing.publish(announcement, to, environ, options)
    if "comment" in published.failed:
        codec.write_text(folder / COMMENT, announcement.comment)
    for line in published.commands:
        print(line)
    for line in (*published.messages, *published.warnings):
        say(f"perfgate: {line}")
