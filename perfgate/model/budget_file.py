"""BudgetFile: budgets.yaml as values. Texts keep their `${X}` and `{x}` as written; the values are never stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from perfgate.model.activity import Events, Poll, Replay, WebSocket
    from perfgate.model.page import PageSpec

Json = Any  # what json.loads gives: None, bool, int, float, str, list, dict


class Kind(StrEnum):
    ABSOLUTE = "absolute"
    RELATIVE = "relative"


class Severity(StrEnum):
    FAIL = "fail"
    WARN = "warn"


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """One limit on one metric, absolute or relative to the baseline.

    `limit` is in the metric's base unit (s, B, ratio, 1/s) when absolute; when relative it is a ratio of the
    baseline (`+10%` is 0.10), or with `difference` an amount in the base unit (`+20ms` is 0.020, `+0.5pp` is 0.005).
    """

    kind: Kind
    limit: float
    text: str  # as written in the budget file
    severity: Severity = Severity.FAIL
    difference: bool = False


@dataclass(frozen=True, kw_only=True)
class Budget:
    """The criteria of one metric of one endpoint or journey. `line` is where the budget file says so (0: defaults)."""

    endpoint: str
    metric: str  # a key of METRICS
    criteria: tuple[Criterion, ...]
    line: int = 0


class BodyKind(StrEnum):
    JSON = "json"
    FORM = "form"
    MULTIPART = "multipart"
    RAW = "raw"
    GRAPHQL = "graphql"


@dataclass(frozen=True, kw_only=True)
class FilePart:
    """A file of a multipart body. `path` is relative to the budget file's folder."""

    path: str
    filename: str
    content_type: str


@dataclass(frozen=True, kw_only=True)
class Body:
    """What a request carries. `content` by kind: json any JSON; form str -> str; multipart str -> str or FilePart;
    raw str; graphql the query text (untouched, braces are its own), with `variables` beside it."""

    kind: BodyKind
    content: Json
    variables: Mapping[str, Json] = field(default_factory=dict)
    operation: str = ""  # of a GraphQL document, sent beside it
    persisted: bool = False  # whether the hash of the document is sent instead, where the server knows it


class SourceKind(StrEnum):
    BETWEEN = "between"  # [low, high], inclusive; ints give ints, floats give floats
    CHOICE = "choice"  # a list of values
    UUID = "uuid"  # random UUID4; no arguments
    SEQUENCE = "sequence"  # [start, step]: no value twice in a run, whatever the number of processes
    CONSTANT = "constant"  # one value
    ENVIRONMENT = "environment"  # [name] or [name, default]: one environment variable, read at run time


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the values of one `{name}` come from. `arguments` by kind, see SourceKind."""

    kind: SourceKind
    arguments: tuple[Json, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Rows:
    """A CSV file (header line) or JSON file (list of objects) whose columns become names, one row per iteration."""

    path: str  # relative to the budget file's folder
    columns: tuple[str, ...]
    once: bool = False  # no row twice: stop when the data is used up instead of wrapping round
    per: Literal["iteration", "user"] = "iteration"  # user: each has one row, and no two the same
    separator: str = ","  # of a CSV file


@dataclass(frozen=True, kw_only=True)
class Values:
    """The `with:` of an endpoint."""

    sources: Mapping[str, Source] = field(default_factory=dict)
    rows: Rows | None = None


class Test(StrEnum):
    EQUALS = "equals"
    EXISTS = "exists"  # argument True or False
    MATCHES = "matches"  # regular expression, searched
    CONTAINS = "contains"
    LESS_THAN = "less_than"
    GREATER_THAN = "greater_than"


class Part(StrEnum):
    """The part of a response that an expectation or a capture looks at."""

    STATUS = "status"  # name unused; test EQUALS with a tuple of accepted statuses
    HEADER = "header"  # name: header
    JSON = "json"  # name: JSONPath
    TEXT = "text"  # the body as text; name unused
    REGEX = "regex"  # name: pattern (capture: its first group, or the whole match)
    COOKIE = "cookie"  # capture only; name: cookie


@dataclass(frozen=True, kw_only=True)
class Expectation:
    part: Part
    test: Test
    argument: Json
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Capture:
    part: Part
    name: str


@dataclass(frozen=True, kw_only=True)
class Request:
    """What an endpoint sends. All texts may hold `{x}` (a value of this iteration) and `${X}` (environment)."""

    method: str
    path: str  # begins with "/" or with a "{name}"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body | None = None
    values: Values = Values()
    expect: tuple[Expectation, ...] = ()
    capture: Mapping[str, Capture] = field(default_factory=dict)
    timeout: float = 10.0  # from asking for a connection to the last byte
    connect_timeout: float | None = None  # of that, at most so long until connected (TLS included)
    first_byte_timeout: float | None = None  # of that, at most so long from the send to the first byte
    follow_redirects: bool = False


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One kind of request we care about; its name is the join key everywhere.

    `request` is None for an endpoint that only hand-written scenarios send: it is judged, not generated.
    """

    name: str
    request: Request | None
    weight: float = 1.0
    login: str = ""  # name of the endpoint or journey that logs each user in before the first use
    login_every: float = 0.0  # s after which it is made anew, as it is after a 401; 0: never
    poll: Poll | None = None
    events: Events | None = None
    websocket: WebSocket | None = None


@dataclass(frozen=True, kw_only=True)
class Send:
    endpoint: str


@dataclass(frozen=True, kw_only=True)
class Think:
    seconds: float


Step = Send | Think


@dataclass(frozen=True, kw_only=True)
class Journey:
    """An ordered list of endpoints that one virtual user walks, with captured values carried along."""

    name: str
    steps: tuple[Step, ...]
    weight: float = 1.0
    login: str = ""
    login_every: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A constant level for a time: `level` is starts per second (open model) or users (closed model)."""

    level: float
    duration: float


@dataclass(frozen=True, kw_only=True)
class Abort:
    """Ends the load early when the share of failed requests stays at or above `errors` for `duration` seconds."""

    errors: float
    duration: float


@dataclass(frozen=True, kw_only=True)
class LoadProfile:
    """The warm-up runs at the first stage's level, before the stages, and is never judged."""

    model: Literal["open", "closed"]
    stages: tuple[Stage, ...]
    longest: float = 0.0  # s of measured time that the stages may be repeated to, while that would decide; 0: never
    warmup: float = 0.0
    arrivals: Literal["poisson", "even"] = "poisson"  # open model only
    max_users: int = 1000  # open model: most virtual users at once, over all processes
    abort: Abort | None = None
    seed: int | None = None  # of what is drawn at random; None: the same for every run of the same load
    session: Literal["new", "keep"] = "new"  # whether a visit begins as a new visitor
    replay: Replay | None = None  # whose arrivals take the place of drawn ones; the stage is then their mean


NO_LOAD = LoadProfile(model="closed", stages=())  # of a file with nothing but pages


@dataclass(frozen=True, kw_only=True)
class Tls:
    """Files are relative to the budget file's folder. Certificates are verified unless `insecure`."""

    ca: str = ""  # certificate authorities, instead of the system's
    certificate: str = ""  # of the client
    key: str = ""  # of the client's certificate, when it is in a file of its own
    insecure: bool = False
    server_name: str = ""  # to ask for and to verify (SNI), instead of the target's host


@dataclass(frozen=True, kw_only=True)
class Service:
    """The application under test when perfgate starts it itself."""

    command: str
    port: int
    ready: str = "/"
    ready_timeout: float = 30.0
    env: Mapping[str, str] = field(default_factory=dict)
    setup: str = ""  # before it is started from a checkout, in a virtual environment of its own (A/B tests)


AUTO = "auto"  # the baseline's branch, as the repository says


@dataclass(frozen=True, kw_only=True)
class BaselinePolicy:
    branch: str = "main"  # AUTO where the budget file names none: found out before anything is judged
    runs: int = 20  # at most so many, newest first
    min_runs: int = 5  # fewer than this: no-baseline


@dataclass(frozen=True, kw_only=True)
class Floor:
    """Smaller rises never fail a relative criterion. Seconds and ratio."""

    time: float = 0.001
    errors: float = 0.005


@dataclass(frozen=True, kw_only=True)
class Sensitivity:
    """The violation that a pass must rule out (one-sided 95 %), where it is larger than the limit itself.

    `latency` is a ratio of the limit (absolute) or of the baseline (relative) and holds for every metric but `errors`,
    whose own is a difference of shares. `at_limit` asks for proof at the limit itself.
    """

    latency: float = 0.5
    errors: float = 0.05
    at_limit: bool = False


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """A pinned commit that runs are compared with besides the baseline, so that small steps add up."""

    ref: str  # a tag, a commit, or "last-tag"
    limit: float  # of the worsening since then, a ratio


@dataclass(frozen=True, kw_only=True)
class AbPolicy:
    """How an A/B test is done: `restarts` of both services during the measured time; with `blocks` seconds, only one
    arm is loaded at a time, for so long."""

    restarts: int = 0
    blocks: float = 0.0


@dataclass(frozen=True, kw_only=True)
class GatePolicy:
    baseline: BaselinePolicy = BaselinePolicy()
    floor: Floor = Floor()
    sensitivity: Sensitivity = Sensitivity()
    inconclusive: Literal["neutral", "warn", "fail"] = "neutral"
    anchor: Anchor | None = None
    ab: AbPolicy = AbPolicy()
    extend: float = 0.0  # s by which a run may be prolonged (warm-ups included) while that would decide something
    probe: bool = True  # whether the runner probe runs beside the load


@dataclass(frozen=True, kw_only=True)
class TracesPolicy:
    """`forward` is a collector that gets the traces too, as written; `link` a URL with `{trace_id}`; `port` that of the
    receiver, 0: any that is free."""

    forward: str = ""
    link: str = ""
    port: int = 0


@dataclass(frozen=True, kw_only=True)
class DiagnosePolicy:
    """How the second pass is made. Addresses are as written, `${X}` unexpanded; empty: there is none."""

    seconds: float = 20.0
    postgres: str = ""
    redis: str = ""
    mysql: str = ""
    celery: str = ""  # the broker
    queue: tuple[str, ...] = ("celery",)  # names of its queues
    prometheus: str = ""  # the application's own metrics, an URL
    profile: str = ""  # "py-spy"
    server_timing: Mapping[str, str] = field(default_factory=dict)  # part -> what the application calls its entry
    traces: TracesPolicy | None = None  # None: requests of the second pass are not traced


@dataclass(frozen=True, kw_only=True)
class BudgetFile:
    path: Path
    name: str  # by which its runs are remembered
    target: str  # as written, `${X}` unexpanded
    load: LoadProfile
    endpoints: tuple[Endpoint, ...]
    journeys: tuple[Journey, ...] = ()
    budgets: tuple[Budget, ...] = ()  # one per endpoint or journey and metric, in the order of the file
    default_budgets: tuple[
        Budget, ...
    ] = ()  # of `defaults`, for names that only a run of `scenarios` tells: no endpoint
    pages: tuple[PageSpec, ...] = ()
    scenarios: tuple[str, ...] = ()  # hand-written locustfiles, relative to the budget file's folder
    service: Service | None = None
    tls: Tls = Tls()
    client: Literal["fast", "locust"] = "fast"
    allow: tuple[str, ...] = ()  # hosts that load may be sent to besides the local ones
    gate: GatePolicy = GatePolicy()
    diagnose: DiagnosePolicy = field(default_factory=DiagnosePolicy)
    export: tuple[str, ...] = ()  # URLs of monitoring systems, as written
    history: str = "sqlite:///.perfgate/history.db"  # as written
    formerly: str = ""  # under which name its runs were remembered before that was the path in the repository
