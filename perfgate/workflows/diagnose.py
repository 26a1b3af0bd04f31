"""The diagnosis of a run: what failed is sent again, alone and under load, on base and head where both are at hand.

It costs nothing when it fails: what it could not learn is a warning, and the verdict stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from urllib.parse import urlsplit

from perfgate import loadtest, scenarios
from perfgate.diagnose import explaining, profiling, rules, second_pass
from perfgate.diagnose.codes import language_of
from perfgate.diagnose.facts import PassFacts
from perfgate.diagnose.probes import ELSEWHERE, Prober, ProcessProbe, WaitProbe, answers_elsewhere, programs
from perfgate.diagnose.profile import ProfileFacts
from perfgate.diagnose.profiling import Profiles
from perfgate.diagnose.replaying import Replayer
from perfgate.diagnose.rules import RunMovement
from perfgate.diagnose.second_pass import DiagnosedSubject, PassSettings, PassSide
from perfgate.files import codec
from perfgate.middleware.secret import HEADER, VARIABLE
from perfgate.model.budget_file import BudgetFile, Endpoint, LoadProfile, Send
from perfgate.model.diagnosis import Diagnosis
from perfgate.model.errors import DiagnosisError
from perfgate.runner.reference.bursts import ReferenceBursts
from perfgate.text.notes import note
from perfgate.text.redaction import redactor
from perfgate.workflows import choosing, probing
from perfgate.workflows.tracing import Tracing, tracing, with_traces

FOLDER = "diagnose"  # in the run folder: scenarios and logs of the second pass
ASSUMED_LATENCY_S = 0.1  # s: by which a number of users is taken for a rate
NO_PROFILES, NO_FACTS = Profiles(), ProfileFacts()
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
    movements: Mapping[str, RunMovement] = field(default_factory=dict)  # of the run that failed, by endpoint


def diagnose(request: DiagnosisRequest, say: Say) -> Diagnosis:
    """Raises PerfgateError when there is nothing to learn, or it could not be learnt."""
    folder = request.folder / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    warnings: list[str] = []
    subjects = list(_subjects(request, folder, warnings))
    endpoints = [subject.endpoint for subject in subjects if subject.endpoint in request.wanted]
    if not endpoints:
        raise DiagnosisError("; ".join(warnings) or "Nothing failed that a second pass could explain.", code="PG-X004")
    policy = request.budget_file.diagnose
    redact = redactor(scenarios.secrets(scenarios.plan(request.budget_file)), request.environ)
    say(f"Diagnosis: {', '.join(endpoints)}, {policy.seconds:g} s")
    with (
        tracing(policy.traces, request.environ, warnings, is_own=bool(request.sides.starts)) as traces,
        _sides(request, folder, warnings, traces) as sides,
        Replayer(
            environ=request.environ, log=folder / "replay.log", names=policy.server_timing, redact=redact
        ) as replayer,
    ):
        service = request.sides.starts[0].service if request.sides.starts else None
        settings = PassSettings(
            seconds=policy.seconds,
            canary=service.ready if service else "",
            max_rate=_rate(request.budget_file.load, is_own=service is not None),
            is_own=service is not None,
            reference=ReferenceBursts() if service else tuple,
            traces=traces.prefix,
        )
        observed = second_pass.observe(subjects, sides, replayer, settings)
        traces.collect(observed)
        evidence = traces.join(observed)
        profiler = profiling.Profiler(replayer, folder)
        profiles = profiling.add_profiles(observed, subjects, sides, profiler, _profiled(request, observed, sides))
        warnings += profiles.warnings
    return with_traces(_diagnosis(request, observed, sides, warnings, profiles), evidence)


def _profiled(
    request: DiagnosisRequest, observed: second_pass.Pass, sides: Sequence[PassSide]
) -> profiling.ProfileRequest:
    written = request.budget_file.diagnose.profile
    return profiling.ProfileRequest(
        endpoints=profiling.endpoints_to_profile(
            written,
            request.wanted,
            lambda: _diagnosis(request, observed, sides),
            choosing.leaking(observed, language_of(sides[-1].programs)),
        ),
        blocking={key for key, seen in observed.seen.items() if seen.samples and rules.delays_others(seen.facts())},
        profiler=written,
    )


def _rate(load: LoadProfile, *, is_own: bool) -> float:
    """Requests per second that the target gets from the load: a diagnosis sends no more, for a queue that only it makes
    explains nothing. Users of the closed model send as many as they can."""
    level = max(stage.level for stage in load.stages)
    if load.model == "open":
        return level
    return inf if is_own else level / ASSUMED_LATENCY_S


def _diagnosis(
    request: DiagnosisRequest,
    observed: second_pass.Pass,
    sides: Sequence[PassSide],
    warnings: Sequence[str] = (),
    profiles: Profiles = NO_PROFILES,
) -> Diagnosis:
    of = observed.seen
    both = len(sides) > 1
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
            context = explaining.CaseContext(
                control=_control_facts(request, of, endpoint) if both else None,
                movement=request.movements.get(endpoint),
                usual_functions=profiles.facts.get((request.control, "head"), NO_FACTS).functions,
                language=language_of(sides[-1].programs),
            )
            diagnosed = explaining.explain(endpoint, metric, head, base, context)
            files: dict[str, str] = {
                side: f"{FOLDER}/{file}" for (name, side), file in profiles.files.items() if name == endpoint
            }
            findings.append(replace(diagnosed, profiles=files))
    arms = request.sides.arms
    return Diagnosis(
        run=request.run_id,
        findings=tuple(findings),
        base=(arms[0].ref or arms[0].target) if arms else "",
        control=request.control,
        warnings=tuple(note("PG-X005", text) for text in dict.fromkeys(doubts)),
    )


def _control_facts(
    request: DiagnosisRequest, seen: Mapping[tuple[str, second_pass.Name], second_pass.PassRecord], endpoint: str
) -> tuple[PassFacts, PassFacts] | None:
    """Base and head of the control. Where every endpoint failed and the service is not perfgate's own, so that nothing
    else shows the machine, it is the quickest of the others."""
    names = [request.control] if request.control else []
    if not names and not request.sides.starts:
        names = [name for name in request.wanted if name != endpoint]
    pairs = [
        (seen[name, "base"].facts(), seen[name, "head"].facts())
        for name in names
        if (name, "base") in seen and seen[name, "base"].samples and seen[name, "head"].samples
    ]
    return min(pairs, key=lambda pair: pair[0].alone or inf, default=None)


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
    """Makes its requests ask perfgate's middleware for timings, where there is a secret to ask with."""
    if not environ.get(VARIABLE):
        return budget_file

    def asking(endpoint: Endpoint) -> Endpoint:
        if endpoint.request is None:
            return endpoint
        headers = {**endpoint.request.headers, HEADER: f"${{{VARIABLE}}}"}
        return replace(endpoint, request=replace(endpoint.request, headers=headers))

    return replace(budget_file, endpoints=tuple(map(asking, budget_file.endpoints)))


@contextmanager
def _sides(
    request: DiagnosisRequest, folder: Path, warnings: list[str], traces: Tracing
) -> Iterator[tuple[PassSide, ...]]:
    """Base and head, or the target alone, with their services running and their probes open."""
    planned = request.sides
    starts = [traces.with_tracing(replace(start, log=folder / start.log.name)) for start in planned.starts]
    secrets = scenarios.secrets(scenarios.plan(request.budget_file))
    with loadtest.running(starts, secrets) as services, ExitStack() as stack:
        shared = tuple(probing.open_probers(request.budget_file.diagnose, request.environ, stack, warnings))
        sides: list[PassSide] = []
        for name, target in zip(("base", "head") if planned.arms else ("head",), planned.targets, strict=True):
            loadtest.check_up(target, request.environ)
            port = urlsplit(target).port or 0
            pid = services.pid(port)
            if pid and answers_elsewhere(pid, port):
                pid = None
                warnings.append(ELSEWHERE.format(port=port))
            own = tuple(_of_service(pid, request, stack, traces)) if pid else ()
            each = probing.open_probers(request.budget_file.diagnose, request.environ, stack, warnings, target)
            probes = (*own, *each, *shared)
            answering = tuple(programs(pid, port)) if pid else ()
            sides.append(PassSide(name=name, target=target, probes=probes, pid=pid or 0, programs=answering))  # type: ignore[arg-type]
        yield tuple(sides)


def _of_service(pid: int, request: DiagnosisRequest, stack: ExitStack, traces: Tracing) -> Iterator[Prober]:
    """What can be seen of a service that perfgate has started."""
    yield ProcessProbe(pid)
    with suppress(OSError, AttributeError):  # not every system tells of sockets
        probe = WaitProbe(pid, probing.named_ports(request.budget_file.diagnose, request.environ), traces.ports)
        stack.callback(probe.close)
        yield probe
