"""The machine that sends the load: clocks, cores, limits, a browser."""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from perfgate.ci.git_questions import ask_git
from perfgate.model.errors import PageError
from perfgate.recording.clock import KERNEL_CLOCK
from perfgate.workflows.doctor.check import Check, CheckSurroundings, Subject, broken, warning
from perfgate.workflows.steps.viewing import browser_of

MIN_CORES = 2
SPARE_FILES = 200  # that the load generator itself has open
SO_TIMESTAMPNS = 35  # the option by which runtime/http/wire.py has the kernel's times
MAX_CLOCK_SKEW_S = 300.0  # s that a commit may be newer than the clock


def machine_checks(subject: Subject | None, around: CheckSurroundings) -> Iterator[Check]:
    yield clock(around)
    yield kernel_timestamps()
    yield cores()
    yield file_limit(subject)
    yield browser(subject, around.environ)


def clock(around: CheckSurroundings) -> Check:
    """A clock that is behind the newest commit is wrong, and runs are sorted by it."""
    written = ask_git(around.environ, around.root, "log", "-1", "--format=%ct")
    if written.isdigit() and int(written) > around.now + MAX_CLOCK_SKEW_S:
        behind = (int(written) - around.now) / 60
        return warning(
            "clock", f"{behind:.0f} minutes behind the newest commit", "set the clock (NTP): runs are sorted by it"
        )
    return Check(name="clock", message="not behind the newest commit" if written else "no commit to compare it with")


def kernel_timestamps() -> Check:
    name = "kernel timestamps"
    if not KERNEL_CLOCK:
        cure = "latencies are taken in Python: measure on 64-bit Linux for true ones"
        return warning(name, "this system has none", cure)
    try:
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    except OSError as error:
        return warning(
            name, f"the kernel refuses them: {error.strerror}", "latencies are taken in Python; try another sandbox"
        )
    return Check(name=name, message="latencies end when the kernel has received the last byte")


def cores() -> Check:
    """Cores that this process may use."""
    number = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if number < MIN_CORES:
        cure = "with one core the load generator and the service wait for each other: take a runner with two or more"
        return warning("cores", f"{number}", cure)
    return Check(name="cores", message=f"{number}")


def file_limit(subject: Subject | None) -> Check:
    """Checks the limit of open files: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    load = subject.plan.load if subject else None
    users = [int(stage.level) for stage in load.stages] if load and load.model == "closed" else []
    needed = max([*users, load.max_users if load and load.model == "open" else 0]) + SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < needed:
        cure = f"ulimit -n {max(4096, needed)}" + (
            "" if hard == resource.RLIM_INFINITY or hard >= needed else " as root"
        )
        return warning("file limit", f"{soft} open files, and {needed} may be needed", cure)
    return Check(name="file limit", message="unlimited" if soft == resource.RLIM_INFINITY else f"{soft} open files")


def browser(subject: Subject | None, environ: Mapping[str, str]) -> Check:
    name = "Chromium"
    try:
        return Check(name=name, message=browser_of(environ))
    except PageError as error:
        if subject and subject.plan.pages:
            return broken(name, error.message, error.hint)
    return Check(name=name, message="none; only measuring pages in a browser needs it")


def folder_is_writable(path: Path) -> bool:
    """Whether the folder, or the nearest one above it that exists, may be written to."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return os.access(path, os.W_OK)
