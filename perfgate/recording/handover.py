"""What passes between perfgate and its Locust processes: files in the run folder, both ways.

The settings are in a file named by PERFGATE_LOAD; a scenario started without it is plain Locust.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from perfgate.model.budget_file import Abort, Stage
from perfgate.model.run import EndpointProgress, Generator, Progress

VARIABLE = "PERFGATE_LOAD"

SETTINGS = "load.json"
WINDOWS = "windows.jsonl.gz"
RESULT = "load-test.json"
PROGRESS = "progress.jsonl"
SAMPLES = "samples.csv.gz"
PROBE = "probe.csv.gz"  # what the reference workload took beside the load
REPLAY = "replay.jsonl"  # recorded arrivals
GO = "go"  # appears when the load may begin: Locust is started before the service is ready
REFUSAL = "refusal.txt"  # the name of a class of users that cannot take part in an A/B test
FILES = (SETTINGS, REPLAY, WINDOWS, RESULT, PROGRESS, SAMPLES, PROBE, REFUSAL)


@dataclass(frozen=True, kw_only=True)
class Duet:
    """An A/B test: two targets between which the load is shared out at random. With `block` seconds, only one of them
    is loaded at a time, for so long; `seed` decides which."""

    base: str
    head: str
    block: float = 0.0
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Times in seconds. `endpoints` are the names known from the budget file; `secrets` the environment variables
    whose values must never be written; `timeout` is that of the slowest request."""

    folder: str
    model: Literal["open", "closed"]
    stages: tuple[Stage, ...]
    warmup: float
    arrivals: Literal["poisson", "even"]
    max_users: int
    seed: int  # of everything that is drawn at random, but for ids
    timeout: float
    endpoints: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    processes: int = 1
    abort: Abort | None = None
    duet: Duet | None = None
    replays: bool = False  # whether REPLAY has the arrivals
    per_endpoint: bool = False  # whether progress tells of each endpoint
    first_number: int = 0  # where sequences and rows go on, in a later part of a run
    counted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # endpoint -> metrics that its answers tell
    server_timing: Mapping[str, str] = field(default_factory=dict)  # part -> what the application calls its entry

    @property
    def duration(self) -> float:
        return sum(stage.duration for stage in self.stages)


@dataclass(frozen=True, kw_only=True)
class ScenarioError:
    """An exception that a scenario raised, and how often. The message has no secrets any more."""

    message: str
    count: int


@dataclass(frozen=True, kw_only=True)
class LoadResult:
    """What a load came to, over all its processes, beside the WINDOWS. Times in seconds; mappings are by endpoint."""

    started: str  # when the measured time began: ISO 8601, UTC
    began: float  # the same moment by the monotonic clock
    duration: float  # of the measured time; shorter than the settings' where the load was cut short
    interrupted: bool  # whether somebody ended it early
    aborted: str = ""  # why `load.abort` ended it early; empty: it did not
    seed: int = 0  # of what was drawn at random
    numbers: int = 0  # the first that no sequence or table of rows has used yet
    recorded: int = 0  # requests that the processes recorded
    lost: int = 0  # of these, how many never reached the process that leads
    unfinished: int = 0  # requests that were given up at the end
    clock_steps: int = 0  # requests during which the clock was set
    renewed: int = 0  # logins that had expired and were made anew
    redirected: tuple[str, ...] = ()  # endpoints whose successes were redirects, all of them
    notes: tuple[str, ...] = ()  # what a scenario has to say, for people
    examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # the first few different failures
    base_examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # those of an A/B test's base
    base_failures: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  # different statuses of the base's
    resends: Mapping[str, int] = field(default_factory=dict)  # requests sent again on another connection
    remarks: tuple[tuple[str, str, int], ...] = ()  # what is odd about connections: endpoint, remark, how often
    exceptions: tuple[ScenarioError, ...] = ()
    generator: Generator = field(default_factory=Generator)


def write(settings: Settings, path: Path) -> None:
    path.write_text(json.dumps(asdict(settings), indent=1), encoding="utf-8")


def read(environ: Mapping[str, str]) -> Settings | None:
    """Returns None when the scenario was not started by perfgate."""
    if not (path := environ.get(VARIABLE)):
        return None
    return from_plain(json.loads(Path(path).read_text(encoding="utf-8")))


def from_plain(data: Mapping[str, Any]) -> Settings:
    """The inverse of `dataclasses.asdict`."""
    abort = Abort(**data["abort"]) if data["abort"] else None
    duet = Duet(**data["duet"]) if data["duet"] else None
    stages = tuple(Stage(**stage) for stage in data["stages"])
    names: dict[str, Any] = {key: tuple(data[key]) for key in ("endpoints", "secrets")}
    names["counted"] = {name: tuple(metrics) for name, metrics in data.get("counted", {}).items()}
    return Settings(**{**data, **names, "stages": stages, "abort": abort, "duet": duet})


def progress_of(line: str) -> Progress:
    """A line of PROGRESS."""
    data = json.loads(line)
    endpoints = tuple(
        EndpointProgress(**{**endpoint, "buckets": tuple(endpoint["buckets"])})
        for endpoint in data.pop("endpoints", ())
    )
    return Progress(**data, endpoints=endpoints)


def write_result(result: LoadResult, path: Path) -> None:
    """Writes `path` whole or not at all."""
    scratch = path.with_suffix(".tmp")
    text = json.dumps(asdict(result), indent=1, ensure_ascii=False)
    scratch.write_text(text, encoding="utf-8", errors="replace")  # of a hand-written scenario's exceptions
    scratch.replace(path)


def read_result(path: Path) -> LoadResult:
    """Raises FileNotFoundError where the load came to no end."""
    data = json.loads(path.read_text(encoding="utf-8"))
    by_endpoint = ("examples", "base_examples", "base_failures")
    mappings = {key: {name: tuple(items) for name, items in data[key].items()} for key in by_endpoint}
    tuples = {key: tuple(data[key]) for key in ("redirected", "notes")}
    return LoadResult(
        **{
            **data,
            **mappings,
            **tuples,
            "remarks": tuple((endpoint, text, count) for endpoint, text, count in data["remarks"]),
            "exceptions": tuple(ScenarioError(**item) for item in data["exceptions"]),
            "generator": Generator(**data["generator"]),
        }
    )
