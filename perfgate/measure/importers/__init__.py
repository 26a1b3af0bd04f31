"""Formats of recordings that `perfgate import` reads.

To add a format: one module with a class that does what samples.Importer says, one line in FORMATS, and a recording in
tests/measure/recorded, with what the tool itself reports in tests/measure/test_formats.py.
"""

from __future__ import annotations

from pkgutil import resolve_name
from typing import cast

from perfgate.measure.importers.refusals import refusal, unreadable
from perfgate.measure.importers.samples import Importer, RecordingSource, useless
from perfgate.model.errors import UsageError

FORMATS: dict[str, str] = {  # the class of each. The first that recognizes a file reads it
    "k6": "perfgate.measure.importers.k6_stream:K6Stream",
    "k6-csv": "perfgate.measure.importers.tables.k6_csv:K6Csv",
    "k6-summary": "perfgate.measure.importers.k6_summary:K6Summary",
    "k6-dashboard": "perfgate.measure.importers.k6_dashboard:K6Dashboard",
    "jmeter-csv": "perfgate.measure.importers.tables.jmeter_csv:JMeterCsv",
    "jmeter-xml": "perfgate.measure.importers.streams.jmeter_xml:JMeterXml",
    "jmeter-statistics": "perfgate.measure.importers.summaries.jmeter_summaries:JMeterStatistics",
    "jmeter-aggregate": "perfgate.measure.importers.summaries.jmeter_summaries:JMeterAggregate",
    "gatling": "perfgate.measure.importers.streams.gatling_log:GatlingLog",
    "gatling-binary": "perfgate.measure.importers.streams.gatling_binary:GatlingBinary",
    "gatling-stats": "perfgate.measure.importers.summaries.gatling_stats:GatlingStats",
    "vegeta-csv": "perfgate.measure.importers.tables.vegeta_csv:VegetaCsv",
    "vegeta-json": "perfgate.measure.importers.streams.vegeta_json:VegetaJson",
    "vegeta-report": "perfgate.measure.importers.summaries.vegeta_report:VegetaReport",
    "locust-stats": "perfgate.measure.importers.summaries.locust_stats:LocustStats",
    "locust-history": "perfgate.measure.importers.summaries.locust_history:LocustHistory",
    "locust-json": "perfgate.measure.importers.summaries.locust_json:LocustJson",
    "artillery": "perfgate.measure.importers.summaries.artillery:Artillery",
    "autocannon": "perfgate.measure.importers.summaries.autocannon:Autocannon",
    "bombardier": "perfgate.measure.importers.summaries.bombardier:Bombardier",
    "hey-csv": "perfgate.measure.importers.tables.hey_csv:HeyCsv",
    "oha-csv": "perfgate.measure.importers.tables.hey_csv:OhaCsv",
    "oha": "perfgate.measure.importers.summaries.oha:Oha",
    "hey": "perfgate.measure.importers.summaries.hey:Hey",
    "wrk": "perfgate.measure.importers.summaries.wrk:Wrk",
    "ab": "perfgate.measure.importers.summaries.ab:ApacheBench",
    "taurus": "perfgate.measure.importers.summaries.taurus:Taurus",
    "lighthouse": "perfgate.measure.importers.pages.lighthouse:Lighthouse",
    "sitespeed": "perfgate.measure.importers.pages.sitespeed:Sitespeed",
    "hdr-log": "perfgate.measure.importers.streams.hdr_log:HdrLog",
    "hdr-percentiles": "perfgate.measure.importers.summaries.hdr_percentiles:HdrPercentiles",
    "parquet": "perfgate.measure.importers.tables.parquet:Parquet",
    "csv": "perfgate.measure.importers.csv_samples:CsvSamples",
}
WITH_OTHER_COLUMNS = ("csv", "parquet")  # formats whose columns may have other names
WITHOUT_UNITS = (*WITH_OTHER_COLUMNS, "hdr-log", "hdr-percentiles")  # formats that do not say in which unit times are
BEGINNING_BYTES = 1 << 18  # bytes that tell a format


def format_of(source: RecordingSource, format: str = "") -> str:
    """The format that a file has, by its content unless it is named. Raises UsageError when it is none, when it is one
    that holds too little, and for bytes that no format has."""
    with source.opened() as stream:
        beginning = stream.read(BEGINNING_BYTES).removeprefix(b"\xef\xbb\xbf")
    if no := unreadable(beginning) or (None if format else refusal(beginning)):
        raise useless(source, no.why, hint=no.instead)
    for name in (format,) if format else FORMATS:
        if format or importer(name).recognizes(beginning):
            _check_options(source, name)
            return name
    raise useless(source, "not a format that is known by its content", hint=f"Known (--format): {', '.join(FORMATS)}.")


def _check_options(source: RecordingSource, format: str) -> None:
    """Raises UsageError for what a format does not leave open."""
    for option, is_given, formats in (
        ("--columns", bool(source.columns), WITH_OTHER_COLUMNS),
        ("--unit", source.unit is not None, WITHOUT_UNITS),
    ):
        if is_given and format not in formats:
            hint = f"Leave it out; it is for {', '.join(formats)}."
            raise UsageError(f"{option} says nothing of {format}, which says it itself", hint=hint, code="PG-U003")


def importer(name: str) -> Importer:
    """Raises UsageError when there is no such format."""
    if name not in FORMATS:
        raise UsageError(
            f"--format {name}: there is no such format", hint=f"Known: {', '.join(FORMATS)}", code="PG-U002"
        )
    return cast(Importer, resolve_name(FORMATS[name])())
