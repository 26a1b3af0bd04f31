"""budgets.yaml as values. Texts keep their `${X}` and `{x}` as written; the values are never stored."""

from __future__ import annotations

from perfgate.model.budget_file.endpoint import Endpoint, Journey, Send, Step, Think
from perfgate.model.budget_file.file import BudgetFile
from perfgate.model.budget_file.limits import Budget, Criterion, Kind, Severity
from perfgate.model.budget_file.load import NO_LOAD, Abort, LoadProfile, Stage
from perfgate.model.budget_file.pages import INPUTS, Interaction, PageSpec
from perfgate.model.budget_file.policies import (
    AUTO,
    AbPolicy,
    Anchor,
    BaselinePolicy,
    DiagnosePolicy,
    Floor,
    GatePolicy,
    Sensitivity,
    TracesPolicy,
)
from perfgate.model.budget_file.request import (
    Body,
    BodyKind,
    Capture,
    Expectation,
    FilePart,
    Json,
    Part,
    Request,
    Rows,
    Source,
    SourceKind,
    Test,
    Values,
)
from perfgate.model.budget_file.service import Service, Tls

__all__ = [
    "AUTO",
    "INPUTS",
    "NO_LOAD",
    "AbPolicy",
    "Abort",
    "Anchor",
    "BaselinePolicy",
    "Body",
    "BodyKind",
    "Budget",
    "BudgetFile",
    "Capture",
    "Criterion",
    "DiagnosePolicy",
    "Endpoint",
    "Expectation",
    "FilePart",
    "Floor",
    "GatePolicy",
    "Interaction",
    "Journey",
    "Json",
    "Kind",
    "LoadProfile",
    "PageSpec",
    "Part",
    "Request",
    "Rows",
    "Send",
    "Sensitivity",
    "Service",
    "Severity",
    "Source",
    "SourceKind",
    "Stage",
    "Step",
    "Test",
    "Think",
    "Tls",
    "TracesPolicy",
    "Values",
]
