"""Secrets that the environment of a process does not show.

Whoever runs as the same user reads /proc/PID/environ, so a service under test sees what its ancestors were started
with. A program that was given secrets in its environment therefore begins anew, as the same process, without them: they
come through a pipe that is read and closed before anything else is started, and live in its memory alone.

The action's scripts use this module too, whatever perfgate is installed: it needs Python's own library only, an older
one will do.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Mapping, MutableMapping
from contextlib import suppress

NAMES = frozenset(
    {
        "PERFGATE_GITHUB_TOKEN",
        "PERFGATE_GITLAB_TOKEN",
        "PERFGATE_SLACK_URL",
        "PERFGATE_TEAMS_URL",
        "PERFGATE_WEBHOOK_URL",
        "PERFGATE_WEBHOOK_SECRET",
        "PERFGATE_PUSHGATEWAY_AUTHORIZATION",
        "PERFGATE_OTLP_HEADERS",
        "PERFGATE_INFLUX_TOKEN",
        "PERFGATE_HISTORY",  # the address of a database has its password in it
    }
)
PIPE = "PERFGATE_SECRETS_FD"  # the variable with the number of the pipe's descriptor
MAX_BYTES = 60_000  # of all of them: a pipe takes 65,536 before somebody reads
_PR_SET_DUMPABLE = 4


def conceal(environ: MutableMapping[str, str]) -> None:
    """Call this first in a program: afterwards `environ` has the secrets, and /proc shows none of them.

    `environ` is os.environ. Where the system has no /proc, it stays as it is.
    """
    if PIPE in environ:
        environ.update(_received(int(environ.pop(PIPE))))
        _close_memory()
    elif any(environ.get(name) for name in NAMES) and os.path.exists("/proc/self/environ"):
        others, descriptor = handed_over(environ)
        if descriptor is not None:
            arguments = getattr(sys, "orig_argv", ["", *sys.argv])[1:]  # with those of Python itself, such as -m
            os.execve(sys.executable, [sys.executable, *arguments], others)


def shown(environ: Mapping[str, str]) -> dict[str, str]:
    """What everybody may see of it."""
    return {name: value for name, value in environ.items() if name not in NAMES}


def handed_over(environ: Mapping[str, str]) -> tuple[dict[str, str], int | None]:
    """The environment for a program that calls `conceal`, and the descriptor that it must inherit.

    With more than a pipe takes, the environment stays as it is, without a descriptor.
    """
    own = {name: environ[name] for name in sorted(NAMES) if environ.get(name)}
    data = json.dumps(own).encode()
    if not own or len(data) > MAX_BYTES:
        return dict(environ), None
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as pipe:
        pipe.write(data)
    os.set_inheritable(reader, True)
    return {**shown(environ), PIPE: str(reader)}, reader


def _received(descriptor: int) -> dict[str, str]:
    with os.fdopen(descriptor, "rb") as pipe:
        received: dict[str, str] = json.load(pipe)
    return received


def _close_memory() -> None:
    """No other process of this user may read this one's memory: Linux asks for more where it is not dumpable."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
