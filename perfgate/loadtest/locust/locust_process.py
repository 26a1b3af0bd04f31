"""One load test: Locust headless in a child process, watched until it has handed everything over."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic

from perfgate.loadtest.locust.load_warnings import load_warnings
from perfgate.loadtest.locust.without_result import without_result
from perfgate.loadtest.process.child import Child
from perfgate.loadtest.service.ports import free_ports
from perfgate.model.budget_file import Endpoint, Request
from perfgate.model.errors import LoadTestError, RecordError, UsageError
from perfgate.model.fleet import Fleet
from perfgate.model.plan import Plan
from perfgate.model.run import LoadTest, Progress
from perfgate.recording import handover, replay
from perfgate.recording.locustfile_paths import written_path
from perfgate.runner.deferred_signals import defer_signals
from perfgate.text.redaction import redactor

LOG = "locust.log"
POLL_INTERVAL_S = 0.2  # s between two looks at the child
INTERRUPT_TIMEOUT_S = 15.0  # s an interrupted child gets to write down what it has
STUCK_AFTER_S = 60.0  # s beyond all timeouts before a child counts as stuck
DEFAULT_TIMEOUT_S = 60.0  # s: of hand-written scenarios' requests, as Locust's own client has it

FEW_THREADS = {"OPENBLAS_NUM_THREADS": "1"}  # the load generator multiplies no matrices: threads for it cost CPU time


@dataclass(frozen=True, kw_only=True)
class Options:
    """`target` and `environ` with their values; `scenario` is the generated one, if any; `secrets` names the variables
    whose values are never written; `root` is the folder that Locust runs in."""

    target: str
    scenario: Path | None = None
    root: Path
    environ: Mapping[str, str]
    secrets: tuple[str, ...] = ()
    processes: int = 1
    fleet: Fleet | None = None  # instead of processes of this machine
    duet: handover.Duet | None = None  # in an A/B test, whose head is the `target`
    part: int = 0  # of a run in several parts: each has arrivals of its own
    first_number: int = 0  # where its sequences and rows go on
    counted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # endpoint -> metrics that its answers tell
    server_timing: Mapping[str, str] = field(default_factory=dict)  # part -> what the application calls its entry
    should_watch_memory: bool = False  # whether the services' memory is sampled
    has_probe: bool = False  # whether the runner probe runs beside the load
    on_progress: Callable[[Progress], None] = lambda _: None
    beside: Callable[[], AbstractContextManager[None]] = nullcontext  # opened while the load is sent
    per_endpoint: bool = False  # whether progress tells of each endpoint


Send = Callable[[Callable[[], None]], LoadTest]


@contextmanager
def start_locust(plan: Plan, folder: Path, options: Options) -> Iterator[Send]:
    """Starts Locust, which sends nothing until the function is called that this gives: it takes a second to load, in
    which a service can start.

    The function sends the plan's load and returns what was recorded in `folder`. What it is given is called time and
    again meanwhile, and ends the load by raising what it has found. KeyboardInterrupt ends the load in good order:
    the result is then `interrupted` and holds what there is. It is raised again when there is nothing yet.
    Raises LoadTestError when Locust fails or its record is incomplete, RecordError when nothing can be written.
    """
    if plan.load.replay is not None and options.fleet:
        raise UsageError(
            "A replay is sent from this machine: workers elsewhere do not have the recording.",
            hint="Leave --workers out; --processes N spreads it over the cores of this machine.",
            code="PG-U004",
        )
    settings = _settings(plan, folder, options)
    try:
        handover.write(settings, folder / handover.SETTINGS)
        if plan.load.replay is not None:
            replay.write(folder / handover.REPLAY, plan.load.replay.arrivals, _startable(plan))
        (folder / handover.PROGRESS).touch()
        (folder / handover.GO).unlink(missing_ok=True)
        child = Child(
            _command(plan, options),
            environ={**FEW_THREADS, **options.environ, handover.VARIABLE: str(folder / handover.SETTINGS)},
            log=folder / LOG,
            redact=redactor(options.secrets, options.environ),
            folder=options.root,
        )
    except OSError as error:
        raise RecordError(f"Cannot write into {folder}: {error.strerror}", code="PG-R002") from error

    def send(check_target: Callable[[], None]) -> LoadTest:
        try:
            (folder / handover.GO).touch()
            _watch(child, folder, settings, options, check_target)
        except KeyboardInterrupt:
            child.end(INTERRUPT_TIMEOUT_S)
            if not (folder / handover.RESULT).exists():
                raise
        with defer_signals():
            child.end(INTERRUPT_TIMEOUT_S)
        return _result(folder, child, plan)

    try:
        yield send
    finally:
        with defer_signals():
            child.end(INTERRUPT_TIMEOUT_S)
        for name in (handover.PROGRESS, handover.GO):
            (folder / name).unlink(missing_ok=True)


def _settings(plan: Plan, folder: Path, options: Options) -> handover.Settings:
    timeouts = [_longest(endpoint, endpoint.request) for endpoint in plan.endpoints if endpoint.request is not None]
    return handover.Settings(
        folder=str(folder.resolve()),
        model=plan.load.model,
        stages=plan.load.stages,
        warmup=plan.load.warmup,
        arrivals=plan.load.arrivals,
        max_users=plan.load.max_users,
        seed=(int(plan.digests.load, 16) if plan.load.seed is None else plan.load.seed) + options.part,
        timeout=max([*timeouts, *([DEFAULT_TIMEOUT_S] if plan.scenarios else [])]),
        endpoints=tuple(endpoint.name for endpoint in plan.endpoints),
        secrets=options.secrets,
        processes=options.processes,
        abort=plan.load.abort,
        duet=replace(options.duet, seed=options.duet.seed + options.part) if options.duet else None,
        first_number=options.first_number,
        counted=options.counted,
        server_timing=options.server_timing,
        replays=plan.load.replay is not None,
        per_endpoint=options.per_endpoint,
    )


def _startable(plan: Plan) -> list[str]:
    """What the scenario has a task for, in the order of its tasks."""
    return [endpoint.name for endpoint in plan.endpoints if endpoint.request is not None and endpoint.weight > 0]


def _longest(endpoint: Endpoint, request: Request) -> float:
    """Seconds until it is over, with the last poll of its job or its callback."""
    job = endpoint.poll or endpoint.callback
    return request.timeout + (job.timeout if job else 0.0)


def _command(plan: Plan, options: Options) -> list[str]:
    files = [*([options.scenario] if options.scenario else []), *plan.scenarios]
    generators = options.fleet.workers if options.fleet else options.processes
    users = generators if plan.load.model == "open" else round(plan.load.stages[0].level)
    command = [sys.executable, "-P", "-m", "perfgate.runtime", "-f", ",".join(map(written_path, files))]
    command += ["--headless", "--only-summary", "--host", options.target, "--exit-code-on-error", "0"]
    command += ["--users", str(users), "--spawn-rate", str(users)]
    if fleet := options.fleet:
        command += ["--master", "--expect-workers", str(fleet.workers)]
        command += ["--expect-workers-max-wait", str(round(fleet.max_wait_s))]
        command += ["--master-bind-host", fleet.host, "--master-bind-port", str(fleet.port)]
    elif options.processes > 1:
        port = str(free_ports(1)[0])
        command += ["--processes", str(options.processes)]
        command += ["--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--master-port", port]
    return command


def _watch(
    child: Child, folder: Path, settings: handover.Settings, options: Options, check_target: Callable[[], None]
) -> None:
    timeout = settings.warmup + settings.duration + 3 * settings.timeout + STUCK_AFTER_S
    timeout += options.fleet.max_wait_s if options.fleet else 0.0
    until = monotonic() + timeout
    with (folder / handover.PROGRESS).open(encoding="utf-8") as progress:
        while monotonic() < until:
            ended = child.poll() is not None
            for line in progress.readlines():
                options.on_progress(handover.progress_of(line))
            check_target()
            if ended:
                return
            child.listen(POLL_INTERVAL_S)
    raise LoadTestError(
        f"Locust did not come to an end within {timeout:g} s and was stopped.",
        hint=f"Its log is {folder / LOG}",
        code="PG-L001",
    )


def _result(folder: Path, child: Child, plan: Plan) -> LoadTest:
    if (refusal := folder / handover.REFUSAL).exists():
        raise UsageError(
            f"{refusal.read_text(encoding='utf-8')} is a user of Locust's own kind, which sends to one target only.",
            hint="An A/B test needs scenarios that perfgate generates, or hand-written ones with perfgate.runtime's "
            "Visitor. Leave the others out with --only, or compare with the history instead.",
            code="PG-A007",
        )
    try:
        result = handover.read_result(folder / handover.RESULT)
    except FileNotFoundError:
        raise without_result(plan, child.poll(), child.tail, folder / LOG) from None
    if result.lost and not result.interrupted:
        raise LoadTestError(
            f"The record is incomplete: {result.lost} of {result.recorded} requests never reached the main process.",
            hint=f"A generator process may have died; the log is {folder / LOG}",
            code="PG-L003",
        )
    return LoadTest(
        folder=folder,
        windows=folder / handover.WINDOWS,
        started=result.started,
        duration=result.duration,
        began=result.began,
        generator=result.generator,
        failure_examples=result.examples,
        base_examples=result.base_examples,
        base_failures=result.base_failures,
        unfinished=result.unfinished,
        interrupted=result.interrupted,
        aborted=result.aborted,
        seed=result.seed,
        numbers=result.numbers,
        warnings=load_warnings(result, plan),
    )
