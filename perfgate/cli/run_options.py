"""Options of a run that were not given in Python: what the environment says, as for `perfgate run`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from perfgate.cli.against import against
from perfgate.cli.context import processes_of
from perfgate.model.errors import UsageError

if TYPE_CHECKING:
    from perfgate.workflows.steps.request import AbRequest

TRUE = ("1", "true", "t", "yes", "y", "on")
FALSE = ("0", "false", "f", "no", "n", "off")


def text(environ: Mapping[str, str], name: str, given: str = "") -> str:
    return given or environ.get(name, "")


def flag(environ: Mapping[str, str], name: str, given: bool | None) -> bool | None:
    """Returns None where nobody says. Raises UsageError for a word that is neither yes nor no."""
    written = environ.get(name, "").strip().lower()
    if given is not None or not written:
        return given
    if written not in (*TRUE, *FALSE):
        raise UsageError(f"{name}={written}: neither yes nor no", hint="Give 1 or 0.", code="PG-U003")
    return written in TRUE


def number(environ: Mapping[str, str], name: str) -> int | None:
    """Raises UsageError for anything but a number from 0."""
    written = environ.get(name, "").strip()
    if written and not (written.isascii() and written.isdigit()):
        raise UsageError(f"{name}={written}: give a number from 0", code="PG-U003")
    return int(written) if written else None


def processes(environ: Mapping[str, str], given: int | None) -> int:
    """Raises UsageError for anything but a number from 1 or `auto`."""
    if given is not None:
        return processes_of(str(given), "processes=")
    return processes_of(text(environ, "PERFGATE_PROCESSES") or "1", "PERFGATE_PROCESSES=")


def comparison(environ: Mapping[str, str], target: str, ref: str, url: str) -> AbRequest | None:
    """What to compare with. The arguments are those given in Python: variables that contradict them are not read.

    Raises UsageError for a contradiction between arguments, or between variables.
    """
    restarts, blocks = number(environ, "PERFGATE_RESTARTS"), text(environ, "PERFGATE_BLOCKS")
    if not (ref or url):
        ref = "" if target else text(environ, "PERFGATE_BASE_REF")  # it starts base and head itself
        url = text(environ, "PERFGATE_BASE")
        target = text(environ, "PERFGATE_TARGET", target)
    base = against(ref, url, None, "", target=target)
    if base is None:  # then there is nothing to restart, or to load in turns
        return None
    return against(base.ref, base.url, restarts if base.ref else None, blocks, target=target)
