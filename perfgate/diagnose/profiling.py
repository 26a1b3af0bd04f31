"""Profiles beside the second pass, after its rounds: what is sampled is slower, so none of its latencies count."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
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
class SampledRequests:
    """Samples beside so many requests, each of which took so much CPU, s."""

    profile: SampledProfile
    cpu: float
    requests: int


def wanted(
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


def with_profiles(
    observed: Pass,
    subjects: Sequence[DiagnosedSubject],
    sides: Sequence[PassSide],
    replayer: Replayer,
    folder: Path,
    *,
    wanted: Collection[str],
    blocking: Collection[tuple[str, Name]],
    written: str,
) -> Profiles:
    """Profiles of the `wanted` endpoints, whose facts are then part of what was observed; and of the control where
    there is no base to compare with. py-spy is optional: what keeps it from that is a warning only where it is asked
    for by what is `written`."""
    own = [ProfiledSide(side=side, pid=side.pid) for side in sides if side.pid]
    if not wanted or not own:
        lacking = f"diagnose.profile: {written} looks only into a service that perfgate starts (`service`)"
        return Profiles(warnings=[lacking] if wanted and written else [])
    compared = [item for item in subjects if item.endpoint in wanted or len(sides) == 1]
    profiler = written or profilers.chosen(own[-1].pid)
    profiles = profiled(compared, own, replayer, folder, profiler, blocking)
    for key, known in profiles.facts.items():
        observed.seen[key].profiled = known
    if not written and profiler == "py-spy":
        profiles.warnings.clear()
    return profiles


def profiled(
    subjects: Sequence[DiagnosedSubject],
    sides: Sequence[ProfiledSide],
    replayer: Replayer,
    folder: Path,
    profiler: str,
    blocking: Collection[tuple[str, Name]] = (),
) -> Profiles:
    """Samples each endpoint on each side, and the event loop beside those that seem to be `blocking`. The first thing
    that goes wrong ends it, and is a warning."""
    result, record = Profiles(), profilers.BY_NAME[profiler].record
    try:
        for number, subject in enumerate(subjects):
            for item in sides:
                sampler = Sampler(subject=subject, side=item, replayer=replayer, record=record, folder=folder)
                path = folder / f"profile-{number}-{item.side.name}.speedscope.json"
                _profile(sampler, path, is_blocking=(subject.endpoint, item.side.name) in blocking, result=result)
    except DiagnosisError as error:
        result.warnings.append(f"{error.message}. {error.hint}" if error.hint else error.message)
    return result


@dataclass(frozen=True, kw_only=True)
class Sampler:
    """Sends an endpoint to a side while its service is sampled."""

    subject: DiagnosedSubject
    side: ProfiledSide
    replayer: Replayer
    record: profilers.BeginProfile
    folder: Path

    def sampled(self, seconds: float, *, has_idle: bool = False) -> SampledRequests:
        order = ReplayRequest(
            scenario=self.subject.scenario,
            endpoint=self.subject.endpoint,
            target=self.side.side.target,
            seconds=seconds + START_UP_S,
            users=LOAD_USERS,
            pause=PAUSE_S,
            seed=f"profile/{self.subject.endpoint}",
        )
        recording = self.record(self.side.pid, seconds, self.folder, has_idle=has_idle)
        try:
            process = ProcessProbe(self.side.pid)
            process.begin()
            requests = self.replayer.send(order, 0).requests
            cpu = process.counted(requests).values.get("cpu", 0.0)
            return SampledRequests(profile=recording.profile(), cpu=cpu, requests=requests)
        finally:
            recording.close()


def _profile(sampler: Sampler, path: Path, *, is_blocking: bool, result: Profiles) -> None:
    sampled = sampler.sampled(SAMPLING_S)
    seen = sampled.profile
    if not seen.samples:
        return
    endpoint, side = key = sampler.subject.endpoint, sampler.side.side.name
    known = profile.facts(seen, sampled.cpu, sampled.requests)
    if is_blocking:
        waiting = seen if seen.loop is not None else sampler.sampled(LOOP_SAMPLING_S, has_idle=True).profile
        known = replace(known, blockers=profile.blockers(waiting.loop or {}, waiting.names))
    graph = profile.speedscope(seen.samples, f"{endpoint} ({side})", seen.rate, seen.names)
    path.write_text(json.dumps(graph), encoding="utf-8")
    result.facts[key], result.files[key] = known, path.name
