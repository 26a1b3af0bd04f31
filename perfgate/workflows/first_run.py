"""A short first run of a new budget file: what was seen, and limits to propose from it."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, floor, log10

from perfgate import budgets, measure
from perfgate.files import codec, run_folder
from perfgate.model.budget_file import BudgetFile
from perfgate.model.metric import Unit
from perfgate.model.run import EndpointResult, Run
from perfgate.text.units import format_value
from perfgate.workflows.steps import sending
from perfgate.workflows.steps.request import ProgressReporter, RunRequest
from perfgate.workflows.steps.resolving import resolve_load

WARMUP_S, DURATION_S = 2.0, 10.0  # seconds
LIMIT_ROOM_FACTOR = 1.5  # times what was seen: a limit for other days and other runners
MIN_SUCCESSES = 20  # successes, from which on a p95 says something
MIN_LIMIT_S = 0.01  # s: shorter limits would be about the scheduler


def measure_briefly(request: RunRequest, reporter: ProgressReporter) -> Run:
    """A run of some seconds that is neither judged nor remembered. Raises PerfgateError when it cannot be made."""
    context = request.context
    spec = resolve_load(request, _short(budgets.read(request.budget, context.environ)))
    run_folder.make(context.folder, context.root)
    with sending.sides_of(spec, reporter) as sides:
        load_test = sending.send(spec, sides, reporter)
    run = measure.measure(load_test, spec.plan, sending.circumstances(spec, sides))
    codec.write(run, context.folder / run_folder.RUN)
    return run


def comments(run: Run) -> dict[str, str]:
    """Comments by endpoint: what was seen, and the limits that follow from it."""
    return {result.name: comment(result) for result in run.endpoints if result.kind == "endpoint" and result.requests}


def comment(result: EndpointResult) -> str:
    """One line about an endpoint."""
    observed = [f"{result.requests} requests"]
    observed += [
        f"{name} {format_value(Unit.SECONDS, result.metrics[name])}"
        for name in ("p50", "p95")
        if name in result.metrics
    ]
    if result.failures:
        example = f" ({result.failure_examples[0]})" if result.failure_examples else ""
        return f"seen: {', '.join(observed)}, {result.failures} failed{example}: mend the request before you set limits"
    if result.samples < MIN_SUCCESSES or not {"p50", "p95"} <= result.metrics.keys():
        return f"seen: {', '.join(observed)}: too few to propose limits"
    p50, p95 = (limit(result.metrics[name]) for name in ("p50", "p95"))
    return f"seen: {', '.join(observed)}; to propose: budget: {{p50: {p50}, p95: {p95}}}"


def limit(seconds: float) -> str:
    """A limit with room above what was seen, with two digits."""
    exact = max(MIN_LIMIT_S, seconds * LIMIT_ROOM_FACTOR)
    digit = 10.0 ** (floor(log10(exact)) - 1)
    rounded = ceil(exact / digit - 1e-9) * digit
    return f"{round(rounded * 1000)}ms" if rounded < 1 else f"{round(rounded, 1):g}s"


def _short(budget_file: BudgetFile) -> BudgetFile:
    """Budget file with seconds of its first stage, and without the reference workload beside it."""
    load = budget_file.load
    stage = replace(load.stages[0], duration=DURATION_S)
    return replace(
        budget_file,
        load=replace(load, warmup=WARMUP_S, stages=(stage,), abort=None),
        gate=replace(budget_file.gate, probe=False),
    )
