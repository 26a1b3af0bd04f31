"""`service.setup`: makes a checkout ready to be started, in a virtual environment of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
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


def set_up(
    command: str,
    *,
    what: str,
    folder: Path,
    venv: Path,
    log: Path,
    environ: Environment,
    say: Callable[[str], None],
    secrets: Sequence[str] = (),
) -> Environment:
    """Makes the virtual environment `venv`, runs the command in `folder`, and returns the environment to go on in.

    `what` is named in messages: "the base". Raises ServiceError when it fails; what the command said is in `log`,
    without the values of the variables named in `secrets`.
    """
    say(f"Setting up {what}: {command}")
    began = monotonic()
    python = which("python3", path=environ.get("PATH")) or sys.executable
    make_venv = [python, "-m", "venv", str(venv)]
    _run(make_venv, f"The virtual environment of {what}", venv.parent, log, environ, secrets)
    inside = {name: value for name, value in environ.items() if name != "PYTHONHOME"}
    inside["VIRTUAL_ENV"] = str(venv)
    inside["PATH"] = os.pathsep.join([str(venv / "bin"), environ.get("PATH", os.defpath)])
    _run(template.expand(command, environ), f"`setup` of {what}", folder, log, inside, secrets)
    say(f"Set up {what} in {monotonic() - began:.0f} s")
    return inside


def _run(
    command: list[str] | str, what: str, folder: Path, log: Path, environ: Environment, secrets: Sequence[str]
) -> None:
    try:
        child = Child(command, environ=environ, log=log, redact=redactor(secrets, environ), folder=folder, daemons=True)
    except OSError as error:
        raise ServiceError(f"{what} cannot be started: {error}", code="PG-T007") from error
    try:
        ended = child.wait(TIMEOUT_S)
    finally:
        with defer_signals():
            child.end(STOP_TIMEOUT_S)
    text = symptoms.last_output(child.tail)
    if not ended:
        raise ServiceError(f"{what} was not done within {TIMEOUT_S:g} s.\n{text}", hint=f"Log: {log}", code="PG-T007")
    if code := child.poll():
        raise ServiceError(f"{what} failed, with exit code {code}.\n{text}", hint=f"Log: {log}", code="PG-T007")
