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


def _is_gatling_binary(beginning: bytes) -> bool:
    return re.match(rb"\x00\x00\x00\x00.\d+\.\d+", beginning, re.DOTALL) is not None


REFUSALS: Mapping[str, Refusal] = {
    "vegeta gob": Refusal(
        recognizes=_is_gob,
        why="Vegeta's binary results (gob) cannot be read",
        instead="vegeta encode --to csv results.bin > results.csv, and import that.",
    ),
    "gatling binary": Refusal(
        recognizes=_is_gatling_binary,
        why="Gatling's binary simulation.log (since 3.12) cannot be read: its form is private and changes",
        instead="Import js/stats.json from the folder of Gatling's HTML report.",
    ),
    "autocannon table": Refusal(
        recognizes=lambda beginning: "│ Latency │".encode() in beginning,
        why="autocannon's printed table has too few figures",
        instead="autocannon --json URL > result.json, and import that.",
    ),
    "locust failures": Refusal(
        recognizes=lambda beginning: beginning.startswith(
            (b"Method,Name,Error,Occurrences", b"Count,Message,Traceback")
        ),
        why="this file of Locust has failures only",
        instead="Import the file ending in _stats.csv.",
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
    "ab gnuplot": Refusal(
        recognizes=lambda beginning: beginning.startswith((b"starttime\tseconds\t", b"Percentage served,Time in ms")),
        why="ab's -g and -e files have no statuses and no address",
        instead="Import what ab prints: ab -n 1000 -c 4 URL > ab.txt.",
    ),
}


def refusal(beginning: bytes) -> Refusal | None:
    """Why a file that begins like this is refused, if it is."""
    return next((item for item in REFUSALS.values() if item.recognizes(beginning)), None)
