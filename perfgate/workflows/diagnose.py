"""The diagnosis of a run: what failed is sent again, alone and under load, on base and head where both are at hand.

It costs nothing when it fails: what it could not learn is a warning, and the verdict stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from urllib.parse import urlsplit

from perfgate import loadtest, scenarios
from perfgate.diagnose import explaining, second_pass
from perfgate.diagnose.attribution import QUANTILES
from perfgate.diagnose.probes import BY_KEY, Prober, ProcessProbe
from perfgate.diagnose.replaying import Replayer
from perfgate.diagnose.second_pass import DiagnosedSubject, PassSide
from perfgate.files import codec
from perfgate.middleware.secret import HEADER, VARIABLE
from perfgate.model.budget_file import BudgetFile, Endpoint, LoadProfile, Send
from perfgate.model.diagnosis import Diagnosis
from perfgate.model.errors import DiagnosisError, PerfgateError
from perfgate.model.outcome import Outcome
from perfgate.model.run import Run
from perfgate.model.verdict import Verdict
from perfgate.text import template
from perfgate.text.notes import note

MOST = 3  # endpoints in one diagnosis
FOLDER = "diagnose"  # in the run folder: scenarios and logs of the second pass
EXPLAINED = (*QUANTILES, "mean", "max", "ttfb_p95", "size")  # metrics whose cause the second pass can see
LATENCY = 0.1  # s: by which a number of users is taken for a rate
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class DiagnosisRequest:
    """What to look at: `wanted` maps endpoints to the metric that is split; the services start anew for it."""

    budget_file: BudgetFile
    sides: loadtest.Sides
    wanted: Mapping[str, str]
    control: str  # an endpoint that is not wanted; empty: there is none
    run_id: str
    folder: Path  # of the run
    environ: Mapping[str, str]


def wanted(verdict: Verdict, *, passing_too: bool = False) -> dict[str, str]:
    """Endpoint -> metric, of the failures that can be explained, worst first; with `passing_too`, of what got worst
    where nothing failed."""
    failed = [item for item in verdict.findings if item.outcome is Outcome.FAIL and item.metric in EXPLAINED]
    if not failed and passing_too:
        judged = [item for item in verdict.findings if item.metric in EXPLAINED]
        failed = sorted(judged, key=lambda item: -(item.change or 0.0))
    metrics: dict[str, str] = {}
    for finding in failed:
        metrics.setdefault(finding.endpoint, finding.metric if finding.metric in (*QUANTILES, "mean") else "p95")
    return dict(list(metrics.items())[:MOST])


def control(budget_file: BudgetFile, run: Run | None, chosen: Mapping[str, str]) -> str:
    """The quickest endpoint that is sent by itself and did not fail: it moves only when the machine does. Without a
    run, the first."""
    alone = [
        endpoint.name
        for endpoint in budget_file.endpoints
        if endpoint.request and endpoint.weight and not endpoint.login
    ]
    if run is None:
        return next((name for name in alone if name not in chosen), "")
    known = [
        endpoint
        for endpoint in run.endpoints
        if endpoint.name in alone and endpoint.name not in chosen and "p50" in endpoint.metrics
    ]
    return min(known, key=lambda item: item.metrics["p50"]).name if known else ""


def diagnose(request: DiagnosisRequest, say: Say) -> Diagnosis:
    """Raises PerfgateError when there is nothing to learn, or it could not be learnt."""
    folder = request.folder / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    warnings: list[str] = []
    subjects = list(_subjects(request, folder, warnings))
    names = [subject.endpoint for subject in subjects]
    if not [name for name in names if name in request.wanted]:
        raise DiagnosisError("; ".join(warnings) or "Nothing failed that a second pass could explain.", code="PG-X004")
    policy = request.budget_file.diagnose
    say(f"Diagnosis: {', '.join(name for name in names if name in request.wanted)}, {policy.seconds:g} s")
    with (
        _sides(request, folder, warnings) as sides,
        Replayer(environ=request.environ, log=folder / "replay.log", names=policy.server_timing) as replayer,
    ):
        service = request.sides.starts[0].service if request.sides.starts else None
        canary = service.ready if service else ""
        most, is_own = _rate(request.budget_file.load, is_own=service is not None), service is not None
        observed = second_pass.observe(
            subjects, sides, replayer, seconds=policy.seconds, canary=canary, most_rate=most, is_own=is_own
        )
    return _diagnosis(request, observed, [side.name for side in sides], warnings)


def _rate(load: LoadProfile, *, is_own: bool) -> float:
    """Requests per second that the target gets from the load: a diagnosis sends no more, for a queue that only it makes
    explains nothing. Users of the closed model send as many as they can."""
    level = max(stage.level for stage in load.stages)
    if load.model == "open":
        return level
    return inf if is_own else level / LATENCY


def _diagnosis(
    request: DiagnosisRequest, observed: second_pass.Pass, sides: Sequence[second_pass.Name], warnings: Sequence[str]
) -> Diagnosis:
    of = observed.seen
    both = "base" in sides
    control = None
    if both and (request.control, "head") in of:
        control = of[request.control, "base"].facts(), of[request.control, "head"].facts()
    findings = []
    doubts = [*warnings, *observed.warnings]
    for endpoint, metric in request.wanted.items():
        if (endpoint, "head") not in of:
            continue
        head, base = of[endpoint, "head"], of[endpoint, "base"] if both else None
        for side, item in (("head", head), ("base", base)):
            if item is not None and not item.samples:
                reason = next(iter(item.failures()), "no answer came")
                doubts.append(f"{endpoint} could not be diagnosed: on the {side} every request failed ({reason})")
        if head.samples and (base is None or base.samples):
            findings.append(explaining.diagnosed(endpoint, metric, head, base, control))
    arms = request.sides.arms
    return Diagnosis(
        run=request.run_id,
        findings=tuple(findings),
        base=(arms[0].ref or arms[0].target) if arms else "",
        control=request.control,
        warnings=tuple(note("PG-X005", text) for text in dict.fromkeys(doubts)),
    )


def _subjects(request: DiagnosisRequest, folder: Path, warnings: list[str]) -> Iterator[DiagnosedSubject]:
    """A scenario for each endpoint, which sends little else."""
    with_header = _with_header(request.budget_file, request.environ)
    for number, name in enumerate([*request.wanted, *filter(None, [request.control])]):
        only = _sent_alone(request.budget_file, name)
        if not only:
            warnings.append(f"{name} cannot be sent again by itself: only endpoints of the budget file can")
            continue
        plan = scenarios.plan(with_header, [only])
        path = folder / f"scenario_{number}.py"
        codec.write_text(path, scenarios.generate(plan, scenario=path))
        yield DiagnosedSubject(endpoint=name, scenario=str(path.resolve()))


def _sent_alone(budget_file: BudgetFile, name: str) -> str:
    """The endpoint itself, or a journey with it; empty where there is neither."""
    endpoint = next((item for item in budget_file.endpoints if item.name == name and item.request), None)
    if endpoint is None:
        return ""
    if endpoint.weight:
        return name
    return next(
        (journey.name for journey in budget_file.journeys if journey.weight and Send(endpoint=name) in journey.steps),
        "",
    )


def _with_header(budget_file: BudgetFile, environ: Mapping[str, str]) -> BudgetFile:
    """Its requests ask perfgate's middleware for timings, where there is a secret to ask with."""
    if not environ.get(VARIABLE):
        return budget_file

    def asking(endpoint: Endpoint) -> Endpoint:
        if endpoint.request is None:
            return endpoint
        headers = {**endpoint.request.headers, HEADER: f"${{{VARIABLE}}}"}
        return replace(endpoint, request=replace(endpoint.request, headers=headers))

    return replace(budget_file, endpoints=tuple(map(asking, budget_file.endpoints)))


@contextmanager
def _sides(request: DiagnosisRequest, folder: Path, warnings: list[str]) -> Iterator[tuple[PassSide, ...]]:
    """Base and head, or the target alone, with their services running and their probes open."""
    planned = request.sides
    starts = [replace(start, log=folder / start.log.name) for start in planned.starts]
    with loadtest.running(starts) as services, ExitStack() as stack:
        shared = tuple(_opened(request, stack, warnings))
        sides: list[PassSide] = []
        for name, target in zip(("base", "head") if planned.arms else ("head",), planned.targets, strict=True):
            loadtest.check_up(target, request.environ)
            pid = services.pid(urlsplit(target).port or 0)
            own = (ProcessProbe(pid),) if pid else ()
            sides.append(PassSide(name=name, target=target, probes=(*own, *shared)))  # type: ignore[arg-type]
        yield tuple(sides)


def _opened(request: DiagnosisRequest, stack: ExitStack, warnings: list[str]) -> Iterator[Prober]:
    """The probes that the budget file names; one that cannot be opened is a warning."""
    policy = request.budget_file.diagnose
    for key, written in (("postgres", policy.postgres), ("redis", policy.redis)):
        try:
            url = template.expand(written, request.environ)
            if url:
                probe = BY_KEY[key](url)
                stack.callback(probe.close)
                yield probe
        except PerfgateError as error:
            warnings.append(str(error))
        except template.TemplateError as error:
            warnings.append(f"diagnose.{key}: {error}")
