"""What `perfgate doctor` says of one thing: whether it is well, and the cure where it is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from perfgate.model.budget_file import BudgetFile
from perfgate.model.plan import Plan

DOCTOR: Mapping[str, str] = {  # the names of its lines: the codes that `perfgate explain` knows
    "budget file": "PG-D001",
    "variables": "PG-D001",
    "target": "PG-D002",
    "service": "PG-D002",
    "proxies": "PG-D003",
    "clock": "PG-D004",
    "kernel timestamps": "PG-D004",
    "cores": "PG-D004",
    "file limit": "PG-D004",
    "history": "PG-D005",
    "history write": "PG-D005",
    "baseline": "PG-D005",
    "event": "PG-D006",
    "token": "PG-D006",
    "repository": "PG-D006",
    "clone depth": "PG-D006",
    "Chromium": "PG-D007",
    "extras": "PG-D007",
}


class CheckState(StrEnum):
    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One line. `cure` is empty where nothing is to be done."""

    name: str
    state: CheckState = CheckState.OK
    message: str
    cure: str = ""
    code: str = ""  # for `perfgate explain`; empty where all is well


@dataclass(frozen=True, kw_only=True)
class CheckSurroundings:
    """What was read from the outside world. `environ` has the credentials for perfgate's own errands in it,
    `child_environ` has what a service gets."""

    budget: Path
    root: Path
    environ: Mapping[str, str]
    child_environ: Mapping[str, str]
    now: float  # seconds since 1970
    target: str = ""  # instead of the budget file's
    history: str = ""  # the same
    should_start: bool = False  # whether the service may be started


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The budget file that was read, its plan, and where its load goes to."""

    budget_file: BudgetFile
    plan: Plan
    target: str  # empty where a variable in it is not set


def warning(name: str, message: str, cure: str, code: str = "") -> Check:
    """`code` is that of the note behind it; by default that of the line."""
    return Check(name=name, state=CheckState.WARNING, message=message, cure=cure, code=code or DOCTOR[name])


def broken(name: str, message: str, cure: str, code: str = "") -> Check:
    """`code` is that of the error behind it; by default that of the line."""
    return Check(name=name, state=CheckState.BROKEN, message=message, cure=cure, code=code or DOCTOR[name])
