"""Profiles beside the second pass, after its rounds: what is sampled is slower, so none of its latencies count."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from perfgate.diagnose import profile
from perfgate.diagnose.probes.processes import ProcessProbe
from perfgate.diagnose.probes.pyspy import RATE, ProfileRecording
from perfgate.diagnose.profile import FunctionTime, LoopBlocker, Stack
from perfgate.diagnose.replaying import Replayer, ReplayRequest
from perfgate.diagnose.second_pass import USERS, DiagnosedSubject, Name, PassSide
from perfgate.model.errors import DiagnosisError

SECONDS = 3.0  # that each endpoint of each side is sampled
LOOP_S = 2.0  # that an event loop is sampled, which an endpoint seems to block
EARLY = 0.6  # s until py-spy has found its way
PAUSE = 0.002


@dataclass(frozen=True, kw_only=True)
class ProfiledSide:
    """`pid` is that of the process above those of the service."""

    side: PassSide
    pid: int


@dataclass(kw_only=True)
class Profiles:
    """Functions, largest first, what blocks the event loop, and the file of the flame graph in the folder; each by
    endpoint and side."""

    functions: dict[tuple[str, Name], tuple[FunctionTime, ...]] = field(default_factory=dict)
    blockers: dict[tuple[str, Name], tuple[LoopBlocker, ...]] = field(default_factory=dict)
    files: dict[tuple[str, Name], str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def profiled(
    subjects: Sequence[DiagnosedSubject],
    sides: Sequence[ProfiledSide],
    replayer: Replayer,
    folder: Path,
    blocking: Collection[tuple[str, Name]] = (),
) -> Profiles:
    """Samples each endpoint on each side, and the event loop beside those that seem to be `blocking`. The first thing
    that goes wrong ends it, and is a warning."""
    result = Profiles()
    try:
        for number, subject in enumerate(subjects):
            for item in sides:
                _profile(subject, item, replayer, folder / f"profile-{number}-{item.side.name}.speedscope.json", result)
                if (subject.endpoint, item.side.name) in blocking:
                    _watch_loop(subject, item, replayer, folder, result)
    except DiagnosisError as error:
        result.warnings.append(f"{error.message}. {error.hint}" if error.hint else error.message)
    return result


def _profile(subject: DiagnosedSubject, item: ProfiledSide, replayer: Replayer, path: Path, result: Profiles) -> None:
    process = ProcessProbe(item.pid)
    process.begin()
    samples, requests = _sampled(subject, item, replayer, path.parent, SECONDS)
    cpu = process.counted(requests).values.get("cpu", 0.0)
    if not samples:
        return
    key = subject.endpoint, item.side.name
    result.functions[key] = profile.functions(samples, cpu)
    graph = profile.speedscope(samples, f"{subject.endpoint} ({item.side.name})", RATE)
    path.write_text(json.dumps(graph), encoding="utf-8")
    result.files[key] = path.name


def _watch_loop(
    subject: DiagnosedSubject, item: ProfiledSide, replayer: Replayer, folder: Path, result: Profiles
) -> None:
    samples, _ = _sampled(subject, item, replayer, folder, LOOP_S, has_idle=True)
    result.blockers[subject.endpoint, item.side.name] = profile.blockers(samples)


def _sampled(
    subject: DiagnosedSubject,
    item: ProfiledSide,
    replayer: Replayer,
    folder: Path,
    seconds: float,
    *,
    has_idle: bool = False,
) -> tuple[dict[Stack, int], int]:
    """Samples beside so many requests."""
    order = ReplayRequest(
        scenario=subject.scenario,
        endpoint=subject.endpoint,
        target=item.side.target,
        seconds=seconds + EARLY,
        users=USERS,
        pause=PAUSE,
        seed=f"profile/{subject.endpoint}",
    )
    recording = ProfileRecording(item.pid, seconds, folder, has_idle=has_idle)
    try:
        answer = replayer.send(order, 0)
        return recording.stacks(), answer.requests
    finally:
        recording.close()
