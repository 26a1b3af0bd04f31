"""Options of a run that were not given in Python: what the environment says, as for `perfgate run`."""

from __future__ import annotations

from collections.abc import Mapping

from perfgate.model.errors import UsageError

TRUE = ("1", "true", "t", "yes", "y", "on")
FALSE = ("0", "false", "f", "no", "n", "off")


def text(environ: Mapping[str, str], name: str, given: str = "") -> str:
    return given or environ.get(name, "")


def flag(environ: Mapping[str, str], name: str, given: bool | None) -> bool | None:
    """None where nobody says. Raises UsageError for a word that is neither yes nor no."""
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
