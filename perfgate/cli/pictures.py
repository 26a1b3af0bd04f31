"""Charts for a comment on GitHub, stored on the history's branch: the address of each holds the commit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from perfgate.cli.guard import say
from perfgate.model.errors import HistoryError
from perfgate.model.publication import Charts, PublishOptions
from perfgate.text.sanitize import one_line

if TYPE_CHECKING:
    from perfgate.model.report import Drawing
    from perfgate.report.facts import Facts
    from perfgate.report.markdown.comment import Picture

MAX_CHARS = 300  # characters of the reason why there are none
THEMES = ("light", "dark")


def pictures(facts: Facts, url: str, environ: Mapping[str, str], options: PublishOptions) -> tuple[Picture, ...]:
    """Pictures of the worst that failed. None where they would not be seen or cannot be stored; then stderr has the
    reason.

    `url` is the history's.
    """
    from perfgate import report
    from perfgate.history.files import charts
    from perfgate.publish import github
    from perfgate.report.markdown import comment

    if options.charts is not Charts.AUTO or not url.startswith(charts.SCHEME) or not comment.charted(facts):
        return ()
    if not github.commented(environ, options):
        return ()
    drawings, warnings = report.draw(facts)
    for warning in warnings:
        say(f"perfgate: {warning}")
    try:
        return _store(drawings, facts.run.id, url, environ) if drawings else ()
    except HistoryError as error:
        say(
            f"perfgate: No pictures in the comment, its charts are text: {one_line(error.message, MAX_CHARS)}. "
            "Pictures need a checkout and `permissions: {contents: write}`; `--charts text` does not try "
            "(docs/github.md)."
        )
        return ()


def _store(drawings: tuple[Drawing, ...], run_id: str, url: str, environ: Mapping[str, str]) -> tuple[Picture, ...]:
    """Raises HistoryError."""
    from perfgate.history.files import charts
    from perfgate.publish.github import images
    from perfgate.report.markdown.comment import Picture

    remotes = charts.addresses(url, root=Path.cwd(), environ=environ)
    if not images.root(environ, remotes, ""):
        raise HistoryError("the branch is in no repository of this GitHub", code="PG-P003")
    files = {f"{drawing.name}-{theme}": getattr(drawing, theme) for drawing in drawings for theme in THEMES}
    today = datetime.now(UTC).date()
    stored = charts.store(url, run_id, files, today=today, root=Path.cwd(), environ=environ)
    root = images.root(environ, remotes, stored.commit)
    light, dark = (
        {drawing.name: images.address(root, stored.paths[f"{drawing.name}-{theme}"]) for drawing in drawings}
        for theme in THEMES
    )
    return tuple(
        Picture(
            endpoint=drawing.endpoint,
            metric=drawing.metric,
            text=drawing.text,
            light=light[drawing.name],
            dark=dark[drawing.name],
        )
        for drawing in drawings
    )
