"""What can go wrong, as a tree. Every message says what happened, where, and what to do next.

PerfgateError
├── UsageError              wrong arguments                                            exit 2
├── DiagnosisError          a diagnosis could not be made; the verdict stands             exit 3
├── BudgetFileError         the budget file has mistakes (all of them, with positions)   exit 2
└── CouldNotMeasure         there is no verdict because there is no measurement          exit 3
    ├── TargetError         the target is down, refused, or not allowed
    ├── ServiceError        the service under test could not be started
    │   └── BaseError       that of an A/B test's base: it could not be checked out, set up or started
    ├── PageError           no browser could be started to view pages
    ├── LoadTestError       Locust failed, or its record is incomplete
    ├── RecordError         a run folder or file cannot be written, or not read
    └── HistoryError        the history cannot be opened, read or written
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class PerfgateError(Exception):
    """Base of all expected errors. `hint` says what to do next; `exit_code` is the process's; `perfgate explain` knows
    the `code`."""

    exit_code = 3
    code = ""

    def __init__(self, message: str, *, hint: str = "", code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or self.code

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class UsageError(PerfgateError):
    exit_code = 2


class DiagnosisError(PerfgateError):
    pass


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """One mistake in a budget file. Lines and columns count from 1; 0 means the file as a whole."""

    file: str
    line: int
    column: int
    message: str
    source: str = ""  # the line as written
    width: int = 1  # how many characters the caret underlines
    hint: str = ""  # the accepted forms, or "did you mean ..."
    code: str = ""  # as in PerfgateError


class BudgetFileError(PerfgateError):
    """All mistakes of one budget file at once."""

    exit_code = 2

    def __init__(self, mistakes: Sequence[Mistake], *, hint: str = "") -> None:
        self.mistakes = tuple(mistakes)
        count = len(self.mistakes)
        super().__init__(f"{count} mistake{'s' if count != 1 else ''} in {self.mistakes[0].file}", hint=hint)


class CouldNotMeasure(PerfgateError):
    pass


class TargetError(CouldNotMeasure):
    pass


class ServiceError(CouldNotMeasure):
    pass


class BaseError(ServiceError):
    pass


class PageError(CouldNotMeasure):
    code = "PG-T009"


class LoadTestError(CouldNotMeasure):
    pass


class RecordError(CouldNotMeasure):
    pass


class HistoryError(CouldNotMeasure):
    pass
