"""`service.setup`: makes a checkout ready to be started, in a virtual environment of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import which
from time import monotonic

from perfgate.loadtest.process.child import Child
from perfgate.loadtest.service import symptoms
from perfgate.model.errors import ServiceError
from perfgate.runner.deferred_signals import defer_signals
from perfgate.text import template
from perfgate.text.redaction import redactor

TIMEOUT_S = 1800.0  # s
STOP_TIMEOUT_S = 5.0  # s

Environment = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class SetUp:
    """The `setup` of one checkout: its command runs in `folder`, with the virtual environment `venv`. `what` is named
    in messages: "the base"; `log` gets what it says, without the values of the variables named in `secrets`."""

    command: str
    what: str
    folder: Path
    venv: Path
    log: Path
    environ: Environment
    secrets: Sequence[str] = ()


def set_up(own: SetUp, say: Callable[[str], None]) -> Environment:
    """Makes the virtual environment, runs the command, and returns the environment to go on in.

    Raises ServiceError when it fails.
    """
    say(f"Setting up {own.what}: {own.command}")
    began = monotonic()
    python = which("python3", path=own.environ.get("PATH")) or sys.executable
    make_venv = [python, "-m", "venv", str(own.venv)]
    _run(make_venv, replace(own, what=f"The virtual environment of {own.what}", folder=own.venv.parent))
    inside = {name: value for name, value in own.environ.items() if name != "PYTHONHOME"}
    inside["VIRTUAL_ENV"] = str(own.venv)
    inside["PATH"] = os.pathsep.join([str(own.venv / "bin"), own.environ.get("PATH", os.defpath)])
    _run(template.expand(own.command, own.environ), replace(own, what=f"`setup` of {own.what}", environ=inside))
    say(f"Set up {own.what} in {monotonic() - began:.0f} s")
    return inside


def _run(command: list[str] | str, own: SetUp) -> None:
    hide = redactor(own.secrets, own.environ)
    try:
        child = Child(command, environ=own.environ, log=own.log, redact=hide, folder=own.folder, daemons=True)
    except OSError as error:
        raise ServiceError(f"{own.what} cannot be started: {error}", code="PG-T007") from error
    try:
        ended = child.wait(TIMEOUT_S)
    finally:
        with defer_signals():
            child.end(STOP_TIMEOUT_S)
    text, hint = symptoms.last_output(child.tail), f"Log: {own.log}"
    if not ended:
        raise ServiceError(f"{own.what} was not done within {TIMEOUT_S:g} s.\n{text}", hint=hint, code="PG-T007")
    if code := child.poll():
        raise ServiceError(f"{own.what} failed, with exit code {code}.\n{text}", hint=hint, code="PG-T007")
