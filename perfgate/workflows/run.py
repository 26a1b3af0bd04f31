"""perfgate on one page: each line takes what the line before it made. The stages act; cli/ picks the exit code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from zlib import crc32

from perfgate import budgets, gate, history, loadtest, measure, report, scenarios
from perfgate.ci import acceptances, eligibility
from perfgate.ci.acceptances import WordsOf
from perfgate.files import codec, run_folder
from perfgate.git.repository_path import repository_path
from perfgate.model.budget_file import AbPolicy, Budget, BudgetFile, GatePolicy
from perfgate.model.diagnosis import Diagnosis
from perfgate.model.errors import BaseError, HistoryError, PerfgateError, UsageError
from perfgate.model.outcome import NEVER_A_BASELINE
from perfgate.model.outcome import Outcome as Judgement
from perfgate.model.plan import Plan
from perfgate.model.report import Report
from perfgate.model.run import Arm, LoadTest, PastRun, Progress, Revision, Run
from perfgate.model.verdict import Verdict
from perfgate.recording import handover
from perfgate.report import words
from perfgate.runner import machine
from perfgate.text import template
from perfgate.text.sanitize import one_line
from perfgate.workflows import baselines, bases
from perfgate.workflows import diagnose as diagnosing

LONGEST_REASON = 300  # characters of why a run could not be added to the history
SCENARIO = "scenario.py"
NO_BUDGET = (
    "Give what was sent a budget: `defaults: {budget: {p50: 300ms, p95: 500ms, errors: 1%}}`, "
    "or `budget` at an endpoint."
)


@dataclass(frozen=True, kw_only=True)
class Against:
    """An A/B test, as asked for: against a ref of the repository, or against a deployment that already runs (`url`).
    None is what the budget file says. `base` is what `ref` turned out to be, where that is known already."""

    ref: str = ""
    base: loadtest.Base | None = None
    url: str = ""
    restarts: int | None = None
    blocks: float | None = None


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
    against: Against | None = None
    processes: int = 1
    fleet: loadtest.Fleet | None = None
    allow_remote: bool = False
    save: bool | None = None  # None: as `trust` says
    diagnose: bool | None = None  # None: where something failed
    confirm: Path | None = None  # an earlier run (its folder, or its verdict): only what fails there too is a failure
    access: Mapping[str, str] = field(default_factory=dict)  # environment with credentials, for the history alone
    words: WordsOf = acceptances.nobody


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
    target = target_of(order, budget_file)
    for url in (target, order.against.url) if order.against and order.against.url else (target,):
        loadtest.check_allowed(url, ("*",) if order.allow_remote else budget_file.allow)
    earlier = verdict_to_confirm(order, budget_file)
    run_folder.make(order.folder, order.root)
    url = history_url(budget_file, order)
    with history.open(url, root=order.root, environ={**order.environ, **order.access}, say=watcher.say) as store:
        budget_file = baselines.settled(budget_file, store, order.environ)
        # before the load: an unreadable history is no news to wait for
        past_runs = baselines.recent(store, budget_file, order.environ)
        anchored = baselines.anchored(store, budget_file, order.environ)
        job = Job(budget_file=budget_file, plan=plan, target=target, past_runs=past_runs, anchored=anchored)
        measured, note = measured_beside_base(job, order, watcher)
        codec.write(measured, order.folder / run_folder.RUN)
        if measured.interrupted:
            return Outcome(run=measured, policy=budget_file.gate, past_runs=past_runs)
        verdict = judge(budget_file, measured, past_runs, order.only, anchored)
        if earlier:
            verdict = gate.confirm(verdict, earlier)
        verdict = accepted(verdict, measured, budget_file, past_runs, order.words)
        verdict = baselines.with_runs_elsewhere(verdict, measured, store, budget_file, order.environ)
        verdict = replace(verdict, notes=(*note, *verdict.notes))
        codec.write(verdict, order.folder / run_folder.VERDICT)
        if saves(order, budget_file, watcher) and (why := unsaved(store, past_run(measured, verdict), watcher)):
            verdict = replace(verdict, notes=(why, *verdict.notes))
            codec.write(verdict, order.folder / run_folder.VERDICT)
        told = report.build(verdict, measured, past_runs, order.folder, charts=report.has_news(verdict))
    return Outcome(run=measured, policy=budget_file.gate, past_runs=past_runs, verdict=verdict, report=told)


def target_of(order: Order, budget_file: BudgetFile) -> str:
    """The URL that the load goes to. What holds for one in the budget file holds for those that are given instead: no
    password in them, for a target is shown wherever the run is. Raises UsageError.
    """
    base = order.against.url if order.against else ""
    for option, url in (("--target (PERFGATE_TARGET)", order.target), ("--base (PERFGATE_BASE)", base)):
        if url and (problem := budgets.target_problem(url)):
            message, _, hint = problem.replace("the target", option, 1).partition("\n")
            raise UsageError(message, hint=hint)
    return (order.target or template.expand(budget_file.target, order.environ)).rstrip("/")


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is sent where, and the runs that it is judged by."""

    budget_file: BudgetFile
    plan: Plan
    target: str
    past_runs: tuple[PastRun, ...]
    anchored: tuple[PastRun, ...]


def measured_beside_base(job: Job, order: Order, watcher: Watcher) -> tuple[Run, tuple[str, ...]]:
    """The run, and for people why it is not compared with the base that `--base-ref auto` asks for."""
    against = order.against
    if against is None or against.ref != bases.AUTO:
        return measured(job, order, watcher), ()
    alone = replace(order, against=None)
    if order.target or job.budget_file.service is None:
        watcher.say("Compared with the history: without a `service` to start, there is no base to measure.")
        return measured(job, alone, watcher), ()
    try:
        base = bases.base_of(against.ref, job.budget_file, order.environ, watcher.say)
        if base is None:
            watcher.say("Compared with the history: this checkout is the base itself.")
            return measured(job, alone, watcher), ()
        return measured(job, replace(order, against=replace(against, base=base)), watcher), ()
    except (BaseError, UsageError) as error:
        watcher.say(f"Compared with the history, not with the base: {error}")
        return measured(job, alone, watcher), (f"Compared with the history, not with the base: {_reason(error)}",)


def _reason(error: PerfgateError) -> str:
    """One line for the report: what happened and what to do, without logs and their places, which the console has."""
    advice = error.hint.splitlines() if isinstance(error, UsageError) else error.hint.splitlines()[1:]
    return one_line(" ".join([error.message.partition("\n")[0], *advice]), LONGEST_REASON)


def measured(job: Job, order: Order, watcher: Watcher) -> Run:
    """The load, as long as it takes to decide."""
    policy = ab_policy(job.budget_file, order)
    with sides_of(job.budget_file, job.target, order, watcher) as sides:
        facts = circumstances(order, job.plan, sides)
        times = look_times(job.budget_file.gate, job.plan, policy, watcher)
        if len(times) > 1:
            usual = gate.time_to_decide(job.past_runs, job.plan.digests.load, side_by_side=bool(sides.arms))
            once = sum(stage.duration for stage in job.plan.load.stages)
            watcher.say(words.expected(once, times[-1] * once, usual))

        def decided(load_test: LoadTest) -> bool:
            run = measured_at(times, load_test, job.plan, facts)
            verdict = judge(job.budget_file, run, job.past_runs, order.only, job.anchored)
            return is_decided(verdict, run, job.plan, times, watcher)

        looks = loadtest.Looks(times=times, decided=decided)
        probe = job.budget_file.gate.probe
        load_test = send(job.plan, sides, policy, order, watcher, probe=probe, looks=looks)
        run = measured_at(times, load_test, job.plan, facts)
        codec.write(run, order.folder / run_folder.RUN)  # whatever ends the second pass, what was measured is kept
        explain(run, sides, job, order, watcher)  # here base and head are still set up
    return run


def explain(run: Run, sides: loadtest.Sides, job: Job, order: Order, watcher: Watcher) -> None:
    """Writes diagnosis.json where something failed that a second pass may explain. The verdict stands without it."""
    if order.diagnose is False or run.interrupted:
        return
    verdict = judge(job.budget_file, run, job.past_runs, order.only, job.anchored)
    wanted = diagnosing.wanted(verdict, passing_too=order.diagnose is True)
    if not wanted:
        return
    request = diagnosing.Request(
        budget_file=job.budget_file,
        sides=sides,
        wanted=wanted,
        control=diagnosing.control(job.budget_file, run, wanted),
        run_id=order.run_id,
        folder=order.folder,
        environ=order.environ,
    )
    try:
        diagnosis = diagnosing.diagnose(request, watcher.say)
        codec.write(diagnosis, order.folder / run_folder.DIAGNOSIS)
    except PerfgateError as error:
        watcher.say(f"No diagnosis: {error}")
    except Exception as error:  # noqa: BLE001 - whatever it was, it must not cost the verdict
        watcher.say(f"No diagnosis: {type(error).__name__}: {error}")


def diagnose(order: Order, watcher: Watcher, endpoint: str, metric: str) -> Diagnosis:
    """One endpoint without a load test. Raises PerfgateError."""
    budget_file = budgets.read(order.budget, order.environ)
    known = [one.name for one in budget_file.endpoints if one.request is not None]
    if endpoint not in known:
        raise UsageError(f"There is no endpoint {endpoint!r} to send", hint=f"Known: {', '.join(known)}")
    target = target_of(order, budget_file)
    for url in (target, order.against.url) if order.against and order.against.url else (target,):
        loadtest.check_allowed(url, ("*",) if order.allow_remote else budget_file.allow)
    if order.against and order.against.ref == bases.AUTO:
        base = bases.base_of(bases.AUTO, budget_file, order.environ, watcher.say)
        order = replace(order, against=replace(order.against, base=base) if base else None)
    run_folder.make(order.folder, order.root)
    wanted = {endpoint: metric}
    with sides_of(budget_file, target, order, watcher) as sides:
        request = diagnosing.Request(
            budget_file=budget_file,
            sides=sides,
            wanted=wanted,
            control=diagnosing.control(budget_file, None, wanted),
            run_id=order.run_id,
            folder=order.folder,
            environ=order.environ,
        )
        return diagnosing.diagnose(request, watcher.say)


def look_times(gate_policy: GatePolicy, plan: Plan, policy: AbPolicy, watcher: Watcher) -> tuple[int, ...]:
    """How often the load may have been sent at each look of the gate (`load.duration`, `gate.extend`)."""
    times = loadtest.look_times(plan.load, restarts=policy.restarts, extend=gate_policy.extend)
    if gate_policy.extend and len(times) == 1:
        watcher.say(f"Note: `extend: {gate_policy.extend:g}s` is too short to send the whole load once more.")
    return times


def measured_at(times: Sequence[int], load_test: LoadTest, plan: Plan, facts: measure.Circumstances) -> Run:
    """With how often it may be looked at, and by how much it was prolonged."""
    planned = sum(stage.duration for stage in plan.load.stages)
    measured = measure.measure(load_test, plan, facts)
    prolonged = max(0.0, measured.duration - planned) if len(times) > 1 else 0.0
    return replace(measured, looks=len(times), prolonged=prolonged)


def is_decided(verdict: Verdict, run: Run, plan: Plan, times: Sequence[int], watcher: Watcher) -> bool:
    """Whether nothing is left that the time to spare would probably decide; else says what."""
    planned = sum(stage.duration for stage in plan.load.stages)
    sent = round(run.duration / planned)
    undecided = gate.decidable(verdict, sent, times[-1])
    if not undecided:
        return True
    longer = next(number for number in times if number > sent)
    watcher.say(words.prolonged(undecided, (longer - sent) * planned, run.duration))
    return False


def send(
    plan: Plan,
    sides: loadtest.Sides,
    policy: AbPolicy,
    order: Order,
    watcher: Watcher,
    *,
    probe: bool,
    looks: loadtest.Looks = loadtest.ONE_LOOK,
) -> LoadTest:
    """The plan's load on the target, or on both: then its rate or its users are those of the two together."""
    if sides.arms:
        taking = policy.restarts * plan.load.warmup + loadtest.seconds(plan.load)
        watcher.say(f"{words.arms(sides.arms)} beside each other{words.manner(policy)}, {taking:g} s")
    shared = ", on both together" if sides.arms else f", on {sides.target}"
    watcher.say(f"Load: {plan.load_words}{shared}")
    if fleet := order.fleet:
        watcher.say(
            f"Waiting until {fleet.workers} x `perfgate worker` have connected to port {fleet.port}, "
            f"{fleet.patience:g} s at most."
        )
    with watcher.progress(plan) as on_progress:
        options = loadtest.Options(
            target=sides.target,
            root=order.root,
            environ=order.environ,
            secrets=scenarios.secrets(plan),
            processes=order.processes,
            fleet=order.fleet,
            duet=duet(sides, policy),
            probe=probe,
            on_progress=on_progress,
        )
        scenario = write_scenario(plan, order.folder)
        return loadtest.run(plan, order.folder, scenario, options, sides, restarts=policy.restarts, looks=looks)


def judge(
    budget_file: BudgetFile,
    run: Run,
    past_runs: Sequence[PastRun],
    only: Sequence[str] = (),
    anchored: Sequence[PastRun] = (),
) -> Verdict:
    """All budgets of the file, or those of the endpoints in `only`; `anchored` are the runs of the anchor's commit.
    Where nothing is judged, nothing is known: no-data."""
    asked = budgets_of(budget_file, run, only)
    baseline = gate.choose_baseline(run, past_runs, budget_file.gate.baseline)
    anchor = gate.choose_anchor(run, anchored, baseline)
    verdict = gate.judge(asked, run, baseline, budget_file.gate, anchor)
    if not verdict.findings:
        verdict = replace(verdict, outcome=Judgement.NO_DATA, notes=(*verdict.notes, NO_BUDGET))
    path = budget_file.path
    return replace(verdict, budget=path.name if path.is_absolute() else path.as_posix())


def budgets_of(budget_file: BudgetFile, run: Run, only: Sequence[str] = ()) -> tuple[Budget, ...]:
    """What is asked of a run: the file's budgets, then those of `defaults` for the names that only hand-written
    scenarios have, which are known once they ran."""
    if only:
        return tuple(budget for budget in budget_file.budgets if budget.endpoint in only)
    known = {one.name for one in budget_file.endpoints} | {one.name for one in budget_file.journeys}
    sent = [one.name for one in run.endpoints if one.kind == "endpoint" and one.name not in known]
    foreign = sent if budget_file.scenarios else []
    by_default = (replace(budget, endpoint=name) for name in foreign for budget in budget_file.default_budgets)
    return (*budget_file.budgets, *by_default)


def accepted(
    verdict: Verdict,
    run: Run,
    budget_file: BudgetFile,
    past_runs: Sequence[PastRun],
    words: WordsOf,
) -> Verdict:
    """The verdict, with the changes that somebody accepted as no failures."""
    branch = budget_file.gate.baseline.branch
    last = next((past.run.commit for past in past_runs if past.run.branch == branch), "")
    names = [endpoint.name for endpoint in budget_file.endpoints] + [journey.name for journey in budget_file.journeys]
    names += [result.name for result in run.endpoints]  # of hand-written scenarios, too
    return gate.accept(verdict, *acceptances.resolve(words(branch, last), names))


def accepted_before(verdict: Verdict, earlier: Verdict) -> Verdict:
    """With what was accepted of the same run when it was judged before."""
    return gate.accept(verdict, earlier.acceptances)


def sides_of(
    budget_file: BudgetFile, target: str, order: Order, watcher: Watcher
) -> AbstractContextManager[loadtest.Sides]:
    """What the load goes to, with the services to start for it: none, where it runs already or another is meant."""
    against, service = order.against, None if order.target else budget_file.service
    folder, seed = budget_file.path.parent, crc32(order.run_id.encode())
    if against and against.ref:
        if service is None:
            raise UsageError(
                "--base-ref starts base and head itself, and the budget file has no `service` to start.",
                hint="`service: {command: ... --port ${PORT}, port: ...}` says how; to compare what runs: --base URL.",
            )
        head = loadtest.Head(folder=folder, commit=order.revision.commit, logs=order.folder)
        base = against.base or bases.base_of(against.ref, budget_file, order.environ, watcher.say)
        assert base is not None, "`auto` is settled before"
        return loadtest.base_and_head(
            service, target, base=base, head=head, environ=order.environ, seed=seed, say=watcher.say
        )
    starts: tuple[loadtest.Start, ...] = ()
    if service:
        service, target = loadtest.settled(service, target)
        watcher.say(f"Starting the service on port {service.port}")
        log = order.folder / "service.log"
        starts = (loadtest.Start(service=service, folder=folder, log=log, environ=order.environ),)
    arms: tuple[Arm, ...] = ()
    if against:
        arms = (Arm(name="base", target=against.url), Arm(name="head", target=target, commit=order.revision.commit))
    return nullcontext(loadtest.Sides(target=target, starts=starts, arms=arms, seed=seed))


def ab_policy(budget_file: BudgetFile, order: Order) -> AbPolicy:
    """What was asked for, else what the budget file says. Nothing restarts outside `--base-ref`."""
    against, policy = order.against, budget_file.gate.ab
    if against is None:
        return AbPolicy()
    restarts = policy.restarts if against.restarts is None else against.restarts
    blocks = policy.blocks if against.blocks is None else against.blocks
    return AbPolicy(restarts=restarts if against.ref else 0, blocks=blocks)


def duet(sides: loadtest.Sides, policy: AbPolicy) -> handover.Duet | None:
    if not sides.arms:
        return None
    base, head = sides.targets
    return handover.Duet(base=base, head=head, block=policy.blocks, seed=sides.seed)


def write_scenario(plan: Plan, folder: Path) -> Path | None:
    """The generated scenario in the run folder; None when all requests come from hand-written ones."""
    if not any(endpoint.weight for endpoint in plan.endpoints) and not any(one.weight for one in plan.journeys):
        return None
    path = folder / SCENARIO
    codec.write_text(path, scenarios.generate(plan, scenario=path))
    return path


def verdict_to_confirm(order: Order, budget_file: BudgetFile) -> Verdict | None:
    """Raises RecordError when it cannot be read, UsageError when it is not of this budget file."""
    if order.confirm is None:
        return None
    path = order.confirm / run_folder.VERDICT if order.confirm.is_dir() else order.confirm
    earlier = codec.read(Verdict, path)
    if earlier.name != budget_file.name:
        raise UsageError(
            f"--confirm {order.confirm}: that run is of {earlier.name}, not of {budget_file.name}",
            hint="Give the run folder (or the verdict.json) of an earlier run of the same budget file.",
        )
    return earlier


def saves(order: Order, budget_file: BudgetFile, watcher: Watcher) -> bool:
    if order.save is not None:
        return order.save
    reason = eligibility.why_not(order.environ, budget_file.gate.baseline.branch)
    if reason:
        watcher.say(f"Not added to the history: {reason}.")
    return not reason


def unsaved(store: history.History, past: PastRun, watcher: Watcher) -> str:
    """Adds the run to the history. A store that cannot be written changes no verdict: then this is what to say of it,
    where the verdict is told, for a baseline that stays behind must not do so in silence."""
    try:
        store.save(past)
    except HistoryError as error:
        watcher.say(f"Not added to the history: {error}")
        return (
            "This run is not in the history, so later ones are not compared with it: "
            f"{one_line(error.message, LONGEST_REASON)}. The job's log says what to do; `perfgate history add` adds it."
        )
    return ""


def history_url(budget_file: BudgetFile, order: Order) -> str:
    return order.history or template.expand(budget_file.history, order.environ)


def circumstances(order: Order, plan: Plan, sides: loadtest.Sides) -> measure.Circumstances:
    return measure.Circumstances(
        run_id=order.run_id,
        target=sides.target,
        revision=order.revision,
        runner=machine.runner(),
        clock=machine.CLOCK if plan.client == "fast" else machine.USER_SPACE,
        versions=order.versions,
        processes=order.fleet.workers if order.fleet else order.processes,
        arms=sides.arms,
        host=loadtest.host_of(sides),
        file=repository_path(order.budget),
    )


def past_run(run: Run, verdict: Verdict) -> PastRun:
    """A run as the history keeps it."""
    failed = [(one.endpoint, one.metric) for one in verdict.findings if one.outcome in NEVER_A_BASELINE]
    return PastRun(run=run, outcome=verdict.outcome, failed=tuple(failed), acceptances=verdict.acceptances)
