"""perfgate on one page: each line takes what the line before it made. The stages act; cli/ picks the exit code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from zlib import crc32

from perfgate import budgets, gate, history, loadtest, measure, report, scenarios
from perfgate.ci import acceptances, eligibility
from perfgate.ci.acceptances import ClaimsOf
from perfgate.files import codec, run_folder
from perfgate.git.repository_path import repository_path
from perfgate.model.budget_file import AbPolicy, Budget, BudgetFile, GatePolicy
from perfgate.model.diagnosis import Diagnosis
from perfgate.model.errors import BaseError, HistoryError, PerfgateError, UsageError
from perfgate.model.note import Note
from perfgate.model.outcome import NEVER_A_BASELINE, Outcome
from perfgate.model.plan import Plan
from perfgate.model.report import Report
from perfgate.model.run import Arm, LoadTest, PastRun, Progress, Revision, Run
from perfgate.model.verdict import Verdict
from perfgate.recording import handover
from perfgate.report import words
from perfgate.runner import machine
from perfgate.text import template
from perfgate.text.notes import note
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
class RunRequest:
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
    words: ClaimsOf = acceptances.nobody


@dataclass(frozen=True, kw_only=True)
class ProgressReporter:
    """Whom to tell how it goes. `say` gets a line of text at each step."""

    say: Callable[[str], None] = lambda _: None
    progress: Callable[[Plan], AbstractContextManager[Callable[[Progress], None]]] = lambda _: nullcontext(
        lambda _: None
    )


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """What came of it. An interrupted run is measured as far as it got, but never judged nor remembered."""

    run: Run
    policy: GatePolicy
    past_runs: tuple[PastRun, ...] = ()
    verdict: Verdict | None = None
    report: Report | None = None


def run(request: RunRequest, reporter: ProgressReporter) -> RunResult:
    """The whole pipeline. Raises PerfgateError for whatever keeps it from a verdict."""
    budget_file = budgets.read(request.budget, request.environ)
    plan = scenarios.plan(budget_file, request.only)
    target = target_of(request, budget_file)
    for url in (target, request.against.url) if request.against and request.against.url else (target,):
        loadtest.check_allowed(url, ("*",) if request.allow_remote else budget_file.allow)
    earlier = verdict_to_confirm(request, budget_file)
    run_folder.make(request.folder, request.root)
    url = history_url(budget_file, request)
    with history.open(url, root=request.root, environ={**request.environ, **request.access}, say=reporter.say) as store:
        budget_file = baselines.with_branch(budget_file, store, request.environ)
        # before the load: an unreadable history is no news to wait for
        past_runs = baselines.recent(store, budget_file, request.environ)
        anchored = baselines.anchored(store, budget_file, request.environ)
        job = Job(budget_file=budget_file, plan=plan, target=target, past_runs=past_runs, anchored=anchored)
        measured, why_not_base = measured_beside_base(job, request, reporter)
        codec.write(measured, request.folder / run_folder.RUN)
        if measured.interrupted:
            return RunResult(run=measured, policy=budget_file.gate, past_runs=past_runs)
        verdict = judge(budget_file, measured, past_runs, request.only, anchored)
        if earlier:
            verdict = gate.confirm(verdict, earlier)
        verdict = accepted(verdict, measured, budget_file, past_runs, request.words)
        verdict = baselines.with_runs_elsewhere(verdict, measured, store, budget_file, request.environ)
        verdict = replace(verdict, notes=(*why_not_base, *verdict.notes))
        codec.write(verdict, request.folder / run_folder.VERDICT)
        if should_save(request, budget_file, reporter) and (
            why := save_or_warn(store, past_run(measured, verdict), reporter)
        ):
            verdict = replace(verdict, notes=(note("PG-H014", why), *verdict.notes))
            codec.write(verdict, request.folder / run_folder.VERDICT)
        context = report.build(verdict, measured, past_runs, request.folder, charts=report.has_news(verdict))
    return RunResult(run=measured, policy=budget_file.gate, past_runs=past_runs, verdict=verdict, report=context)


def target_of(request: RunRequest, budget_file: BudgetFile) -> str:
    """The URL that the load goes to. What holds for one in the budget file holds for those that are given instead: no
    password in them, for a target is shown wherever the run is. Raises UsageError.
    """
    base = request.against.url if request.against else ""
    for option, url in (("--target (PERFGATE_TARGET)", request.target), ("--base (PERFGATE_BASE)", base)):
        if url and (problem := budgets.target_problem(url)):
            message, _, hint = problem.replace("the target", option, 1).partition("\n")
            raise UsageError(message, hint=hint, code="PG-L005")
    return (request.target or template.expand(budget_file.target, request.environ)).rstrip("/")


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is sent where, and the runs that it is judged by."""

    budget_file: BudgetFile
    plan: Plan
    target: str
    past_runs: tuple[PastRun, ...]
    anchored: tuple[PastRun, ...]


def measured_beside_base(job: Job, request: RunRequest, reporter: ProgressReporter) -> tuple[Run, tuple[Note, ...]]:
    """The run, and for people why it is not compared with the base that `--base-ref auto` asks for."""
    against = request.against
    if against is None or against.ref != bases.AUTO:
        return measured(job, request, reporter), ()
    alone = replace(request, against=None)
    if request.target or job.budget_file.service is None:
        why = "Compared with the history: without a `service` to start, there is no base to measure."
        reporter.say(note("PG-C010", why))
        return measured(job, alone, reporter), ()
    try:
        base = bases.base_of(against.ref, job.budget_file, request.environ, reporter.say)
        if base is None:
            reporter.say("Compared with the history: this checkout is the base itself.")
            return measured(job, alone, reporter), ()
        return measured(job, replace(request, against=replace(against, base=base)), reporter), ()
    except (BaseError, UsageError) as error:
        reporter.say(note("PG-C010", f"Compared with the history, not with the base: {error}"))
        why = f"Compared with the history, not with the base: {_reason(error)}"
        return measured(job, alone, reporter), (note("PG-C010", why),)


def _reason(error: PerfgateError) -> str:
    """One line for the report: what happened and what to do, without logs and their places, which the console has."""
    advice = error.hint.splitlines() if isinstance(error, UsageError) else error.hint.splitlines()[1:]
    return one_line(" ".join([error.message.partition("\n")[0], *advice]), LONGEST_REASON)


def measured(job: Job, request: RunRequest, reporter: ProgressReporter) -> Run:
    """The load, as long as it takes to decide."""
    policy = ab_policy(job.budget_file, request)
    with sides_of(job.budget_file, job.target, request, reporter) as sides:
        facts = circumstances(request, job.plan, sides)
        times = look_times(job.budget_file.gate, job.plan, policy, reporter)
        if len(times) > 1:
            usual = gate.time_to_decide(job.past_runs, job.plan.digests.load, side_by_side=bool(sides.arms))
            once = sum(stage.duration for stage in job.plan.load.stages)
            reporter.say(words.expected(once, times[-1] * once, usual))

        def decided(load_test: LoadTest) -> bool:
            run = measured_at(times, load_test, job.plan, facts)
            verdict = judge(job.budget_file, run, job.past_runs, request.only, job.anchored)
            return is_decided(verdict, run, job.plan, times, reporter)

        looks = loadtest.InterimLooks(times=times, decided=decided)
        probe = job.budget_file.gate.probe
        load_test = send(job.plan, sides, policy, request, reporter, probe=probe, looks=looks)
        run = measured_at(times, load_test, job.plan, facts)
        codec.write(run, request.folder / run_folder.RUN)  # whatever ends the second pass, what was measured is kept
        explain(run, sides, job, request, reporter)  # here base and head are still set up
    return run


def explain(run: Run, sides: loadtest.Sides, job: Job, request: RunRequest, reporter: ProgressReporter) -> None:
    """Writes diagnosis.json where something failed that a second pass may explain. The verdict stands without it."""
    if request.diagnose is False or run.interrupted:
        return
    verdict = judge(job.budget_file, run, job.past_runs, request.only, job.anchored)
    expected = diagnosing.wanted(verdict, passing_too=request.diagnose is True)
    if not expected:
        return
    subject = diagnosing.DiagnosisRequest(
        budget_file=job.budget_file,
        sides=sides,
        wanted=expected,
        control=diagnosing.control(job.budget_file, run, expected),
        run_id=request.run_id,
        folder=request.folder,
        environ=request.environ,
    )
    try:
        diagnosis = diagnosing.diagnose(subject, reporter.say)
        codec.write(diagnosis, request.folder / run_folder.DIAGNOSIS)
    except PerfgateError as error:
        reporter.say(note(error.code or "PG-X005", f"No diagnosis: {error}"))
    except Exception as error:  # noqa: BLE001 - whatever it was, it must not cost the verdict
        reporter.say(note("PG-X005", f"No diagnosis: {type(error).__name__}: {error}"))


def diagnose(request: RunRequest, reporter: ProgressReporter, endpoint: str, metric: str) -> Diagnosis:
    """One endpoint without a load test. Raises PerfgateError."""
    budget_file = budgets.read(request.budget, request.environ)
    known = [item.name for item in budget_file.endpoints if item.request is not None]
    if endpoint not in known:
        raise UsageError(
            f"There is no endpoint {endpoint!r} to send", hint=f"Known: {', '.join(known)}", code="PG-U007"
        )
    target = target_of(request, budget_file)
    for url in (target, request.against.url) if request.against and request.against.url else (target,):
        loadtest.check_allowed(url, ("*",) if request.allow_remote else budget_file.allow)
    if request.against and request.against.ref == bases.AUTO:
        base = bases.base_of(bases.AUTO, budget_file, request.environ, reporter.say)
        request = replace(request, against=replace(request.against, base=base) if base else None)
    run_folder.make(request.folder, request.root)
    expected = {endpoint: metric}
    with sides_of(budget_file, target, request, reporter) as sides:
        subject = diagnosing.DiagnosisRequest(
            budget_file=budget_file,
            sides=sides,
            wanted=expected,
            control=diagnosing.control(budget_file, None, expected),
            run_id=request.run_id,
            folder=request.folder,
            environ=request.environ,
        )
        return diagnosing.diagnose(subject, reporter.say)


def look_times(gate_policy: GatePolicy, plan: Plan, policy: AbPolicy, reporter: ProgressReporter) -> tuple[int, ...]:
    """How often the load may have been sent at each look of the gate (`load.duration`, `gate.extend`)."""
    times = loadtest.look_times(plan.load, restarts=policy.restarts, extend=gate_policy.extend)
    if gate_policy.extend and len(times) == 1:
        reporter.say(f"Note: `extend: {gate_policy.extend:g}s` is too short to send the whole load once more.")
    return times


def measured_at(times: Sequence[int], load_test: LoadTest, plan: Plan, facts: measure.Circumstances) -> Run:
    """Measures, with how often the run may be looked at, and by how much it was prolonged."""
    planned = sum(stage.duration for stage in plan.load.stages)
    measured = measure.measure(load_test, plan, facts)
    prolonged = max(0.0, measured.duration - planned) if len(times) > 1 else 0.0
    return replace(measured, looks=len(times), prolonged=prolonged)


def is_decided(verdict: Verdict, run: Run, plan: Plan, times: Sequence[int], reporter: ProgressReporter) -> bool:
    """Whether nothing is left that the time to spare would probably decide; else says what."""
    planned = sum(stage.duration for stage in plan.load.stages)
    sent = round(run.duration / planned)
    undecided = gate.decidable(verdict, sent, times[-1])
    if not undecided:
        return True
    longer = next(number for number in times if number > sent)
    reporter.say(words.prolonged(undecided, (longer - sent) * planned, run.duration))
    return False


def send(
    plan: Plan,
    sides: loadtest.Sides,
    policy: AbPolicy,
    request: RunRequest,
    reporter: ProgressReporter,
    *,
    probe: bool,
    looks: loadtest.InterimLooks = loadtest.ONE_LOOK,
) -> LoadTest:
    """The plan's load on the target, or on both: then its rate or its users are those of the two together."""
    if sides.arms:
        taking = policy.restarts * plan.load.warmup + loadtest.seconds(plan.load)
        reporter.say(f"{words.arms(sides.arms)} beside each other{words.manner(policy)}, {taking:g} s")
    shared = ", on both together" if sides.arms else f", on {sides.target}"
    reporter.say(f"Load: {plan.load_words}{shared}")
    if fleet := request.fleet:
        reporter.say(
            f"Waiting until {fleet.workers} x `perfgate worker` have connected to port {fleet.port}, "
            f"{fleet.patience:g} s at most."
        )
    with reporter.progress(plan) as on_progress:
        options = loadtest.Options(
            target=sides.target,
            root=request.root,
            environ=request.environ,
            secrets=scenarios.secrets(plan),
            processes=request.processes,
            fleet=request.fleet,
            duet=duet(sides, policy),
            probe=probe,
            on_progress=on_progress,
        )
        scenario = write_scenario(plan, request.folder)
        return loadtest.run(plan, request.folder, scenario, options, sides, restarts=policy.restarts, looks=looks)


def judge(
    budget_file: BudgetFile,
    run: Run,
    past_runs: Sequence[PastRun],
    only: Sequence[str] = (),
    anchored: Sequence[PastRun] = (),
) -> Verdict:
    """All budgets of the file, or those of the endpoints in `only`; `anchored` are the runs of the anchor's commit.
    Where nothing is judged, nothing is known: no-data."""
    requested = budgets_of(budget_file, run, only)
    baseline = gate.choose_baseline(run, past_runs, budget_file.gate.baseline)
    anchor = gate.choose_anchor(run, anchored, baseline)
    verdict = gate.judge(requested, run, baseline, budget_file.gate, anchor)
    if not verdict.findings:
        verdict = replace(verdict, outcome=Outcome.NO_DATA, notes=(*verdict.notes, note("PG-C001", NO_BUDGET)))
    path = budget_file.path
    return replace(verdict, budget=path.name if path.is_absolute() else path.as_posix())


def budgets_of(budget_file: BudgetFile, run: Run, only: Sequence[str] = ()) -> tuple[Budget, ...]:
    """What is asked of a run: the file's budgets, then those of `defaults` for the names that only hand-written
    scenarios have, which are known once they ran."""
    if only:
        return tuple(budget for budget in budget_file.budgets if budget.endpoint in only)
    known = {endpoint.name for endpoint in budget_file.endpoints} | {journey.name for journey in budget_file.journeys}
    sent = [endpoint.name for endpoint in run.endpoints if endpoint.kind == "endpoint" and endpoint.name not in known]
    foreign = sent if budget_file.scenarios else []
    by_default = (replace(budget, endpoint=name) for name in foreign for budget in budget_file.default_budgets)
    return (*budget_file.budgets, *by_default)


def accepted(
    verdict: Verdict,
    run: Run,
    budget_file: BudgetFile,
    past_runs: Sequence[PastRun],
    words: ClaimsOf,
) -> Verdict:
    """The verdict, with the changes that somebody accepted as no failures."""
    branch = budget_file.gate.baseline.branch
    last = next((past.run.commit for past in past_runs if past.run.branch == branch), "")
    names = [endpoint.name for endpoint in budget_file.endpoints] + [journey.name for journey in budget_file.journeys]
    names += [result.name for result in run.endpoints]  # of hand-written scenarios, too
    return gate.accept(verdict, *acceptances.resolve(words(branch, last), names))


def accepted_before(verdict: Verdict, earlier: Verdict) -> Verdict:
    """Repeats what was accepted of the same run when it was judged before."""
    return gate.accept(verdict, earlier.acceptances)


def sides_of(
    budget_file: BudgetFile, target: str, request: RunRequest, reporter: ProgressReporter
) -> AbstractContextManager[loadtest.Sides]:
    """What the load goes to, with the services to start for it: none, where it runs already or another is meant."""
    against, service = request.against, None if request.target else budget_file.service
    folder, seed = budget_file.path.parent, crc32(request.run_id.encode())
    if against and against.ref:
        if service is None:
            raise UsageError(
                "--base-ref starts base and head itself, and the budget file has no `service` to start.",
                hint="`service: {command: ... --port ${PORT}, port: ...}` says how; to compare what runs: --base URL.",
                code="PG-A005",
            )
        head = loadtest.Head(folder=folder, commit=request.revision.commit, logs=request.folder)
        base = against.base or bases.base_of(against.ref, budget_file, request.environ, reporter.say)
        assert base is not None, "`auto` is settled before"
        return loadtest.base_and_head(
            service, target, base=base, head=head, environ=request.environ, seed=seed, say=reporter.say
        )
    starts: tuple[loadtest.Start, ...] = ()
    if service:
        service, target = loadtest.with_port(service, target)
        reporter.say(f"Starting the service on port {service.port}")
        log = request.folder / "service.log"
        starts = (loadtest.Start(service=service, folder=folder, log=log, environ=request.environ),)
    arms: tuple[Arm, ...] = ()
    if against:
        arms = (Arm(name="base", target=against.url), Arm(name="head", target=target, commit=request.revision.commit))
    return nullcontext(loadtest.Sides(target=target, starts=starts, arms=arms, seed=seed))


def ab_policy(budget_file: BudgetFile, request: RunRequest) -> AbPolicy:
    """What was asked for, else what the budget file says. Nothing restarts outside `--base-ref`."""
    against, policy = request.against, budget_file.gate.ab
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
    if not any(endpoint.weight for endpoint in plan.endpoints) and not any(journey.weight for journey in plan.journeys):
        return None
    path = folder / SCENARIO
    codec.write_text(path, scenarios.generate(plan, scenario=path))
    return path


def verdict_to_confirm(request: RunRequest, budget_file: BudgetFile) -> Verdict | None:
    """Raises RecordError when it cannot be read, UsageError when it is not of this budget file."""
    if request.confirm is None:
        return None
    path = request.confirm / run_folder.VERDICT if request.confirm.is_dir() else request.confirm
    earlier = codec.read(Verdict, path)
    if earlier.name != budget_file.name:
        raise UsageError(
            f"--confirm {request.confirm}: that run is of {earlier.name}, not of {budget_file.name}",
            hint="Give the run folder (or the verdict.json) of an earlier run of the same budget file.",
            code="PG-U004",
        )
    return earlier


def should_save(request: RunRequest, budget_file: BudgetFile, reporter: ProgressReporter) -> bool:
    if request.save is not None:
        return request.save
    reason = eligibility.why_not(request.environ, budget_file.gate.baseline.branch)
    if reason:
        reporter.say(note("PG-H015", f"Not added to the history: {reason}."))
    return not reason


def save_or_warn(store: history.History, past: PastRun, reporter: ProgressReporter) -> str:
    """Adds the run to the history. A store that cannot be written changes no verdict: then this is what to say of it,
    where the verdict is told, for a baseline that stays behind must not do so in silence."""
    try:
        store.save(past)
    except HistoryError as error:
        reporter.say(note(error.code or "PG-H014", f"Not added to the history: {error}"))
        return (
            "This run is not in the history, so later ones are not compared with it: "
            f"{one_line(error.message, LONGEST_REASON)}. The job's log says what to do; `perfgate history add` adds it."
        )
    return ""


def history_url(budget_file: BudgetFile, request: RunRequest) -> str:
    return request.history or template.expand(budget_file.history, request.environ)


def circumstances(request: RunRequest, plan: Plan, sides: loadtest.Sides) -> measure.Circumstances:
    return measure.Circumstances(
        run_id=request.run_id,
        target=sides.target,
        revision=request.revision,
        runner=machine.runner(),
        clock=machine.CLOCK if plan.client == "fast" else machine.USER_SPACE,
        versions=request.versions,
        processes=request.fleet.workers if request.fleet else request.processes,
        arms=sides.arms,
        host=loadtest.host_of(sides),
        file=repository_path(request.budget),
    )


def past_run(run: Run, verdict: Verdict) -> PastRun:
    """A run as the history keeps it."""
    failed = [(finding.endpoint, finding.metric) for finding in verdict.findings if finding.outcome in NEVER_A_BASELINE]
    return PastRun(run=run, outcome=verdict.outcome, failed=tuple(failed), acceptances=verdict.acceptances)
