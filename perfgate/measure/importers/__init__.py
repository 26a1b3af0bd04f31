"""Formats of recordings that `perfgate import` reads.

To add a format: one module with a class that does what samples.Importer says, one line in FORMATS, and a recording in
tests/measure/test_importers.py.
"""

from __future__ import annotations

from collections.abc import Callable

from perfgate.measure.importers.csv_samples import CsvSamples
from perfgate.measure.importers.k6_stream import K6Stream
from perfgate.measure.importers.samples import Importer, Source
from perfgate.model.errors import UsageError

FORMATS: dict[str, Callable[[], Importer]] = {
    "csv": CsvSamples,
    "k6": K6Stream,
}


def format_of(source: Source) -> str:
    """What the first character says: JSON is k6's."""
    with source.opened() as stream:
        beginning = stream.read(100).removeprefix(b"\xef\xbb\xbf").lstrip()
    return "k6" if beginning.startswith(b"{") else "csv"


def importer(name: str) -> Importer:
    """Raises UsageError when there is no such format."""
    if name not in FORMATS:
        raise UsageError(f"--format {name}: there is no such format", hint=f"Known: {', '.join(FORMATS)}")
    return FORMATS[name]()
