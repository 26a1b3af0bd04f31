"""Parquet with the columns of the CSV (csv_samples.py): t, endpoint, ms, status, and arm for an A/B test.

It is read by pyarrow, which perfgate does not bring along.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import pandas as pd

from perfgate.measure.importers import blocks, csv_samples, dates
from perfgate.measure.importers.samples import BadLines, RecordingSource, SampleBatch, useless

BATCH_ROWS = 500_000  # at a time
HINT = "Expected: the columns t (s since the start, Unix time or a timestamp), endpoint, ms and status (and arm)."


class Parquet:
    """See Importer."""

    latency = "as recorded in the Parquet file"
    lacks = ("runner probe", "health of the load generator", "response sizes", "times to the first byte")
    hint = HINT
    has_hops = False

    def recognizes(self, beginning: bytes) -> bool:
        return beginning.startswith(b"PAR1")

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[SampleBatch]:
        """Rows are counted as lines. A bad one spoils its part, for no text shows which it is."""
        if find_spec("pyarrow") is None:
            raise useless(
                source, "reading Parquet needs pyarrow", hint="pip install 'perfgate[parquet]', or write CSV."
            )
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile

        try:
            file = ParquetFile(source.path)
            names = file.schema_arrow.names
            positions = blocks.located(source, names, csv_samples.NEEDED, ("arm",), HINT)
            ours = {names[at]: name for name, at in positions.items()}
            table = csv_samples.CsvTable(source)
            for batch in file.iter_batches(BATCH_ROWS, columns=[names[at] for at in positions.values()]):
                frame = batch.to_pandas()
                frame.columns = [ours[name] for name in frame.columns]
                bad.lines += len(frame)
                for name in frame.columns:
                    frame[name] = _read(frame[name], name)
                yield table.convert(frame)
        except (ArrowException, ValueError, TypeError) as error:
            raise useless(source, f"not the rows expected: {error}", hint=HINT) from error


def _read(column: pd.Series, name: str) -> pd.Series:
    """A column as that of the CSV is read. Raises ValueError or TypeError."""
    if name == "t":
        return seconds_of(column)
    if name == "ms":
        return column.astype("float64")
    return column.astype(object).where(column.notna(), "").astype(str).astype("category")


def seconds_of(column: pd.Series) -> pd.Series:
    """Numbers as they are; dates, also as texts, in s since 1970. Raises ValueError or TypeError."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return (column - pd.Timestamp(0, tz=column.dt.tz)) / pd.Timedelta(seconds=1)
    if len(column) and dates.looks_dated(str(column.iloc[0])):
        return pd.Series(dates.unix_times([str(text) for text in column]), column.index)
    return column.astype("float64")
