"""`probe.csv.gz` of a run folder: what each sample of the reference workload took."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from perfgate.model.errors import RecordError

COLUMNS = ["t", "ms"]


@dataclass(frozen=True)
class Sample:
    at: float  # s after the start of the measured time; negative during the warm-up
    took: float  # s


def write(path: Path, samples: Iterable[Sample]) -> None:
    """Raises RecordError when it cannot be written."""
    try:
        with gzip.open(path, "wt", encoding="ascii", newline="") as file:
            table = csv.writer(file)
            table.writerow(COLUMNS)
            table.writerows((f"{sample.at:.4f}", f"{sample.took * 1000:.4f}") for sample in samples)
    except OSError as error:
        raise RecordError(f"Cannot write {path}: {error.strerror}", code="PG-R002") from error


def read(path: Path) -> tuple[Sample, ...]:
    """Raises RecordError when it is missing or not such a file."""
    try:
        with gzip.open(path, "rt", encoding="ascii", newline="") as file:
            rows = csv.reader(file)
            if next(rows, None) != COLUMNS:
                raise ValueError(f"its columns are not {' and '.join(COLUMNS)}")
            return tuple(Sample(float(at), float(ms) / 1000) for at, ms in rows)
    except (OSError, EOFError, ValueError) as error:
        raise RecordError(f"Cannot read the runner probe's {path}: {error}", code="PG-R001") from error
