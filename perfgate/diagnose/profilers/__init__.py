"""Profilers: where a service computes, seen from outside. A profiler is one module and one line here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from perfgate.diagnose.profile import SampledProfile
from perfgate.diagnose.profilers.node import NODE, NodeRecording
from perfgate.diagnose.profilers.processes import busiest, computed
from perfgate.diagnose.profilers.pyspy import PYTHON, PySpyRecording


class ProfileRecording(Protocol):
    """Has begun when it is made. Raises DiagnosisError where nothing can be sampled."""

    def profile(self) -> SampledProfile:
        """Waits for the end."""
        ...

    def close(self) -> None: ...


class BeginProfile(Protocol):
    def __call__(self, pid: int, seconds: float, folder: Path, *, has_idle: bool = False) -> ProfileRecording:
        """`pid` is that of the process above those of the service; `folder` is for files that are needed meanwhile.
        Event loops that wait are wanted as well (`has_idle`), or only what computes."""
        ...


class ProfilerKind(NamedTuple):
    programs: re.Pattern[str]  # file names of those that it looks into
    record: BeginProfile


# value of `diagnose.profile` -> what it means
BY_NAME: Mapping[str, ProfilerKind] = {
    "py-spy": ProfilerKind(PYTHON, PySpyRecording),
    "node": ProfilerKind(NODE, NodeRecording),
}


OPTIONAL = "py-spy"  # has to be installed


def profiler_of(pid: int) -> str:
    """The profiler of the processes that have computed most: a service in Node may be started by a Python program."""
    first = {name: busiest(pid, profiler.programs)[:1] for name, profiler in BY_NAME.items()}
    return max(BY_NAME, key=lambda name: sum(map(computed, first[name])))
