"""What a load tool itself reports of a run: read with as little as possible, and none of it by perfgate's own readers."""

from __future__ import annotations

import csv
import gzip
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

Report = Mapping[str, Mapping[str, float]]  # endpoint -> metric -> ms, and "requests"
K6 = {"p50": "med", "p90": "p(90)", "p95": "p(95)", "p99": "p(99)"}


def _k6(path: Path) -> Report:
    found = {}
    for name in ("a", "b"):
        metrics = json.loads(path.read_text())["metrics"]
        times, counted = metrics[f"http_req_duration{{name:{name}}}"], metrics[f"http_reqs{{name:{name}}}"]
        values, number = times.get("values", times), counted.get("values", counted)["count"]
        found[name] = {metric: values[theirs] for metric, theirs in K6.items()} | {"requests": number}
    return found


def _locust_csv(path: Path) -> Report:
    rows = [row for row in csv.DictReader(path.open()) if row["Name"] != "Aggregated"]
    return {
        row["Name"]: {f"p{p}": float(row[f"{p}%"]) for p in (50, 90, 95, 99)} | {"requests": int(row["Request Count"])}
        for row in rows
    }


LOCUST = """
import json, sys
from locust.stats import calculate_response_time_percentile as percentile
found = {}
for one in json.load(open(sys.argv[1])):
    times = {float(took): count for took, count in one["response_times"].items()}
    found[one["name"]] = {f"p{p}": percentile(times, one["num_requests"], p / 100) for p in (50, 90, 95, 99)}
    found[one["name"]]["requests"] = one["num_requests"]
print(json.dumps(found))
"""


def _locust_json(path: Path) -> Report:
    """By Locust's own function, in a process of its own: it patches the one that it is in."""
    printed = subprocess.run([sys.executable, "-c", LOCUST, str(path)], check=True, capture_output=True, text=True)
    report: Report = json.loads(printed.stdout)
    return report


def _printed(path: Path, pattern: str, scale: float = 1.0, requests: str = "") -> Report:
    text = path.read_text()
    found = {
        f"p{int(float(percent))}": float(value) * scale for percent, value in re.findall(pattern, text, re.MULTILINE)
    }
    counted = re.search(requests, text, re.MULTILINE)
    assert counted
    return {
        "b": {name: found[name] for name in ("p50", "p90", "p95", "p99") if name in found}
        | {"requests": int(counted[1])}
    }


def _autocannon(path: Path) -> Report:
    whole = json.loads(path.read_text())
    return {"b": {p: whole["latency"][p] for p in ("p50", "p90", "p99")} | {"requests": whole["requests"]["total"]}}


def _artillery(path: Path) -> Report:
    times = json.loads(path.read_text())["aggregate"]["summaries"]
    found = {}
    for name in ("a", "b", "fail"):
        one = times[f"plugins.metrics-by-endpoint.response_time./{name}"]
        found[name] = {p: one[p] for p in ("p50", "p90", "p95", "p99")} | {"requests": one["count"]}
    return found


def _taurus(path: Path) -> Report:
    rows = [row for row in csv.DictReader(path.open()) if row["label"]]
    return {
        row["label"][-1]: {f"p{p}": float(row[f"perc_{p}.0"]) * 1000 for p in (50, 90, 95, 99)}
        | {"requests": int(row["succ"]) + int(row["fail"])}
        for row in rows
    }


SUMMARIES = {  # by file
    "k6_handle_summary.json": _k6,
    "k6_summary_export.json": _k6,
    "locust_stats.csv": _locust_csv,
    "locust.json": _locust_json,
    "hey.txt": lambda path: _printed(path, r"^\s+(\d+)% in ([\d.]+) secs", 1000, r"\[200\]\s+(\d+) responses"),
    "wrk.txt": lambda path: _printed(path, r"^\s+(\d+)%\s+([\d.]+)ms", 1, r"(\d+) requests in"),
    "ab.txt": lambda path: _printed(path, r"^\s+(\d+)%\s+(\d+)", 1, r"Complete requests:\s+(\d+)"),
    "autocannon.json": _autocannon,
    "artillery.json": _artillery,
    "taurus.csv": _taurus,
}


def k6_times(path: Path) -> dict[str, list[float]]:
    """All times of its stream, by name, ms."""
    found: dict[str, list[float]] = {}
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    for line in text.splitlines():
        point = json.loads(line)
        if point["type"] == "Point" and point["metric"] == "http_req_duration":
            found.setdefault(point["data"]["tags"]["name"], []).append(point["data"]["value"])
    return found
