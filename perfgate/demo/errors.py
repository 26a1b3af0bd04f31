"""What the demo shop cannot do. The room keeps its own errors: it imports nothing else of perfgate."""

from __future__ import annotations


class DemoError(Exception):
    """The shop cannot be served as asked. The message says what to do next."""

    exit_code = 3


class UnknownFaultError(DemoError):
    """The text of PERFGATE_DEMO_FAULTS is not understood."""

    exit_code = 2


class RefusedError(Exception):
    """A request the shop does not fulfil, with the HTTP status that says so."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
