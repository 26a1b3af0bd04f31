"""What every importer makes of a recording: requests by columns, some hundred thousand at a time."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from perfgate.model.errors import RecordError, UsageError

BASE, HEAD, NO_ARM = 0, 1, -1
ARMS = {"base": BASE, "a": BASE, "head": HEAD, "b": HEAD}  # as people write them, in any case
GOOD, BAD, NOT_SAID = 1, 0, -1
MISTAKES = 10  # told at once
LONGEST = 86_400_000  # ms: a request that took over a day was written in another unit

Phase = Literal["", "service", "first_byte", "download", "connect", "tls"]


class Label(NamedTuple):
    """How a recording names a request. `url` and `method` are empty where it has only a name."""

    name: str
    method: str = ""
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Samples:
    """One entry per request in every array; with a `phase`, only where that part of its time went."""

    labels: Sequence[Label]
    label: NDArray[np.int64]  # index into `labels`
    began: NDArray[np.float64]  # s since the beginning of the recording
    took: NDArray[np.int64]  # ns
    status: NDArray[np.int64]  # HTTP; 0: there was no answer
    said: NDArray[np.int64]  # what the tool made of the answer: GOOD, BAD or NOT_SAID
    timed_out: NDArray[np.bool_]  # as far as the tool says
    arm: NDArray[np.int64]  # BASE, HEAD or NO_ARM
    phase: Phase = ""
    started: datetime | None = None  # when the recording began, where it says so


@dataclass(frozen=True, kw_only=True)
class Source:
    """A recording on disk. `name` is what people call it."""

    path: Path
    name: str

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Its bytes, unpacked when they are gzip's, whatever the name. Raises RecordError when it cannot be read."""
        try:
            with self.path.open("rb") as raw:
                packed = raw.read(2) == b"\x1f\x8b"
                raw.seek(0)
                yield cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if packed else raw
        except (EOFError, gzip.BadGzipFile) as error:
            raise RecordError(f"{self.name} is damaged: {error}", hint="It may be cut off: copy it again.") from error
        except OSError as error:
            raise RecordError(f"Cannot read {self.name}: {error.strerror or error}") from error


class Importer(Protocol):
    """One format of recordings."""

    @property
    def latency(self) -> str:
        """What its times are. Runs of different definitions are never compared."""

    @property
    def lacks(self) -> Sequence[str]:
        """What the gate or a budget would like to have and the format does not hold, to be said after "no"."""

    @property
    def has_hops(self) -> bool:
        """Whether a request that was redirected is several: each hop one."""

    def read(self, source: Source) -> Iterator[Samples]:
        """Everything recorded, in parts. Raises UsageError with the lines of mistakes, RecordError if unreadable."""


def mistaken(source: Source, mistakes: Sequence[tuple[int, str]], *, hint: str) -> UsageError:
    """The error that tells mistakes as (line, what is wrong)."""
    lines = [f"{source.name}:{line}: {what}" for line, what in mistakes[:MISTAKES]]
    return UsageError("\n".join([*lines, *(["..."] if len(mistakes) > MISTAKES else [])]), hint=hint)
