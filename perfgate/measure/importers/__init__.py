"""Formats of recordings that `perfgate import` reads.

To add a format: one module with a class that does what samples.Importer says, one line in FORMATS, and a recording in
tests/measure/recorded, with what the tool itself reports in tests/measure/test_formats.py.
"""

from __future__ import annotations

from collections.abc import Callable

from perfgate.measure.importers.csv_samples import CsvSamples
from perfgate.measure.importers.k6_stream import K6Stream
from perfgate.measure.importers.pages.lighthouse import Lighthouse
from perfgate.measure.importers.pages.sitespeed import Sitespeed
from perfgate.measure.importers.refusals import refusal
from perfgate.measure.importers.samples import Importer, RecordingSource, useless
from perfgate.measure.importers.streams.gatling_log import GatlingLog
from perfgate.measure.importers.streams.hdr_log import HdrLog
from perfgate.measure.importers.streams.jmeter_xml import JMeterXml
from perfgate.measure.importers.streams.vegeta_json import VegetaJson
from perfgate.measure.importers.summaries.ab import ApacheBench
from perfgate.measure.importers.summaries.artillery import Artillery
from perfgate.measure.importers.summaries.autocannon import Autocannon
from perfgate.measure.importers.summaries.bombardier import Bombardier
from perfgate.measure.importers.summaries.gatling_stats import GatlingStats
from perfgate.measure.importers.summaries.hdr_percentiles import HdrPercentiles
from perfgate.measure.importers.summaries.hey import Hey
from perfgate.measure.importers.summaries.k6_summary import K6Summary
from perfgate.measure.importers.summaries.locust_history import LocustHistory
from perfgate.measure.importers.summaries.locust_json import LocustJson
from perfgate.measure.importers.summaries.locust_stats import LocustStats
from perfgate.measure.importers.summaries.oha import Oha
from perfgate.measure.importers.summaries.taurus import Taurus
from perfgate.measure.importers.summaries.vegeta_report import VegetaReport
from perfgate.measure.importers.summaries.wrk import Wrk
from perfgate.measure.importers.tables.hey_csv import HeyCsv
from perfgate.measure.importers.tables.jmeter_csv import JMeterCsv
from perfgate.measure.importers.tables.k6_csv import K6Csv
from perfgate.measure.importers.tables.parquet import Parquet
from perfgate.measure.importers.tables.vegeta_csv import VegetaCsv
from perfgate.model.errors import UsageError

FORMATS: dict[str, Callable[[], Importer]] = {  # the first that recognizes a file reads it
    "k6": K6Stream,
    "k6-csv": K6Csv,
    "k6-summary": K6Summary,
    "jmeter-csv": JMeterCsv,
    "jmeter-xml": JMeterXml,
    "gatling": GatlingLog,
    "gatling-stats": GatlingStats,
    "vegeta-csv": VegetaCsv,
    "vegeta-json": VegetaJson,
    "vegeta-report": VegetaReport,
    "locust-stats": LocustStats,
    "locust-history": LocustHistory,
    "locust-json": LocustJson,
    "artillery": Artillery,
    "autocannon": Autocannon,
    "bombardier": Bombardier,
    "hey-csv": HeyCsv,
    "oha": Oha,
    "hey": Hey,
    "wrk": Wrk,
    "ab": ApacheBench,
    "taurus": Taurus,
    "lighthouse": Lighthouse,
    "sitespeed": Sitespeed,
    "hdr-log": HdrLog,
    "hdr-percentiles": HdrPercentiles,
    "parquet": Parquet,
    "csv": CsvSamples,
}
BEGINNING = 1 << 18  # bytes that tell a format


def format_of(source: RecordingSource) -> str:
    """The format that a file has by its content. Raises UsageError when it is none, or one that holds too little."""
    with source.opened() as stream:
        beginning = stream.read(BEGINNING).removeprefix(b"\xef\xbb\xbf")
    if no := refusal(beginning):
        raise useless(source, no.why, hint=no.instead)
    for name, build in FORMATS.items():
        if build().recognizes(beginning):
            return name
    raise useless(source, "not a format that is known by its content", hint=f"Known (--format): {', '.join(FORMATS)}.")


def importer(name: str) -> Importer:
    """Raises UsageError when there is no such format."""
    if name not in FORMATS:
        raise UsageError(
            f"--format {name}: there is no such format", hint=f"Known: {', '.join(FORMATS)}", code="PG-U002"
        )
    return FORMATS[name]()
