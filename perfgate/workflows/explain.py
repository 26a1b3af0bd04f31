"""Why: the second pass of `diagnose`, after a run in which something failed, or for one endpoint without a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from perfgate import budgets, loadtest
from perfgate.files import codec, run_folder
from perfgate.model.diagnosis import Diagnosis
from perfgate.model.errors import PerfgateError, UsageError
from perfgate.model.metric import LATENCY_QUANTILES
from perfgate.model.run import PastRun, Run
from perfgate.model.verdict import Verdict
from perfgate.text.notes import note
from perfgate.workflows import choosing
from perfgate.workflows import diagnose as diagnosing
from perfgate.workflows.steps import bases, resolving, sending
from perfgate.workflows.steps.request import ProgressReporter, RunRequest
from perfgate.workflows.steps.resolving import LoadSpec, Mode, RunSpec

SPLIT_METRICS = (*LATENCY_QUANTILES, "mean")  # that can be split into layers


def explain_run(
    spec: RunSpec,
    run: Run,
    past_runs: Sequence[PastRun],
    verdict: Verdict,
    sides: loadtest.Sides,
    reporter: ProgressReporter,
) -> None:
    """Writes diagnosis.json where something failed that a page's views or a second pass may explain. The verdict
    stands without it."""
    chosen = choosing.metrics_to_explain(verdict, passing_too=spec.diagnose is True)
    pages, path = choosing.pages(verdict, run, past_runs), spec.context.folder / run_folder.DIAGNOSIS
    if pages:
        codec.write(Diagnosis(run=run.id, findings=pages), path)
    if not chosen:
        return
    try:
        diagnosis = _diagnose(spec.load, run, past_runs, chosen, sides, reporter)
        codec.write(replace(diagnosis, findings=(*pages, *diagnosis.findings)), path)
    except PerfgateError as error:
        reporter.say(note(error.code or "PG-X005", f"No diagnosis: {error}"))
    except Exception as error:  # noqa: BLE001 - whatever it was, it must not cost the verdict
        reporter.say(note("PG-X005", f"No diagnosis: {type(error).__name__}: {error}"))


def explain_endpoint(request: RunRequest, reporter: ProgressReporter, endpoint: str, metric: str) -> Diagnosis:
    """One endpoint without a load test. Raises PerfgateError."""
    budget_file = budgets.read(request.budget, request.context.environ)
    known = [item.name for item in budget_file.endpoints if item.request is not None]
    if endpoint not in known:
        raise UsageError(
            f"There is no endpoint {endpoint!r} to send", hint=f"Known: {', '.join(known)}", code="PG-U007"
        )
    spec = resolving.resolve_load(request, budget_file)
    if request.against and spec.mode is Mode.HISTORY:
        raise resolving.no_service()
    if spec.mode is Mode.MERGE_BASE:
        base = bases.at_merge_base(budget_file, spec.context.environ, reporter.say)
        spec = replace(spec, base=base)
    run_folder.make(spec.context.folder, spec.context.root)
    with sending.sides_of(spec, reporter) as sides:
        return _diagnose(spec, None, (), {endpoint: metric}, sides, reporter)


def _diagnose(
    spec: LoadSpec,
    run: Run | None,
    past_runs: Sequence[PastRun],
    chosen: dict[str, str],
    sides: loadtest.Sides,
    reporter: ProgressReporter,
) -> Diagnosis:
    request = diagnosing.DiagnosisRequest(
        budget_file=spec.budget_file,
        sides=sides,
        wanted=chosen,
        control=choosing.control(spec.budget_file, run, chosen),
        run_id=spec.context.run_id,
        folder=spec.context.folder,
        environ=spec.context.environ,
        movements=choosing.movements(run, past_runs, chosen) if run else {},
    )
    return diagnosing.diagnose(request, reporter.say)
