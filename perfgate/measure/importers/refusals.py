"""Files that people try and that hold nothing to judge: what to export instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A file that begins so is refused: why, and what to do."""

    recognizes: Callable[[bytes], bool]
    why: str
    instead: str


def _is_gob(beginning: bytes) -> bool:
    return b"\x06Result" in beginning[:64] and b"Attack" in beginning[:200]


K6_REPORT = re.compile(rb'<title>[^<]*\bk6\b[^<]*</title>|<script id="data" [^>]*\bbase64"', re.IGNORECASE)
_HTML = re.compile(rb"\s*<(!doctype html|html)", re.IGNORECASE)
_K6_REWRITTEN = re.compile(rb"\s*(\[|\{\s*\n)")
_K6_POINT = re.compile(rb'"type":\s*"(Point|Metric)"')
_JMETER_ROW = re.compile(rb"(\xef\xbb\xbf)?\d{13}[,;\t|]\d+[,;\t|][^\n]*[,;\t|](true|false)[,;\t|]")

REFUSALS: Mapping[str, Refusal] = {
    "vegeta gob": Refusal(
        recognizes=_is_gob,
        why="Vegeta's binary results (gob) cannot be read",
        instead="vegeta encode --to csv results.bin > results.csv, and import that.",
    ),
    "autocannon table": Refusal(
        recognizes=lambda beginning: "│ Latency │".encode() in beginning,
        why="autocannon's printed table has too few figures",
        instead="autocannon --json URL > result.json, and import that.",
    ),
    "artillery 1": Refusal(
        recognizes=lambda beginning: b'"scenariosCreated"' in beginning and b'"rps"' in beginning,
        why="this report is of Artillery 1, which had other figures",
        instead="Run Artillery 2 with --output report.json, and import that.",
    ),
    "jmeter without header": Refusal(
        recognizes=lambda beginning: _JMETER_ROW.match(beginning) is not None,
        why="this looks like JMeter's results without their header",
        instead="Record with -Jjmeter.save.saveservice.print_field_names=true, or put the header line first: "
        "timeStamp,elapsed,label,responseCode,... in the order of its columns.",
    ),
    "old locust history": Refusal(
        recognizes=lambda beginning: beginning.startswith(b'"Type","Name","Timestamp"'),
        why="this history is of a Locust before 1.0, which had other columns",
        instead="Import the file ending in _stats.csv.",
    ),
    "locust failures": Refusal(
        recognizes=lambda beginning: beginning.startswith(
            (b"Method,Name,Error,Occurrences", b"Count,Message,Traceback")
        ),
        why="this file of Locust has failures only",
        instead="Import the file ending in _stats.csv.",
    ),
    "k6 rewritten": Refusal(
        recognizes=lambda beginning: (
            _K6_REWRITTEN.match(beginning) is not None and _K6_POINT.search(beginning) is not None
        ),
        why="this looks like k6's stream, but not as k6 writes it, with one point per line",
        instead="Import the file of k6 itself, or: jq -c 'if type == \"array\" then .[] else . end' FILE > k6.json",
    ),
    "k6 printed": Refusal(
        recognizes=lambda beginning: re.search(rb"http_req_duration\.{3,}:", beginning) is not None,
        why="k6's printed summary cannot be read",
        instead="k6 run --out json=k6.json script.js (every request), or --summary-export summary.json.",
    ),
    "taurus xml": Refusal(
        recognizes=lambda beginning: b"<FinalStatus" in beginning[:1000],
        why="Taurus' final statistics are read as CSV, not as XML",
        instead="reporting: [{module: final-stats, dump-csv: stats.csv}], and import that.",
    ),
    "vegeta printed": Refusal(
        recognizes=lambda beginning: re.match(rb"Requests\s+\[total, rate", beginning) is not None,
        why="Vegeta's printed report is not read",
        instead="vegeta encode --to csv results.bin (every request), or vegeta report -type json results.bin.",
    ),
    "html": Refusal(
        recognizes=lambda beginning: _HTML.match(beginning) is not None and K6_REPORT.search(beginning) is None,
        why="it is a page of HTML, a report for people",
        instead="Import what the tool recorded: JMeter's .jtl, Gatling's js/stats.json, k6 run --out json=FILE ...",
    ),
    "ab gnuplot": Refusal(
        recognizes=lambda beginning: beginning.startswith((b"starttime\tseconds\t", b"Percentage served,Time in ms")),
        why="ab's -g and -e files have no statuses and no address",
        instead="Import what ab prints: ab -n 1000 -c 4 URL > ab.txt.",
    ),
}
UNREADABLE: Mapping[str, Refusal] = {  # whatever the format
    "empty": Refusal(
        recognizes=lambda beginning: not beginning.strip(b"\0 \t\r\n"),
        why="the file is empty",
        instead="Did the load tool run to its end, and write to this file?",
    ),
    "utf-16": Refusal(
        recognizes=lambda beginning: b"\0" * 20 in (beginning[:40:2], beginning[1:40:2]),
        why="it is in UTF-16, without the mark that says so",
        instead="Save it as UTF-8: iconv -f utf-16 -t utf-8 FILE > NEW",
    ),
    "line ends": Refusal(
        recognizes=lambda beginning: b"\0" not in beginning and b"\r" in beginning and b"\n" not in beginning,
        why="its lines end with a carriage return only, as those of an old Mac",
        instead="tr '\\r' '\\n' < FILE > NEW, and import that.",
    ),
    "archive": Refusal(
        recognizes=lambda beginning: beginning.startswith(b"PK\x03\x04"),
        why="it is a ZIP archive, or a spreadsheet (.xlsx)",
        instead="Unpack it (unzip FILE); save a spreadsheet as CSV.",
    ),
    "tar": Refusal(
        recognizes=lambda beginning: beginning[257:262] == b"ustar",
        why="it is an archive (tar)",
        instead="Unpack it: tar -xf FILE",
    ),
    "packed twice": Refusal(
        recognizes=lambda beginning: beginning.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ")),
        why="it is packed twice",
        instead="Unpack it once: gunzip, bunzip2 or unxz FILE",
    ),
    "packed": Refusal(
        recognizes=lambda beginning: beginning.startswith(b"\x28\xb5\x2f\xfd"),
        why="it is packed with zstd; gzip, bzip2 and xz are read as they are",
        instead="Unpack it: unzstd FILE",
    ),
}


def unreadable(beginning: bytes) -> Refusal | None:
    """Why no format begins like this, if none does."""
    return next((item for item in UNREADABLE.values() if item.recognizes(beginning)), None)


def refusal(beginning: bytes) -> Refusal | None:
    """Why a file that begins like this is refused, if it is."""
    return next((item for item in REFUSALS.values() if item.recognizes(beginning)), None)
