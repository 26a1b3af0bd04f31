"""Draft: a budget file as written, read tolerantly, so that a mistake in one place does not hide those in others.

The checks of what concerns two values (`check_*`) work on it. What has the wrong type is simply not there: the
shape has reported it already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from perfgate.budgets.convert.data_files import Table, TableKey, Tables, file_problem
from perfgate.budgets.convert.replaying import RecordedTraffic, SendableRequest, recorded_traffic
from perfgate.budgets.yaml.document import Document, KeyPath
from perfgate.model.budget_file import Json
from perfgate.text import template, units
from perfgate.text.template import TemplateError
from perfgate.text.units import UnitError


@dataclass(frozen=True, kw_only=True)
class DraftEntry:
    """One endpoint or journey. `short` if written without keys of its own: `home: GET /`."""

    name: str
    path: KeyPath
    keys: Mapping[str, Json]
    short: bool = False
    readable: bool = True  # neither a map nor the short form: then nothing is known

    def at(self, key: str, *inner: str | int) -> KeyPath:
        return (*self.path, *inner) if self.short else (*self.path, key, *inner)

    def map(self, key: str) -> Mapping[str, Json]:
        value = self.keys.get(key)
        return value if isinstance(value, dict) else {}

    def text(self, key: str) -> str:
        value = self.keys.get(key)
        return value if isinstance(value, str) else ""

    @property
    def login(self) -> str:
        """Whose login comes before; empty without one."""
        return self.text("login") or str(self.map("login").get("as", ""))


@dataclass(frozen=True, kw_only=True)
class Draft:
    """`tables` are the data files that are named under `with: {from: ...}`."""

    document: Document
    folder: Path
    environ: Mapping[str, str] | None
    tables: Tables = field(default_factory=dict)
    traffic: RecordedTraffic | None = None  # of the log that `load: {replay: ...}` names

    def map(self, *path: str) -> Mapping[str, Json]:
        """The map at `path`; empty if there is none."""
        value = self.document.data
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return value if isinstance(value, dict) else {}

    def texts(self, *path: str) -> Iterator[tuple[KeyPath, str]]:
        """All texts at or below `path`, with their paths."""
        return _texts(path, self.map(*path[:-1]).get(path[-1]))

    @cached_property
    def target(self) -> str | None:
        """The target with its variables filled in, by their defaults where the environment is not known. None if a
        variable has no value: `check_environment` reports it."""
        written = self.map().get("target")
        try:
            return template.expand(written, self.environ or {}) if isinstance(written, str) else None
        except TemplateError:
            return None

    @cached_property
    def endpoints(self) -> tuple[DraftEntry, ...]:
        return tuple(_entry("endpoints", name, value, "request", str) for name, value in self.map("endpoints").items())

    @cached_property
    def journeys(self) -> tuple[DraftEntry, ...]:
        return tuple(_entry("journeys", name, value, "steps", list) for name, value in self.map("journeys").items())

    @cached_property
    def pages(self) -> tuple[DraftEntry, ...]:
        return tuple(_entry("pages", name, value, "path", str) for name, value in self.map("pages").items())

    @cached_property
    def endpoints_by_name(self) -> Mapping[str, DraftEntry]:
        return {endpoint.name: endpoint for endpoint in self.endpoints}

    @cached_property
    def used(self) -> frozenset[str]:
        """The endpoints that are steps of journeys, and the endpoints and journeys that are logins."""
        return self.logins | {name for journey in self.journeys for _, name in steps(journey)}

    @cached_property
    def logins(self) -> frozenset[str]:
        return frozenset({entry.login for entry in self.endpoints + self.journeys + self.pages} - {""})

    @cached_property
    def journeys_by_name(self) -> Mapping[str, DraftEntry]:
        return {journey.name: journey for journey in self.journeys}

    @property
    def has_scenarios(self) -> bool:
        return bool(self.map().get("scenarios"))

    def table(self, endpoint: DraftEntry) -> Table | None:
        """What the rows of an endpoint come from, if it has some."""
        key = table_key(endpoint)
        return self.tables.get(key) if key else None

    def weight(self, entry: DraftEntry) -> float:
        """The weight as written; by default 1, but 0 for an endpoint that is used elsewhere or sends nothing by
        itself."""
        written = entry.keys.get("weight")
        if isinstance(written, (int, float)) and not isinstance(written, bool):
            return float(written)
        if not entry.readable or entry.path[0] != "endpoints":
            return 0.0 if entry.name in self.logins else 1.0
        return 0.0 if (entry.name in self.used or "request" not in entry.keys) else 1.0


def with_traffic(draft: Draft) -> Draft:
    """The draft with what its log has recorded, where it names one that is there."""
    file = draft.map("load").get("replay")
    if not isinstance(file, str) or file_problem(draft.folder / file):
        return draft
    alone = [item for item in draft.endpoints if item.text("request") and draft.weight(item) > 0]
    requests = [SendableRequest(item.name, item.text("request")) for item in alone]
    traffic = recorded_traffic(draft.folder / file, requests, draft.target or "", listed(draft.map("load").get("host")))
    return replace(draft, traffic=traffic)


def listed(hosts: Json) -> tuple[str, ...]:
    """One host or a list of them; what has the wrong type is reported by the shape."""
    return tuple(host for host in (hosts if isinstance(hosts, list) else [hosts]) if isinstance(host, str))


POLL = ("poll", "request")  # the text of an endpoint that may use what its own request captures
CALLBACK = "callback"  # a key of an endpoint, and the value that its request brings the application


def table_key(endpoint: DraftEntry) -> TableKey | None:
    """The file that `with: {from: ...}` names, as written, and what separates its values."""
    sources = endpoint.map("with")
    file, separator = sources.get("from"), sources.get("separator", ",")
    if not isinstance(file, str) or not file:
        return None
    return file, separator if isinstance(separator, str) and len(separator) == 1 else ","


def duration(written: Json) -> float | None:
    """The seconds of a duration; None for anything else."""
    try:
        return units.parse(units.DURATION, written) if isinstance(written, str) else None
    except UnitError:
        return None


def steps(journey: DraftEntry) -> tuple[tuple[KeyPath, str], ...]:
    """The endpoints that a journey sends, in order, with the path of each step."""
    written = journey.keys.get("steps")
    items = written if isinstance(written, list) else []
    return tuple((journey.at("steps", index), step) for index, step in enumerate(items) if isinstance(step, str))


def templates_of(endpoint: DraftEntry) -> Iterator[tuple[KeyPath, str]]:
    """The texts of an endpoint that may hold `{x}` and `${X}`. Files of a multipart body are named literally."""
    yield from texts_of(endpoint, "request", "headers", "json", "form", "body", "variables")
    for name, part in endpoint.map("multipart").items():
        if isinstance(part, str):
            yield endpoint.at("multipart", name), part
    if isinstance(polled := endpoint.map("poll").get("request"), str):
        yield endpoint.at(*POLL), polled
    for key in ("first", "send"):
        yield from _texts(endpoint.at("websocket", key), endpoint.map("websocket").get(key))


def literals_of(endpoint: DraftEntry) -> Iterator[tuple[KeyPath, str]]:
    """The texts of an endpoint in which nothing is replaced."""
    yield from texts_of(endpoint, "with", "expect", "capture")
    for name, part in endpoint.map("multipart").items():
        if isinstance(part, dict):
            yield from _texts(endpoint.at("multipart", name), part)


def texts_of(entry: DraftEntry, *keys: str) -> Iterator[tuple[KeyPath, str]]:
    """All texts at or below these keys of an endpoint, with their paths."""
    for key in keys:
        if key in entry.keys:
            yield from _texts(entry.at(key), entry.keys[key])


def _entry(section: str, name: str, value: Json, key: str, short: type) -> DraftEntry:
    path = (section, name)
    if isinstance(value, short):
        return DraftEntry(name=name, path=path, keys={key: value}, short=True)
    readable = isinstance(value, dict)
    return DraftEntry(name=name, path=path, keys=value if readable else {}, readable=readable)


def _texts(path: KeyPath, value: Json) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts((*path, key), inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts((*path, index), inner)
