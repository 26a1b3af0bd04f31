"""The second pass: each endpoint alone and under load, on base and head in turn, with probes beside it.

Its numbers explain; they are never judged. Rounds alternate between the sides, so that what changes slowly on the
machine is in both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from statistics import median
from typing import Literal

from perfgate.diagnose import blindness
from perfgate.diagnose.blindness import ProbeSight
from perfgate.diagnose.facts import PassFacts, ProbeCounts
from perfgate.diagnose.partition import ReplaySample
from perfgate.diagnose.probes import Prober, WaitProbe, key_of, merged
from perfgate.diagnose.profile import ProfileFacts
from perfgate.diagnose.replaying import Answer, Replayer, ReplayRequest
from perfgate.diagnose.summing import facts
from perfgate.model.errors import DiagnosisError

Name = Literal["base", "head"]
LOAD_USERS = 4  # under load
ROUNDS = {1: 3, 2: 4}  # by number of sides
MIN_PHASE_S = 0.25  # s of a phase
IDLE_S = 0.3  # s of the canary alone
MIN_PAUSE_S, MAX_PAUSE_S = 0.002, 1.0  # s
MEMORY_NOISE_BYTES = 500_000  # bytes by which any process grows: few requests show no leak
MIN_SLOWDOWN_RATIO = 1.5  # times as long as the base alone: then the pauses are the head's own


@dataclass(frozen=True, kw_only=True)
class PassSide:
    name: Name
    target: str
    probes: tuple[Prober, ...] = ()
    pid: int = 0  # of the process above those of the service; 0: it is not perfgate's own
    programs: tuple[str, ...] = ()  # file names of what answers there, as far as it is known


@dataclass(frozen=True, kw_only=True)
class DiagnosedSubject:
    """An endpoint to send again, by a scenario that sends little else."""

    endpoint: str
    scenario: str


@dataclass(kw_only=True)
class PassRecord:
    """What one side's endpoint has shown so far."""

    answers: list[Answer] = field(default_factory=list)
    canary_idle: list[float] = field(default_factory=list)
    canary_loaded: list[float] = field(default_factory=list)
    reference: list[Sequence[tuple[float, float]]] = field(default_factory=list)  # of each round
    counts: list[ProbeCounts] = field(default_factory=list)
    counts_loaded: list[ProbeCounts] = field(default_factory=list)
    growths: list[tuple[float, int]] = field(default_factory=list)  # of its processes, bytes beside so many requests
    profiled: ProfileFacts = field(default_factory=ProfileFacts)

    @property
    def samples(self) -> tuple[ReplaySample, ...]:
        return tuple(sample for answer in self.answers for sample in answer.samples)

    def failures(self) -> Mapping[str, int]:
        totals: dict[str, int] = {}
        for answer in self.answers:
            for reason, count in answer.failures.items():
                totals[reason] = totals.get(reason, 0) + count
        return totals

    @property
    def growth(self) -> float | None:
        """Bytes per request that its processes grew by over all phases but those of the first round: a heap grows in
        steps, and not in each phase."""
        requests = sum(number for _, number in self.growths)
        return sum(size for size, _ in self.growths) / requests if requests else None

    def facts(self) -> PassFacts:
        known = facts(
            self.samples,
            self.canary_idle,
            self.canary_loaded,
            merged(self.counts),
            merged(self.counts_loaded),
            self.reference,
        )
        return replace(known, **vars(self.profiled))


@dataclass(kw_only=True)
class Pass:
    """`warnings` are what could not be learnt; a probe that fails once is left out from then on."""

    seen: dict[tuple[str, Name], PassRecord] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    broken: set[int] = field(default_factory=set)
    sight: ProbeSight = field(default_factory=ProbeSight)


@dataclass(frozen=True, kw_only=True)
class PassSettings:
    """`seconds` for all of it, as far as phases do not become too short; at most `max_rate` requests per second
    under load, and always unless the services are perfgate's own (`is_own`). `canary` is the path that is requested
    beside them, if any. `reference` measures the machine. `traces` begins the trace ids of requests that are to be
    traced."""

    seconds: float
    canary: str = ""
    max_rate: float = inf
    is_own: bool = True
    reference: Callable[[], Sequence[tuple[float, float]]] = tuple
    traces: str = ""


def observe(
    subjects: Sequence[DiagnosedSubject], sides: Sequence[PassSide], replayer: Replayer, settings: PassSettings
) -> Pass:
    """Sends all subjects on all sides, in rounds. Raises DiagnosisError."""
    rounds = ROUNDS[len(sides)]
    phase = max(MIN_PHASE_S, (settings.seconds / rounds / len(sides) - IDLE_S) / (2 * len(subjects)))
    result = Pass(seen={(item.endpoint, side.name): PassRecord() for item in subjects for side in sides})
    for number in range(rounds):
        for side in sides if number % 2 == 0 else reversed(sides):
            part = _RoundPart(number=number, side=side, replayer=replayer, result=result)
            idle, waiting = part.idle(settings.canary)
            speed = settings.reference()
            for subject in subjects:
                observed = result.seen[subject.endpoint, side.name]
                observed.canary_idle += idle
                observed.reference.append(speed)
                observed.counts += waiting
                observed.counts_loaded += waiting
                order = ReplayRequest(
                    scenario=subject.scenario,
                    endpoint=subject.endpoint,
                    target=side.target,
                    seconds=phase,
                    pause=0.0 if settings.is_own else 1 / settings.max_rate,
                    seed=f"{number}/{subject.endpoint}",
                    traces=settings.traces,
                )
                part.phase(order, observed, is_alone=True)
                usual = _usual(observed, result.seen.get((subject.endpoint, "base"), observed))
                pause = _pause(usual, settings.max_rate)
                loaded = replace(order, users=LOAD_USERS, pause=pause, canary=settings.canary)
                observed.canary_loaded += part.phase(loaded, observed, is_alone=False).canary
    return _without_blind(result)


@dataclass(frozen=True, kw_only=True)
class _RoundPart:
    """One side's part of a round."""

    number: int  # of the round
    side: PassSide
    replayer: Replayer
    result: Pass

    def idle(self, canary: str) -> tuple[tuple[float, ...], list[ProbeCounts]]:
        """The canary's latencies, and what probes see, while nothing else is sent."""
        probes = [probe for probe in self.side.probes if isinstance(probe, WaitProbe)]
        for probe in probes:
            self._guarded(probe, probe.begin)
        order = ReplayRequest(scenario="", endpoint="", target=self.side.target, seconds=IDLE_S, canary=canary)
        latencies = self.replayer.send(order, self.number).canary if canary or probes else ()
        counted = [self._guarded(probe, lambda probe=probe: probe.counted(0)) for probe in probes]
        return latencies, [item for item in counted if item is not None]

    def phase(self, order: ReplayRequest, observed: PassRecord, *, is_alone: bool) -> Answer:
        """Counts per request are those of the endpoint alone, undisturbed, and again under load; memory only there."""
        probes = [probe for probe in self.side.probes if id(probe) not in self.result.broken]
        for probe in probes:
            self._guarded(probe, probe.begin)
        answer = self.replayer.send(order, self.number)
        observed.answers.append(answer)
        for probe in probes:
            counted = self._guarded(probe, lambda probe=probe: probe.counted(answer.requests))
            if counted is None:
                continue
            if answer.requests:
                self.result.sight.note(key_of(probe), counted.values)
            values = {name: value for name, value in counted.values.items() if name != "memory"}
            into = observed.counts if is_alone else observed.counts_loaded
            into.append(replace(counted, values=values))
            if self.number and "memory" in counted.values:  # a service that just started grows anyway
                _add_memory(observed, counted.values["memory"], answer.requests, is_alone=is_alone)
        return answer

    def _guarded(self, probe: Prober, work):  # type: ignore[no-untyped-def]
        """What the work returns; None, now and from then on, where the probe fails."""
        if id(probe) in self.result.broken:
            return None
        try:
            return work()
        except DiagnosisError as error:
            problem = str(error)
        except Exception as error:  # noqa: BLE001 - a server that nobody has seen yet costs its probe alone
            problem = _unread(probe, error)
        self.result.broken.add(id(probe))
        self.result.warnings.append(problem)
        return None


def _unread(probe: Prober, error: Exception) -> str:
    """What is said of an error that nobody expected. Its own text is left out: it may quote anything."""
    key = key_of(probe)
    where = f"diagnose.{key}" if key else "The processes and sockets of the service"
    return f"{where} could not be read any further ({type(error).__name__})"


def _add_memory(observed: PassRecord, size: float, requests: int, *, is_alone: bool) -> None:
    """`size` in bytes per request."""
    observed.growths.append((size * requests, requests))
    if not is_alone:
        beyond = max(0.0, size - MEMORY_NOISE_BYTES / max(1, requests))
        observed.counts.append(ProbeCounts(values={"memory": beyond}))


def _without_blind(result: Pass) -> Pass:
    """What was seen, without the counts of probes that see nothing of the application, though it sends messages."""
    blind = result.sight.contradicted
    result.warnings += [blindness.warning(key) for key in sorted(blind)]
    if names := blindness.uncounted(blind, result.sight.seeing):
        for seen in result.seen.values():
            seen.counts = [blindness.without(item, names) for item in seen.counts]
            seen.counts_loaded = [blindness.without(item, names) for item in seen.counts_loaded]
    return result


def _usual(own: PassRecord, base: PassRecord) -> float:
    """Seconds of a request that is alone. A head that is slower alone gets longer pauses, so that it is as busy as the
    base: a queue that only grows with the time of each request is a symptom, and hides its cause."""
    usual, compared = (_median([s.latency for s in seen.samples if s.users == 1]) for seen in (own, base))
    return usual if usual > MIN_SLOWDOWN_RATIO * compared else compared


def _median(values: Sequence[float]) -> float:
    return median(values) if values else 0.0


def _pause(usual: float, max_rate: float) -> float:
    """Pauses as long as an answer takes (`usual`, s; 0: none came): then every user is busy half of the time, and
    nothing is flooded."""
    return max(LOAD_USERS / max_rate, min(MAX_PAUSE_S, max(MIN_PAUSE_S, usual or MAX_PAUSE_S)))
