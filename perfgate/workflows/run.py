"""perfgate on one page: each line takes what the line before it made. The stages act; cli/ picks the exit code."""

from __future__ import annotations

from dataclasses import dataclass, replace

from perfgate import budgets, gate, history, loadtest, measure, report
from perfgate.files import codec, reserving, run_folder
from perfgate.history import History
from perfgate.model.budget_file import GatePolicy
from perfgate.model.errors import BaseError, HistoryError, PerfgateError, RecordError, UsageError
from perfgate.model.metric import METRICS
from perfgate.model.note import Note
from perfgate.model.outcome import Outcome
from perfgate.model.report import Report
from perfgate.model.run import LoadTest, PastRun, Run
from perfgate.model.verdict import Verdict
from perfgate.report import words
from perfgate.text.notes import note
from perfgate.text.sanitize import one_line
from perfgate.workflows.steps import baselines, bases, judging, resolving, sending, viewing
from perfgate.workflows.steps.baselines import RememberedRuns
from perfgate.workflows.steps.request import ProgressReporter, RunRequest
from perfgate.workflows.steps.resolving import Mode, RunSpec

CONFIRMABLE = "--confirm names the run folder (or the verdict.json) of an earlier run of the same budget file."
MAX_REASON_CHARS = 300  # of why a run was not compared with the base, or not added to the history


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """What came of it. An interrupted run is measured as far as it got, but never judged nor remembered."""

    run: Run
    policy: GatePolicy
    past_runs: tuple[PastRun, ...] = ()
    verdict: Verdict | None = None
    report: Report | None = None


RunAndVerdict = tuple[Run, Verdict | None]


def run(request: RunRequest, reporter: ProgressReporter) -> RunResult:
    """The whole pipeline. Raises PerfgateError for whatever keeps it from a verdict."""
    budget_file = budgets.read(request.budget, request.context.environ)
    return execute(resolving.resolve(request, budget_file), reporter)


def execute(spec: RunSpec, reporter: ProgressReporter) -> RunResult:
    context, earlier = spec.context, _verdict_to_confirm(spec)
    access = {**context.environ, **context.access}
    with (
        reserving.reserve(context.folder, context.root),
        history.open(spec.history, root=context.root, environ=access, say=reporter.say) as store,
    ):
        # before the load: an unreadable history is no news to wait for
        past = baselines.read_past_runs(store, spec.budget_file, context.environ)
        spec = resolving.with_branch(spec, past.budget_file)
        (measured, verdict), notes = _measure_beside_base(spec, past, earlier, reporter)
        codec.write(measured, context.folder / run_folder.RUN)
        if verdict is None:
            return RunResult(run=measured, policy=spec.budget_file.gate, past_runs=past.recent)
        if measured.pages:
            measured = viewing.without_traces(spec.load, measured, verdict)
            codec.write(measured, context.folder / run_folder.RUN)
        verdict = baselines.with_runs_elsewhere(verdict, measured, store, spec.budget_file, context.environ)
        verdict = replace(verdict, notes=(*notes, *verdict.notes), is_saved=bool(spec.save))
        codec.write(verdict, context.folder / run_folder.VERDICT)
        verdict = _save(spec, measured, verdict, store, reporter)
        built = report.build(verdict, measured, past.recent, context.folder, charts=report.has_news(verdict))
    return RunResult(run=measured, policy=spec.budget_file.gate, past_runs=past.recent, verdict=verdict, report=built)


def _verdict_to_confirm(spec: RunSpec) -> Verdict | None:
    """Raises RecordError when it cannot be read, UsageError when it is not of this budget file or commit."""
    if spec.confirm is None:
        return None
    path = spec.confirm / run_folder.VERDICT if spec.confirm.is_dir() else spec.confirm
    try:
        earlier = codec.read(Verdict, path)
    except RecordError as error:
        error.hint = error.hint or CONFIRMABLE
        raise
    if earlier.name != spec.budget_file.name:
        raise UsageError(
            f"--confirm {spec.confirm}: that run is of {earlier.name}, not of {spec.budget_file.name}",
            hint=CONFIRMABLE,
            code="PG-U004",
        )
    run, commit = path.parent / run_folder.RUN, spec.context.revision.commit
    if run.is_file() and commit and codec.read(Run, run).commit not in ("", commit):
        raise UsageError(
            f"--confirm {spec.confirm}: that run is of another commit, and says nothing of this one's failures",
            hint="Give an earlier run of the same commit.",
            code="PG-U004",
        )
    return earlier


def _measure_beside_base(
    spec: RunSpec, past: RememberedRuns, earlier: Verdict | None, reporter: ProgressReporter
) -> tuple[RunAndVerdict, tuple[Note, ...]]:
    """The run and its verdict, and for people why it is not compared with the base that `--base-ref auto` looks for."""
    if spec.load.mode is not Mode.MERGE_BASE:
        return _measure(spec, past, earlier, reporter), ()
    try:
        base = bases.at_merge_base(spec.budget_file, spec.context.environ, reporter.say)
        if base is not None:
            return _measure(resolving.with_base(spec, base), past, earlier, reporter), ()
    except (BaseError, UsageError) as error:
        reporter.say(note("PG-C010", f"Compared with the history, not with the base: {error}"))
        why = f"Compared with the history, not with the base: {_reason(error)}"
        return _measure(resolving.without_base(spec), past, earlier, reporter), (note("PG-C010", why),)
    reporter.say("Compared with the history: this checkout is the base itself.")
    return _measure(resolving.without_base(spec), past, earlier, reporter), ()


def _reason(error: PerfgateError) -> str:
    """One line for the report: what happened and what to do, without logs and their places, which the console has."""
    advice = error.hint.splitlines() if isinstance(error, UsageError) else error.hint.splitlines()[1:]
    return one_line(" ".join([error.message.partition("\n")[0], *advice]), MAX_REASON_CHARS)


def _measure(spec: RunSpec, past: RememberedRuns, earlier: Verdict | None, reporter: ProgressReporter) -> RunAndVerdict:
    """The load, as long as it takes to decide, and why something failed; no verdict where it was interrupted."""
    plan = spec.load.plan
    with sending.sides_of(spec.load, reporter) as sides:
        facts = sending.circumstances(spec.load, sides)
        for remark in spec.remarks:
            reporter.say(remark)
        _say_duration(spec, past, sides, reporter)

        def is_decided(load_test: LoadTest) -> bool:
            return _is_decided(spec, _run_of(load_test, spec, facts), past, reporter)

        viewing.check_browser(spec.load)
        run: Run | None = None
        if plan.is_sending:
            looks = loadtest.InterimLooks(times=spec.look_times, decided=is_decided)
            loaded = viewing.PagesUnderLoad(spec.load, sides, reporter.say)
            load_test = sending.send(spec.load, sides, reporter, looks=looks, beside=loaded.beside)
            run = _run_of(load_test, spec, facts)
            codec.write(run, spec.context.folder / run_folder.RUN)  # whatever ends the pages: what was sent stays
            run = loaded.add_to(run)
            if not run.interrupted:
                run = _count_alone(run, spec, sides, reporter)
            codec.write(run, spec.context.folder / run_folder.RUN)
        if run is None or (viewing.pages_apart(spec.load) and not run.interrupted):
            run = viewing.with_pages(spec.load, sides, facts, run, reporter.say)
        codec.write(run, spec.context.folder / run_folder.RUN)  # whatever ends the second pass: what was measured stays
        verdict = None if run.interrupted else _verdict(spec, run, past, earlier)
        if spec.diagnose is not False and verdict:  # here base and head are still set up
            _explain(spec, run, past, verdict, sides, reporter)
    return run, verdict


def _count_alone(run: Run, spec: RunSpec, sides: loadtest.Sides, reporter: ProgressReporter) -> Run:
    """The run, with what its budgets limit and only a pass of its own can count."""
    limited = {budget.metric for budget in judging.budgets_of(spec.budget_file, run, spec.only)}
    if not any(metric.is_counted for name, metric in METRICS.items() if name in limited):
        return run
    from perfgate.workflows import solo_pass  # late: with all the probes, for few runs

    return solo_pass.count_alone(run, spec, sides, reporter.say)


def _explain(
    spec: RunSpec, run: Run, past: RememberedRuns, verdict: Verdict, sides: loadtest.Sides, reporter: ProgressReporter
) -> None:
    """Finds out why something failed, or what got worst where that is requested."""
    if spec.diagnose or any(finding.outcome is Outcome.FAIL for finding in verdict.findings):
        from perfgate.workflows import explain  # late: with all the probes and rules, for few runs

        explain.explain_run(spec, run, past.recent, verdict, sides, reporter)


def _say_duration(spec: RunSpec, past: RememberedRuns, sides: loadtest.Sides, reporter: ProgressReporter) -> None:
    if len(spec.look_times) > 1:
        plan = spec.load.plan
        usual = gate.time_to_decide(past.recent, plan.digests.load, side_by_side=bool(sides.arms))
        planned = sum(stage.duration for stage in plan.load.stages)
        reporter.say(words.expected(planned, spec.look_times[-1] * planned, usual))


def _run_of(load_test: LoadTest, spec: RunSpec, facts: measure.Circumstances) -> Run:
    """Measures, with how often the run may be looked at, and by how much it was prolonged."""
    planned = sum(stage.duration for stage in spec.load.plan.load.stages)
    measured = measure.measure(load_test, spec.load.plan, facts)
    looks = len(spec.look_times)
    return replace(measured, looks=looks, prolonged=max(0.0, measured.duration - planned) if looks > 1 else 0.0)


def _is_decided(spec: RunSpec, run: Run, past: RememberedRuns, reporter: ProgressReporter) -> bool:
    """Whether nothing is left that the time to spare would probably decide; else says what."""
    times, planned = spec.look_times, sum(stage.duration for stage in spec.load.plan.load.stages)
    sent = round(run.duration / planned)
    undecided = gate.decidable(_first_verdict(spec, run, past), sent, times[-1])
    if not undecided:
        return True
    longer = next(number for number in times if number > sent)
    reporter.say(words.prolonged(undecided, (longer - sent) * planned, run.duration))
    return False


def _first_verdict(spec: RunSpec, run: Run, past: RememberedRuns) -> Verdict:
    """Verdict by budgets and baseline alone."""
    return judging.judge(spec.budget_file, run, past.recent, spec.only, past.anchored)


def _verdict(spec: RunSpec, run: Run, past: RememberedRuns, earlier: Verdict | None) -> Verdict:
    """Verdict with the earlier run that must confirm a failure, and what was accepted."""
    verdict = _first_verdict(spec, run, past)
    if earlier:
        verdict = gate.confirm(verdict, earlier)
    return judging.accepted(verdict, run, spec.budget_file, past.recent, spec.context.claims)


def _save(spec: RunSpec, run: Run, verdict: Verdict, store: History, reporter: ProgressReporter) -> Verdict:
    """Adds the run to the history, if it may be. A store that cannot be written changes no outcome, but the verdict
    says so: a baseline must not stay behind in silence."""
    if spec.why_not_saved:
        reporter.say(note("PG-H015", f"Not added to the history: {spec.why_not_saved}."))
    if not spec.save:
        return verdict
    try:
        store.save(judging.past_round(run, verdict) if spec.is_round else judging.past_run(run, verdict))
    except KeyboardInterrupt:
        text = f"Interrupted while this run was added to the history: `perfgate history add {run.id}` makes sure of it."
        reporter.say(note("PG-H014", text))
        raise
    except HistoryError as error:
        reporter.say(note(error.code or "PG-H014", f"Not added to the history: {error}"))
        text = (
            "This run is not in the history, so later ones are not compared with it: "
            f"{one_line(error.message, MAX_REASON_CHARS)}. "
            "The job's log says what to do; `perfgate history add` adds it."
        )
        verdict = replace(verdict, notes=(note("PG-H014", text), *verdict.notes), is_saved=False)
        codec.write(verdict, spec.context.folder / run_folder.VERDICT)
    return verdict
