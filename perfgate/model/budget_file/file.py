"""BudgetFile: budgets.yaml as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from perfgate.model.budget_file.endpoint import Endpoint, Journey
from perfgate.model.budget_file.limits import Budget
from perfgate.model.budget_file.load import LoadProfile
from perfgate.model.budget_file.pages import PageSpec
from perfgate.model.budget_file.policies import DiagnosePolicy, GatePolicy
from perfgate.model.budget_file.service import Service, Tls


@dataclass(frozen=True, kw_only=True)
class BudgetFile:
    path: Path
    name: str  # by which its runs are remembered
    target: str  # as written, `${X}` unexpanded
    load: LoadProfile
    endpoints: tuple[Endpoint, ...]
    journeys: tuple[Journey, ...] = ()
    budgets: tuple[Budget, ...] = ()  # one per endpoint or journey and metric, in the order of the file
    default_budgets: tuple[
        Budget, ...
    ] = ()  # of `defaults`, for names that only a run of `scenarios` tells: no endpoint
    pages: tuple[PageSpec, ...] = ()
    scenarios: tuple[str, ...] = ()  # hand-written locustfiles, relative to the budget file's folder
    service: Service | None = None
    tls: Tls = Tls()
    client: Literal["fast", "locust"] = "fast"
    allow: tuple[str, ...] = ()  # hosts that load may be sent to besides the local ones
    gate: GatePolicy = GatePolicy()
    diagnose: DiagnosePolicy = field(default_factory=DiagnosePolicy)
    export: tuple[str, ...] = ()  # URLs of monitoring systems, as written
    history: str = "sqlite:///.perfgate/history.db"  # as written
    formerly: str = ""  # under which name its runs were remembered before that was the path in the repository
    notes: tuple[str, ...] = ()  # with their codes: what is no mistake, and probably not meant
