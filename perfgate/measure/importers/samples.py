"""What every importer makes of a recording: requests by columns, some hundred thousand at a time; or, where a tool
keeps no single requests, one summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from perfgate.measure.importers import decoding
from perfgate.model.errors import RecordError, UsageError
from perfgate.model.run import Generator

BASE, HEAD, NO_ARM = 0, 1, -1
ARMS = {"base": BASE, "a": BASE, "head": HEAD, "b": HEAD}  # as people write them, in any case
GOOD, BAD, NOT_SAID = 1, 0, -1
REJECTED = 2  # for another reason than the status: by a check or assertion of the tool
MAX_SHOWN = 10  # told at once
MAX_REQUEST_MS = 86_400_000  # ms: a request that took over a day was written in another unit
SECOND_HEADER = "a second header: another recording begins here; import each by itself"

Phase = Literal["", "service", "first_byte", "download", "connect", "tls"]


class RequestLabel(NamedTuple):
    """How a recording names a request. `url` and `method` are empty where it has only a name; where the tool keeps
    neither, all three are."""

    name: str
    method: str = ""
    url: str = ""
    is_transaction: bool = False  # several requests together, which may be a journey's
    is_part: bool = False  # of a request that has a row of its own: a redirect, an embedded resource


@dataclass(frozen=True, kw_only=True)
class SampleBatch:
    """One entry per request in every array; with a `phase`, only where that part of its time went."""

    labels: Sequence[RequestLabel]
    label: NDArray[np.int64]  # index into `labels`
    began: NDArray[np.float64]  # s since `started`, or since the beginning of the recording; negative: before that
    took: NDArray[np.int64]  # ns
    status: NDArray[np.int64]  # HTTP; 0: there was no answer
    outcomes: NDArray[np.int64]  # what the tool made of the answer: GOOD, BAD, NOT_SAID or REJECTED
    timed_out: NDArray[np.bool_]  # as far as the tool says
    arm: NDArray[np.int64]  # BASE, HEAD or NO_ARM
    phase: Phase = ""
    started: datetime | None = None  # of the first row, where it says so


@dataclass(frozen=True, kw_only=True)
class ToolReport:
    """What a tool says of its own run besides the requests, once all of them were read."""

    generator: Generator = field(default_factory=Generator)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Row:
    """One endpoint or page of a summary. `metrics` are the reported ones, by perfgate's names, in base units."""

    label: RequestLabel
    requests: int
    failures: int | None = None  # None: not known
    metrics: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # 95 %, where the tool has repetitions
    examples: tuple[str, ...] = ()  # of failures


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a tool computed itself. `duration` in seconds, 0 where it does not say so."""

    rows: Sequence[Row]
    duration: float = 0.0
    started: datetime | None = None
    latency: str = ""  # what its times are, where one tool has several kinds
    is_of_pages: bool = False  # rows are pages of the budget file, requests are views of them
    report: ToolReport = field(default_factory=ToolReport)


@dataclass(frozen=True, kw_only=True)
class RecordingSource:
    """A recording on disk. `name` is what people call it. `columns`: the names of a table's columns by ours, where they
    differ; `unit`: seconds that a time of one is, where the format does not say so."""

    path: Path
    name: str
    columns: Mapping[str, str] = field(default_factory=dict)
    unit: float | None = None

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """What was written into it, as decoding has it. Raises RecordError when it cannot be read."""
        try:
            with self.path.open("rb") as file:
                yield decoding.decoded(file)
        except decoding.DAMAGED as error:
            raise RecordError(
                f"{self.name} is damaged: {error}", hint="It may be cut off: copy it again.", code="PG-R003"
            ) from error
        except OSError as error:
            raise RecordError(f"Cannot read {self.name}: {error.strerror or error}", code="PG-R001") from error


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """How many lines of a recording may be bad: a number, or a share of all lines."""

    share: float = 0.001
    number: int = 0

    def allows(self, bad: int, lines: int) -> bool:
        return bad <= max(self.number, int(self.share * lines))


@dataclass(kw_only=True)
class BadLines:
    """Lines of a recording that are not what its format says. They are left out, and told."""

    source: RecordingSource
    tolerance: Tolerance = field(default_factory=Tolerance)
    lines: int = 0  # read so far
    number: int = 0
    mistakes: list[tuple[int, str]] = field(default_factory=list)  # the first of them, with their lines

    def add(self, line: int, what: str) -> None:
        self.number += 1
        if len(self.mistakes) <= MAX_SHOWN:
            self.mistakes.append((line, what))

    def check(self, hint: str) -> None:
        """Raises UsageError when there are too many."""
        if self.number and not self.tolerance.allows(self.number, self.lines):
            more = "" if 2 * self.number > self.lines else f"\nTo leave out so many: --max-bad {self.number}"
            raise mistaken(self.source, self.mistakes, hint=f"{hint}{more}")


class Importer(Protocol):
    """One format of recordings."""

    @property
    def latency(self) -> str:
        """What its times are. Runs of different definitions are never compared."""

    @property
    def lacks(self) -> Sequence[str]:
        """What the gate or a budget would like to have and the format does not hold, to be said after "no"."""

    @property
    def hint(self) -> str:
        """What a file of this format looks like, and how the tool writes it."""

    @property
    def has_hops(self) -> bool:
        """Whether a request that was redirected is several: each hop one."""

    def recognizes(self, beginning: bytes) -> bool:
        """Whether a file that begins like this (some kB, unpacked) is of this format."""

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[SampleBatch | ToolReport | Summary]:
        """Everything recorded, in parts, and what the tool says of its run; or one Summary. Lines that are wrong are
        added to `bad`. Raises UsageError for what makes the whole file useless, RecordError if unreadable."""


def mistaken(source: RecordingSource, mistakes: Sequence[tuple[int, str]], *, hint: str) -> UsageError:
    """The error that tells mistakes as (line, what is wrong)."""
    lines = [f"{source.name}:{line}: {what}" for line, what in mistakes[:MAX_SHOWN]]
    return UsageError("\n".join([*lines, *(["..."] if len(mistakes) > MAX_SHOWN else [])]), hint=hint, code="PG-I002")


def second_header(source: RecordingSource, line: int) -> UsageError:
    """The error that refuses a file of two recordings, however few of its lines are bad."""
    return mistaken(source, [(line, SECOND_HEADER)], hint="One file per recording.")


def useless(source: RecordingSource, what: str, *, hint: str) -> UsageError:
    """The error that tells what is wrong with a whole file."""
    return UsageError(f"{source.name}: {what}", hint=hint, code="PG-I001")
