"""perfgate on one page: each line takes what the line before it made. The stages act; cli/ picks the exit code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from perfgate import budgets, codec, gate, history, loadtest, machine, measure, report, run_folder, scenarios, template
from perfgate.model.budget_file import BudgetFile, GatePolicy
from perfgate.model.outcome import NEVER_A_BASELINE
from perfgate.model.plan import Plan
from perfgate.model.report import Report
from perfgate.model.run import LoadTest, PastRun, Progress, Revision, Run
from perfgate.model.verdict import Verdict

RECENT = 100  # earlier runs looked at, for the baseline and the trend
SCENARIO = "scenario.py"


@dataclass(frozen=True, kw_only=True)
class Order:
    """What somebody asked for, with everything that was read from the outside world."""

    budget: Path
    root: Path  # the current folder: where .perfgate is, and what relative history paths count from
    environ: Mapping[str, str]
    run_id: str
    folder: Path  # of the run
    revision: Revision
    versions: Mapping[str, str]
    target: str = ""  # instead of the budget file's
    history: str = ""  # instead of the budget file's
    only: tuple[str, ...] = ()
    processes: int = 1
    fleet: loadtest.Fleet | None = None
    allow_remote: bool = False
    save: bool = True


@dataclass(frozen=True, kw_only=True)
class Watcher:
    """Whom to tell how it goes. `say` gets a line of text at each step."""

    say: Callable[[str], None] = lambda _: None
    progress: Callable[[Plan], AbstractContextManager[Callable[[Progress], None]]] = lambda _: nullcontext(
        lambda _: None
    )


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of it. An interrupted run is measured as far as it got, but never judged nor remembered."""

    run: Run
    policy: GatePolicy
    past_runs: tuple[PastRun, ...] = ()
    verdict: Verdict | None = None
    report: Report | None = None


def run(order: Order, watcher: Watcher) -> Outcome:
    """The whole pipeline. Raises PerfgateError for whatever keeps it from a verdict."""
    budget_file = budgets.read(order.budget, order.environ)
    plan = scenarios.plan(budget_file, order.only)
    target, service = with_service(budget_file, order, watcher)
    loadtest.check_allowed(target, ("*",) if order.allow_remote else budget_file.allow)
    run_folder.make(order.folder, order.root)
    with history.open(history_url(budget_file, order), root=order.root) as store:
        past_runs = recent_runs(store, budget_file)  # before the load: an unreadable history is no news to wait for
        with service:
            load_test = send(plan, target, order, watcher)
        measured = measure.measure(load_test, plan, circumstances(order, plan, target))
        codec.write(measured, order.folder / run_folder.RUN)
        if measured.interrupted:
            return Outcome(run=measured, policy=budget_file.gate, past_runs=past_runs)
        verdict = judge(budget_file, measured, past_runs, order.only)
        codec.write(verdict, order.folder / run_folder.VERDICT)
        told = report.build(verdict, measured, past_runs, order.folder)
        if order.save:
            store.save(past_run(measured, verdict))
    return Outcome(run=measured, policy=budget_file.gate, past_runs=past_runs, verdict=verdict, report=told)


def send(plan: Plan, target: str, order: Order, watcher: Watcher) -> LoadTest:
    """The plan's load, once the target is there."""
    loadtest.check_up(target)
    watcher.say(f"Load: {plan.load_words}, on {target}")
    with watcher.progress(plan) as on_progress:
        options = loadtest.Options(
            target=target,
            root=order.root,
            environ=order.environ,
            secrets=scenarios.secrets(plan),
            processes=order.processes,
            fleet=order.fleet,
            on_progress=on_progress,
        )
        return loadtest.run(plan, order.folder, write_scenario(plan, order.folder), options)


def judge(budget_file: BudgetFile, run: Run, past_runs: Sequence[PastRun], only: Sequence[str] = ()) -> Verdict:
    """All budgets of the file, or those of the endpoints in `only`."""
    asked = [budget for budget in budget_file.budgets if not only or budget.endpoint in only]
    baseline = gate.choose_baseline(run, past_runs, budget_file.gate.baseline)
    return gate.judge(asked, run, baseline, budget_file.gate)


def with_service(budget_file: BudgetFile, order: Order, watcher: Watcher) -> tuple[str, AbstractContextManager[None]]:
    """The target's URL, and what keeps its service running: nothing, when it runs already or another is meant."""
    target = (order.target or template.expand(budget_file.target, order.environ)).rstrip("/")
    if budget_file.service is None or order.target:
        return target, nullcontext()
    service, target = loadtest.settled(budget_file.service, target)
    watcher.say(f"Starting the service on port {service.port}")
    log = order.folder / "service.log"
    return target, loadtest.started(service, folder=budget_file.path.parent, log=log, environ=order.environ)


def write_scenario(plan: Plan, folder: Path) -> Path | None:
    """The generated scenario in the run folder; None when all requests come from hand-written ones."""
    if not any(endpoint.weight for endpoint in plan.endpoints) and not any(one.weight for one in plan.journeys):
        return None
    path = folder / SCENARIO
    codec.write_text(path, scenarios.generate(plan, scenario=path))
    return path


def history_url(budget_file: BudgetFile, order: Order) -> str:
    return order.history or template.expand(budget_file.history, order.environ)


def circumstances(order: Order, plan: Plan, target: str) -> measure.Circumstances:
    return measure.Circumstances(
        run_id=order.run_id,
        target=target,
        revision=order.revision,
        runner=machine.runner(),
        clock=machine.CLOCK if plan.client == "fast" else machine.USER_SPACE,
        versions=order.versions,
        processes=order.fleet.workers if order.fleet else order.processes,
    )


def recent_runs(store: history.History, budget_file: BudgetFile) -> tuple[PastRun, ...]:
    """Newest first: those of the baseline branch, or of any branch when it has none yet (to say so)."""
    on_branch = store.runs(budget_file.name, branch=budget_file.gate.baseline.branch, limit=RECENT)
    return on_branch or store.runs(budget_file.name, limit=RECENT)


def past_run(run: Run, verdict: Verdict) -> PastRun:
    """A run as the history keeps it."""
    failed = [(one.endpoint, one.metric) for one in verdict.findings if one.outcome in NEVER_A_BASELINE]
    return PastRun(run=run, outcome=verdict.outcome, failed=tuple(failed))
