"""What an exporter is: it is given families and sends them. What it cannot send it says, and no verdict changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from perfgate.export.families import Family, Labels
from perfgate.model.errors import PerfgateError


class ExportError(PerfgateError):
    """Nothing could be sent."""

    code = "PG-P009"


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where to: the URL without the name of the exporter, the labels that tell senders apart, secrets by variable.
    `began` is from when on counters count, in s since 1970; 0: from what is sent first."""

    url: str
    labels: Labels
    environ: Mapping[str, str]
    began: float = 0.0


class Exporter(Protocol):
    def send(self, families: Sequence[Family], at: float) -> None:
        """Sends the values of a moment (s since 1970). Raises ExportError."""

    def close(self) -> None: ...
