"""Exact samples: all of them while there are few, a fair choice when there are many, in bounded memory."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from perfgate.runtime.record.samples import Samples

A, B = ("endpoint", "a", ""), ("endpoint", "b", "")
SECOND = 10**9


def add(samples: Samples, series, *rows: tuple[float, float, int]) -> None:
    """Rows of seconds, milliseconds and status."""
    samples.add(series, np.rint(np.array(rows) * (1e9, 1e6, 1)).astype(np.int64))


def many(samples: Samples, series, number: int, start: int = 0) -> None:
    """One a millisecond, whose latency is its number in ns."""
    numbers = np.arange(start, start + number)
    samples.add(series, np.column_stack((numbers * 1_000_000, numbers, np.full(number, 200))))


def written(samples: Samples, path: Path, *, warmup: float = 0.0, duration: float = 1e6) -> list[dict[str, str]]:
    samples.write(path / "samples.csv.gz", warmup=warmup, duration=duration)
    with gzip.open(path / "samples.csv.gz", "rt", newline="") as file:
        return list(csv.DictReader(file))


def test_few_requests_are_all_there_in_order(tmp_path):
    samples = Samples()
    add(samples, A, (1.5, 12.345678, 200), (0.25, 3, 0))
    add(samples, B, (0.5, 7, 503))
    add(samples, A, (-1.0, 1, 200), (9.0, 1, 200))  # in the warm-up, and after the end
    assert written(samples, tmp_path, warmup=1.0, duration=9.0) == [
        {"t": "0.000000", "endpoint": "a", "ms": "1.000000", "status": "200"},
        {"t": "1.250000", "endpoint": "a", "ms": "3.000000", "status": "0"},
        {"t": "1.500000", "endpoint": "b", "ms": "7.000000", "status": "503"},
        {"t": "2.500000", "endpoint": "a", "ms": "12.345678", "status": "200"},
    ]
    assert list(tmp_path.iterdir()) == [tmp_path / "samples.csv.gz"]


def test_names_are_quoted_where_they_must_be(tmp_path):
    samples = Samples()
    for name in ('a,"b"', "two\nlines", "ä"):
        add(samples, ("endpoint", name, ""), (1, 1, 200))
    assert {row["endpoint"] for row in written(samples, tmp_path)} == {'a,"b"', "two\nlines", "ä"}


def test_arms_have_a_column(tmp_path):
    samples = Samples()
    add(samples, ("endpoint", "a", "base"), (1, 1, 200))
    add(samples, ("endpoint", "a", "head"), (2, 1, 200))
    assert [(row["endpoint"], row["arm"]) for row in written(samples, tmp_path)] == [("a", "base"), ("a", "head")]


def test_nothing_is_a_file_with_a_header(tmp_path):
    assert written(Samples(), tmp_path) == []


def test_of_many_a_fair_choice_is_kept(tmp_path):
    samples = Samples(limit=2000)
    for part in range(200):
        many(samples, A, 900, start=part * 1000)
        many(samples, B, 100, start=part * 1000 + 900)
    rows = written(samples, tmp_path)
    assert 900 < len(rows) <= 2000  # halved when full
    of_b = sum(row["endpoint"] == "b" for row in rows) / len(rows)
    early = sum(float(row["t"]) < 100 for row in rows) / len(rows)
    # 0.1 and 0.5, give or take five standard deviations
    assert of_b == pytest.approx(0.1, abs=0.05)
    assert early == pytest.approx(0.5, abs=0.085)


def test_several_processes_that_ship_now_and_then(tmp_path):
    """One of them sees ten times as many; all requests must have the same chance all the same."""
    whole = Samples(limit=3000)
    fast, slow = Samples(limit=3000), Samples(limit=3000)
    for part in range(100):
        many(fast, A, 1000, start=part * 1000)
        many(slow, B, 100, start=part * 1000)
        for process in (fast, slow):
            whole.merge(Samples.unpack(process.take().pack()))
    rows = written(whole, tmp_path)
    assert 1300 < len(rows) <= 3000
    share = sum(row["endpoint"] == "b" for row in rows) / len(rows)
    assert share == pytest.approx(1 / 11, abs=0.04)
    assert len({(row["endpoint"], row["t"]) for row in rows}) == len(rows)


def test_what_was_taken_is_not_there_again(tmp_path):
    samples, whole = Samples(), Samples()
    for start in (0, 10):
        many(samples, A, 10, start=start)
        whole.merge(samples.take())
    assert written(samples, tmp_path) == []
    assert [float(row["ms"]) * 1e6 for row in written(whole, tmp_path)] == pytest.approx(range(20))


def test_a_process_ships_less_and_less():
    """What it has sent already counts."""
    samples, shipped = Samples(limit=1000), []
    for part in range(100):
        many(samples, A, 1000, start=part * 1000)
        taken = samples.take()
        shipped.append(len(taken.pack()[2]))
    assert sum(shipped) < 8000 * 40  # of 100,000
    assert sum(shipped[-10:]) < sum(shipped[:10]) / 5


def test_memory_is_bounded_however_many_parts_there_are():
    samples = Samples(limit=1000)
    for part in range(2000):
        many(samples, A, 3, start=part * 3)
    assert len(samples._tables) <= 101 >= len(samples._new)
    assert sum(map(len, samples._tables)) <= 1000


def test_what_is_shipped_is_plain_data():
    samples = Samples()
    many(samples, A, 3)
    line, series, table = samples.take().pack()
    assert json.loads(json.dumps([line, series])) == [1 << 32, [["endpoint", "a", ""]]]
    assert isinstance(table, bytes)
