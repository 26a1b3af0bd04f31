"""Report: the verdict told, as files in the run folder. What publishers post is taken from here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from perfgate.model.note import Note
from perfgate.model.outcome import Outcome

CHARTS_BEGIN = "<!-- charts -->"  # report.md has its pictures between these two, with paths relative to the run folder:
CHARTS_END = "<!-- /charts -->"  # a publisher puts its own addresses there, or leaves the part out


@dataclass(frozen=True, kw_only=True)
class Chart:
    """One picture in two versions, for light and for dark pages. `text` says in words what it shows (alt text)."""

    endpoint: str  # empty: the overview of all
    outcome: Outcome  # of what it shows
    text: str
    light: Path
    dark: Path


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """One picture as PNG, in two versions. `name` is fit for a file's."""

    endpoint: str
    metric: str
    text: str
    name: str
    light: bytes
    dark: bytes


@dataclass(frozen=True, kw_only=True)
class Report:
    """`warnings` says what could not be told (a chart that could not be drawn), never what was measured."""

    folder: Path  # the run folder; all paths below lie in it
    outcome: Outcome
    headline: str  # the verdict in one line of plain text
    markdown: Path
    junit: Path
    html: Path
    charts: tuple[Chart, ...] = ()  # the overview first, then one trend per endpoint, worst first
    warnings: tuple[Note, ...] = ()
