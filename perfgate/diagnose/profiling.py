"""Profiles beside the second pass, after its rounds: what is sampled is slower, so none of its latencies count."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from perfgate.diagnose import profile
from perfgate.diagnose.probes.processes import ProcessProbe
from perfgate.diagnose.probes.pyspy import SAMPLES_PER_S, ProfileRecording
from perfgate.diagnose.profile import FunctionTime, LoopBlocker, Stack
from perfgate.diagnose.replaying import Replayer, ReplayRequest
from perfgate.diagnose.second_pass import LOAD_USERS, DiagnosedSubject, Name, Pass, PassSide
from perfgate.model.diagnosis import Diagnosis
from perfgate.model.errors import DiagnosisError

SAMPLING_S = 3.0  # that each endpoint of each side is sampled
LOOP_SAMPLING_S = 2.0  # that an event loop is sampled, which an endpoint seems to block
START_UP_S = 0.6  # s until py-spy has found its way
PAUSE_S = 0.002
NONE = "none"  # of `diagnose.profile`


@dataclass(frozen=True, kw_only=True)
class ProfiledSide:
    """`pid` is that of the process above those of the service."""

    side: PassSide
    pid: int


@dataclass(kw_only=True)
class Profiles:
    """Functions, largest first; CPU of serialising, s per request; what blocks the event loop; the file of the
    flame graph in the folder. Each by endpoint and side."""

    functions: dict[tuple[str, Name], tuple[FunctionTime, ...]] = field(default_factory=dict)
    serialising: dict[tuple[str, Name], float] = field(default_factory=dict)
    blockers: dict[tuple[str, Name], tuple[LoopBlocker, ...]] = field(default_factory=dict)
    files: dict[tuple[str, Name], str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class ProfileRequest:
    """The endpoints to profile; those, by side, that seem to block the event loop; and whether the budget file asks for
    profiles (`is_explicit`): only then what keeps them from being made is a warning."""

    endpoints: Collection[str]
    blocking: Collection[tuple[str, Name]] = ()
    is_explicit: bool = False


def endpoints_to_profile(written: str, failed: Collection[str], find: Callable[[], Diagnosis]) -> Collection[str]:
    """The endpoints to profile, by `diagnose.profile` as it is written: all that `failed`, or those of which the
    diagnosis so far knows that they compute more, and not what."""
    if written == NONE:
        return ()
    return failed if written else [item.endpoint for item in find().findings if item.causes[0].code == "cpu"]


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
        lacking = "diagnose.profile: py-spy looks only into a service that perfgate starts (`service`)"
        return Profiles(warnings=[lacking] if request.endpoints and request.is_explicit else [])
    compared = [item for item in subjects if item.endpoint in request.endpoints or len(sides) == 1]
    profiles = profiler.profiles(compared, own, request.blocking)
    for key, functions in profiles.functions.items():
        seen = observed.seen[key]
        seen.functions, seen.blockers = functions, profiles.blockers.get(key, ())
        seen.serialising = profiles.serialising.get(key)
    if not request.is_explicit:
        profiles.warnings.clear()
    return profiles


@dataclass(frozen=True)
class Profiler:
    """Samples services while requests are sent to them. Flame graphs are written into `folder`."""

    replayer: Replayer
    folder: Path

    def profiles(
        self,
        subjects: Sequence[DiagnosedSubject],
        sides: Sequence[ProfiledSide],
        blocking: Collection[tuple[str, Name]] = (),
    ) -> Profiles:
        """Samples each endpoint on each side, and the event loop beside those that seem to be `blocking`. The first
        thing that goes wrong ends it, and is a warning."""
        result = Profiles()
        try:
            for number, subject in enumerate(subjects):
                for item in sides:
                    self._profile(subject, item, f"profile-{number}-{item.side.name}.speedscope.json", result)
                    if (subject.endpoint, item.side.name) in blocking:
                        self._watch_loop(subject, item, result)
        except DiagnosisError as error:
            result.warnings.append(f"{error.message}. {error.hint}" if error.hint else error.message)
        return result

    def _profile(self, subject: DiagnosedSubject, item: ProfiledSide, file: str, result: Profiles) -> None:
        process = ProcessProbe(item.pid)
        process.begin()
        samples, requests = self._sample(subject, item, SAMPLING_S)
        cpu = process.counted(requests).values.get("cpu", 0.0)
        if not samples:
            return
        key = subject.endpoint, item.side.name
        result.functions[key] = profile.functions(samples, cpu)
        result.serialising[key] = profile.serialising(samples, cpu)
        graph = profile.speedscope(samples, f"{subject.endpoint} ({item.side.name})", SAMPLES_PER_S)
        (self.folder / file).write_text(json.dumps(graph), encoding="utf-8")
        result.files[key] = file

    def _watch_loop(self, subject: DiagnosedSubject, item: ProfiledSide, result: Profiles) -> None:
        samples, _ = self._sample(subject, item, LOOP_SAMPLING_S, has_idle=True)
        result.blockers[subject.endpoint, item.side.name] = profile.blockers(samples)

    def _sample(
        self, subject: DiagnosedSubject, item: ProfiledSide, seconds: float, *, has_idle: bool = False
    ) -> tuple[dict[Stack, int], int]:
        """Samples beside so many requests."""
        order = ReplayRequest(
            scenario=subject.scenario,
            endpoint=subject.endpoint,
            target=item.side.target,
            seconds=seconds + START_UP_S,
            users=LOAD_USERS,
            pause=PAUSE_S,
            seed=f"profile/{subject.endpoint}",
        )
        recording = ProfileRecording(item.pid, seconds, self.folder, has_idle=has_idle)
        try:
            answer = self.replayer.send(order, 0)
            return recording.stacks(), answer.requests
        finally:
            recording.close()
