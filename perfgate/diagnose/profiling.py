"""Profiles beside the second pass, after its rounds: what is sampled is slower, so none of its latencies count."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from perfgate.diagnose import profile, profilers
from perfgate.diagnose.probes.processes import ProcessProbe
from perfgate.diagnose.profile import ProfileFacts, SampledProfile
from perfgate.diagnose.replaying import Replayer, ReplayRequest
from perfgate.diagnose.second_pass import LOAD_USERS, DiagnosedSubject, Name, Pass, PassSide
from perfgate.model.diagnosis import Diagnosis
from perfgate.model.errors import DiagnosisError

SAMPLING_S = 3.0  # that each endpoint of each side is sampled
LOOP_SAMPLING_S = 2.0  # that an event loop is sampled, which an endpoint seems to block
START_UP_S = 0.6  # s until a profiler has found its way
MIN_SAMPLED_CPU_S = 0.05  # s of CPU, of which py-spy takes five samples
PAUSE_S = 0.002
NONE = "none"  # of `diagnose.profile`


@dataclass(frozen=True, kw_only=True)
class ProfiledSide:
    """`pid` is that of the process above those of the service."""

    side: PassSide
    pid: int


@dataclass(kw_only=True)
class Profiles:
    """What they tell, and the file of the flame graph in the folder. Each by endpoint and side."""

    facts: dict[tuple[str, Name], ProfileFacts] = field(default_factory=dict)
    files: dict[tuple[str, Name], str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class ProfileRequest:
    """The endpoints to profile; those, by side, that seem to block the event loop; and the profiler, where the budget
    file names one. py-spy is optional: what keeps it from profiling is a warning only where it is named."""

    endpoints: Collection[str]
    blocking: Collection[tuple[str, Name]] = ()
    profiler: str = ""  # empty: that of the service's language


@dataclass(frozen=True, kw_only=True)
class SampledRequests:
    """Samples beside so many requests, each of which took so much CPU, s."""

    profile: SampledProfile
    cpu: float
    requests: int

    @property
    def is_idle(self) -> bool:
        """Whether so little was computed that a profile of it may be empty."""
        return self.requests > 0 and self.cpu * self.requests < MIN_SAMPLED_CPU_S


def endpoints_to_profile(
    written: str, failed: Collection[str], find: Callable[[], Diagnosis], leaking: Collection[str] = ()
) -> Collection[str]:
    """The endpoints to profile, by `diagnose.profile` as it is written: all that `failed`, or those of which the
    diagnosis so far knows that they compute more, and not what, and those that may leak."""
    if written == NONE:
        return ()
    if written:
        return failed
    computing = [item.endpoint for item in find().findings if item.causes[0].code == "cpu"]
    return [name for name in failed if name in computing or name in leaking]


def add_profiles(
    observed: Pass,
    subjects: Sequence[DiagnosedSubject],
    sides: Sequence[PassSide],
    profiler: Profiler,
    request: ProfileRequest,
) -> Profiles:
    """Profiles the endpoints, and the control where there is no base to compare with; what it finds is then part of
    what was observed."""
    own = [ProfiledSide(side=side, pid=side.pid) for side in sides if side.pid]
    if not request.endpoints or not own:
        lacking = f"diagnose.profile: {request.profiler} looks only into a service that perfgate starts (`service`)"
        return Profiles(warnings=[lacking] if request.endpoints and request.profiler else [])
    compared = [item for item in subjects if item.endpoint in request.endpoints or len(sides) == 1]
    name = request.profiler or profilers.profiler_of(own[-1].pid)
    profiles = profiler.profiles(compared, own, profilers.BY_NAME[name].record, request.blocking)
    for key, facts in comparable(profiles.facts, [side.name for side in sides]).items():
        observed.seen[key].profiled = facts
    if not request.profiler and name == profilers.OPTIONAL:
        profiles.warnings.clear()
    return profiles


def comparable(
    facts: Mapping[tuple[str, Name], ProfileFacts], sides: Collection[Name]
) -> Mapping[tuple[str, Name], ProfileFacts]:
    """Facts of the endpoints that were profiled on all sides: beside a side without a profile, all that the other one
    computes would be more than before. Only what blocks an event loop is seen on one side."""
    return {
        (endpoint, name): known
        if all((endpoint, side) in facts for side in sides)
        else ProfileFacts(blockers=known.blockers)
        for (endpoint, name), known in facts.items()
    }


@dataclass(frozen=True)
class Profiler:
    """Samples services while requests are sent to them. Flame graphs are written into `folder`."""

    replayer: Replayer
    folder: Path

    def profiles(
        self,
        subjects: Sequence[DiagnosedSubject],
        sides: Sequence[ProfiledSide],
        record: profilers.BeginProfile,
        blocking: Collection[tuple[str, Name]] = (),
    ) -> Profiles:
        """Samples each endpoint on each side, and the event loop beside those that seem to be `blocking`. The first
        thing that goes wrong ends it, and is a warning."""
        result = Profiles()
        try:
            for number, subject in enumerate(subjects):
                for item in sides:
                    key, file = (subject.endpoint, item.side.name), f"profile-{number}-{item.side.name}.speedscope.json"
                    sample = partial(self._sample, subject, item, record)
                    facts = self._profile(sample, key in blocking, f"{subject.endpoint} ({item.side.name})", file)
                    if facts is not None:
                        result.facts[key], result.files[key] = facts, file
        except DiagnosisError as error:
            result.warnings.append(f"{error.message}. {error.hint}" if error.hint else error.message)
        except OSError as error:
            result.warnings.append(f"diagnose.profile: {error}")
        return result

    def _profile(
        self, sample: Callable[..., SampledRequests], is_blocking: bool, title: str, file: str
    ) -> ProfileFacts | None:
        """None where the profiler saw nothing of what was computed."""
        sampled = sample(SAMPLING_S)
        computing = sampled.profile
        if not computing.samples and not sampled.is_idle:
            return None
        graph = profile.speedscope(computing.samples, title, computing.rate, computing.names)
        (self.folder / file).write_text(json.dumps(graph), encoding="utf-8")
        facts = profile.facts(computing, sampled.cpu, sampled.requests)
        if not is_blocking:
            return facts
        waiting = computing if computing.loop is not None else sample(LOOP_SAMPLING_S, has_idle=True).profile
        return replace(facts, blockers=profile.blockers(waiting.loop or {}, waiting.names))

    def _sample(
        self,
        subject: DiagnosedSubject,
        item: ProfiledSide,
        record: profilers.BeginProfile,
        seconds: float,
        *,
        has_idle: bool = False,
    ) -> SampledRequests:
        order = ReplayRequest(
            scenario=subject.scenario,
            endpoint=subject.endpoint,
            target=item.side.target,
            seconds=seconds + START_UP_S,
            users=LOAD_USERS,
            pause=PAUSE_S,
            seed=f"profile/{subject.endpoint}",
        )
        recording = record(item.pid, seconds, self.folder, has_idle=has_idle)
        try:
            process = ProcessProbe(item.pid)
            process.begin()
            requests = self.replayer.send(order, 0).requests
            cpu = process.counted(requests).values.get("cpu", 0.0)
            return SampledRequests(profile=recording.profile(), cpu=cpu, requests=requests)
        finally:
            recording.close()
