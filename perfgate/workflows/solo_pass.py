"""The solo pass: counts that only stand for an endpoint while nothing else is sent (queries as the database
counts, CPU of the service's processes) are taken after the load, one endpoint after the other.

The same requests are sent in the same order in every run, so that counts of unchanged code are the same to the digit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from perfgate import loadtest, scenarios
from perfgate.diagnose.probes import ELSEWHERE, Prober, ProcessProbe, answers_elsewhere
from perfgate.diagnose.replaying import Replayer, ReplayRequest
from perfgate.diagnose.solo_counting import COUNTS, SoloCounter
from perfgate.files import codec
from perfgate.measure.counted import mean_of_rounds
from perfgate.model.budget_file import Budget, BudgetFile, DiagnosePolicy
from perfgate.model.errors import PerfgateError
from perfgate.model.run import EndpointResult, Run
from perfgate.recording.windows import BASE, HEAD
from perfgate.text.notes import note
from perfgate.text.redaction import redactor
from perfgate.workflows import probing
from perfgate.workflows.steps import judging
from perfgate.workflows.steps.resolving import RunSpec

FOLDER = "alone"  # in the run folder: scenarios and log
MAX_OTHERS = 6  # endpoints at most that show whether a database is the application's
CPU_ROUNDS, CPU_ROUND_S = 4, 0.7  # a clock tick (10 ms) is little of it
CPU = "cpu"

# (side, endpoint) -> metric -> value, interval
SoloValues = dict[tuple[str, str], dict[str, tuple[float, float, float]]]


@dataclass(frozen=True, kw_only=True)
class SoloRequest:
    """`sides` start anew for it."""

    budget_file: BudgetFile
    sides: loadtest.Sides
    folder: Path
    environ: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class SoloSide:
    name: str  # "", or of an A/B test's arm
    target: str
    probes: Sequence[Prober]
    process: Prober | None


def count_alone(run: Run, spec: RunSpec, sides: loadtest.Sides, say: Callable[[str], None]) -> Run:
    """The run, with the counts that its budgets limit and the load itself did not tell."""
    budgets = judging.budgets_of(spec.budget_file, run, spec.only)
    wanted = missing(budgets, run, spec.budget_file.diagnose, is_own=bool(sides.starts))
    request = SoloRequest(
        budget_file=spec.budget_file, sides=sides, folder=spec.context.folder, environ=spec.context.environ
    )
    return with_counts(run, wanted, request, say)


def missing(budgets: Iterable[Budget], run: Run, policy: DiagnosePolicy, *, is_own: bool) -> dict[str, set[str]]:
    """Endpoint -> the metrics with a budget that the load did not tell, and that something can count. `is_own`: the
    service is perfgate's."""
    countable = {CPU} if is_own else set()
    if probing.databases(policy):
        countable |= {"queries", "rows"}
    if policy.redis:
        countable.add("cache_hits")
    known = [run.endpoints, *(arm.endpoints for arm in run.arms if arm.name == BASE)]
    absent: dict[str, set[str]] = {}
    for budget in budgets:
        untold = any(_lacks(results, budget) for results in known)
        if budget.metric in countable and untold:
            absent.setdefault(budget.endpoint, set()).add(budget.metric)
    return absent


def _lacks(results: Iterable[EndpointResult], budget: Budget) -> bool:
    return any(item.name == budget.endpoint and item.requests and budget.metric not in item.metrics for item in results)


def with_counts(run: Run, wanted: Mapping[str, set[str]], request: SoloRequest, say: Callable[[str], None]) -> Run:
    """The run with what could be counted. What keeps it from that becomes a warning: the budget has no data then."""
    if not wanted:
        return run
    say(f"Counting alone: {', '.join(wanted)}")
    warnings: list[str] = []
    measured: SoloValues = {}
    try:
        measured = _measure(wanted, request, warnings)
    except PerfgateError as error:
        warnings.append(f"Could not be counted alone: {error}")
    except Exception as error:  # noqa: BLE001 - whatever it was, it must not cost the run
        warnings.append(f"Could not be counted alone: {type(error).__name__}")
    head = HEAD if run.arms else ""
    arms = tuple(
        replace(arm, endpoints=_filled(arm.endpoints, measured, BASE)) if arm.name == BASE else arm for arm in run.arms
    )
    return replace(
        run,
        endpoints=_filled(run.endpoints, measured, head),
        arms=arms,
        warnings=(*run.warnings, *(note("PG-X005", text) for text in dict.fromkeys(warnings))),
    )


def _filled(results: Iterable[EndpointResult], measured: SoloValues, side: str) -> tuple[EndpointResult, ...]:
    filled = []
    for item in results:
        counts = measured.get((side, item.name), {})
        metrics = {name: value for name, (value, _, _) in counts.items()}
        intervals = {name: (low, high) for name, (_, low, high) in counts.items()}
        filled.append(replace(item, metrics={**item.metrics, **metrics}, intervals={**item.intervals, **intervals}))
    return tuple(filled)


def _measure(wanted: Mapping[str, set[str]], request: SoloRequest, warnings: list[str]) -> SoloValues:
    folder = request.folder / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    measured: SoloValues = {}
    by_probes = {name: metrics for name, metrics in wanted.items() if metrics.intersection(COUNTS)}
    redact = redactor(scenarios.secrets(scenarios.plan(request.budget_file)), request.environ)
    with (
        _sides(request, folder, warnings, wants_probes=bool(by_probes)) as sides,
        Replayer(environ=request.environ, log=folder / "replay.log", redact=redact) as replayer,
    ):
        counter = SoloCounter(replayer=replayer, metrics=set().union(*by_probes.values()), warnings=warnings)
        for endpoint, order in _orders(wanted, request, folder, warnings):
            for side in sides:
                counts = measured.setdefault((side.name, endpoint), {})
                if endpoint in by_probes:
                    own = counter.counted(replace(order, target=side.target), side.probes)
                    counts.update(_only(wanted[endpoint], own))
            if CPU in wanted[endpoint]:
                _add_cpu(measured, order, sides, replayer)
        if by_probes:
            others = [item.name for item in request.budget_file.endpoints if item.name not in by_probes]
            for _, order in _orders(others[:MAX_OTHERS], request, folder, []):
                counter.look_elsewhere((replace(order, target=side.target), side.probes) for side in sides)
        uncounted = counter.uncounted()
    return {key: {name: of for name, of in counts.items() if name not in uncounted} for key, counts in measured.items()}


def _orders(
    endpoints: Iterable[str], request: SoloRequest, folder: Path, warnings: list[str]
) -> Iterator[tuple[str, ReplayRequest]]:
    """How each endpoint is sent alone, of those that can be."""
    for endpoint in endpoints:
        scenario = _scenario(request, endpoint, folder / f"scenario_{len(list(folder.glob('scenario_*')))}.py")
        if scenario:
            yield (
                endpoint,
                ReplayRequest(scenario=scenario, endpoint=endpoint, target="", seconds=0.0, seed=f"alone/{endpoint}"),
            )
        else:
            warnings.append(
                f"{endpoint} is only sent in journeys, so what it counts cannot be counted alone: give it a weight, or "
                "add perfgate.middleware to the application"
            )


def _scenario(request: SoloRequest, endpoint: str, path: Path) -> str:
    """A scenario that sends this endpoint, after its login; empty where only journeys send it."""
    own = next((item for item in request.budget_file.endpoints if item.name == endpoint), None)
    if own is None or own.request is None or not own.weight:
        return ""
    plan = scenarios.plan(request.budget_file, [endpoint])
    codec.write_text(path, scenarios.generate(plan, scenario=path))
    return str(path.resolve())


def _only(metrics: set[str], counts: Mapping[str, float]) -> dict[str, tuple[float, float, float]]:
    return {name: (value, value, value) for name, value in counts.items() if name in metrics}


def _add_cpu(measured: SoloValues, order: ReplayRequest, sides: Sequence[SoloSide], replayer: Replayer) -> None:
    """CPU time per request, in rounds that alternate between the sides."""
    values: dict[str, list[float]] = {side.name: [] for side in sides}
    for number in range(CPU_ROUNDS):
        for side in sides if number % 2 == 0 else reversed(sides):
            if side.process is None:
                continue
            side.process.begin()
            answer = replayer.send(replace(order, target=side.target, seconds=CPU_ROUND_S), number)
            if answer.requests:
                values[side.name].append(side.process.counted(answer.requests).values[CPU])
    for name, items in values.items():
        if len(items) > 1:
            measured.setdefault((name, order.endpoint), {})[CPU] = mean_of_rounds(items)


@contextmanager
def _sides(
    request: SoloRequest, folder: Path, warnings: list[str], *, wants_probes: bool
) -> Iterator[tuple[SoloSide, ...]]:
    planned = request.sides
    starts = [replace(start, log=folder / start.log.name) for start in planned.starts]
    secrets = scenarios.secrets(scenarios.plan(request.budget_file))
    with loadtest.running(starts, secrets) as services, ExitStack() as stack:
        policy = request.budget_file.diagnose
        shared = list(probing.open_probers(policy, request.environ, stack, warnings)) if wants_probes else []
        sides: list[SoloSide] = []
        names: list[str] = [arm.name for arm in planned.arms] or [""]
        for name, target in zip(names, planned.targets, strict=True):
            loadtest.check_up(target, request.environ)
            port = urlsplit(target).port or 0
            pid = services.pid(port)
            if pid and answers_elsewhere(pid, port):
                pid = None
                warnings.append(ELSEWHERE.format(port=port))
            process = ProcessProbe(pid) if pid else None
            own = list(probing.open_probers(policy, request.environ, stack, warnings, target)) if wants_probes else []
            sides.append(SoloSide(name=name, target=target, probes=[*own, *shared], process=process))
        yield tuple(sides)
