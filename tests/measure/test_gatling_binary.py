"""Gatling's binary log, written here as Gatling's own LogFileDataWriter writes it."""

from __future__ import annotations

import struct
from gzip import compress
from pathlib import Path

import pytest
from measure.test_importers import BEGAN, ROWS, imported, plan, unix, written

from perfgate.measure import importers
from perfgate.measure.importers.samples import RecordingSource, Tolerance
from perfgate.model.errors import UsageError
from perfgate.model.plan import Plan

__all__ = ["plan"]
STARTED = round(BEGAN.timestamp() * 1000)
NO_END = -(1 << 63)
USER, GROUP, ERROR, UNKNOWN = b"\2" + bytes(9), b"\3" + bytes(4) + bytes(13), b"\4", b"\7"


class Log:
    """`is_first`: as the first binary logs were, with texts in UTF-8 and without numbers."""

    def __init__(self, *, is_first: bool = False) -> None:
        self._is_first = is_first
        self._numbers: dict[str, int] = {}
        self.content = b"\0" + self.text("3.13.5") + self.text("shop.Sim") + struct.pack(">q", STARTED) + self.text("")
        self.content += struct.pack(">i", 2) + self.text("buyers") + self.text("visitors")
        self.content += struct.pack(">iii", 1, 3, 0)[:8] + b"\1\2\3"  # an assertion

    def text(self, text: str) -> bytes:
        if self._is_first or not text:
            return struct.pack(">i", len(text.encode())) + text.encode()
        is_latin = all(ord(letter) < 256 for letter in text)
        content = text.encode("latin-1" if is_latin else "utf-16-le")
        return struct.pack(">i", len(content)) + content + (b"\0" if is_latin else b"\1")

    def known(self, text: str) -> bytes:
        if self._is_first:
            return self.text(text)
        if text in self._numbers:
            return struct.pack(">i", -self._numbers[text])
        self._numbers[text] = len(self._numbers) + 1
        return struct.pack(">i", self._numbers[text]) + self.text(text)

    def request(self, start: int, end: int, name: str, message: str = "", groups: tuple[str, ...] = ()) -> None:
        times = struct.pack(">ii?", start, (end + (1 << 31)) % (1 << 32) - (1 << 31), not message)
        path = struct.pack(">i", len(groups)) + b"".join(map(self.known, groups))
        self.content += b"\1" + path + self.known(name) + times + self.known(message)

    def error(self, message: str) -> None:
        self.content += ERROR + self.known(message) + bytes(4)


def of_rows(rows: list[tuple[float, str, float, int]], **how: bool) -> bytes:
    log = Log(**how)
    log.content += USER + GROUP
    for t, name, ms, status in rows:
        start = round(unix(t) * 1000) - STARTED
        why = f"status.find.in(200,201), but actually found {status}" if status else "j.n.ConnectException: refused"
        log.request(start, start + round(ms), name, "" if 200 <= status < 400 else why, ("shop", "basket"))
        log.error("Gatling could not build a request: Zähler")
    return log.content


@pytest.mark.parametrize("is_first", [False, True])
def test_the_requests_of_the_log_are_those_of_the_run(tmp_path: Path, plan: Plan, is_first: bool):
    content = of_rows(ROWS, is_first=is_first)
    run = imported(plan, written(tmp_path, content, "simulation.log"))
    packed = imported(plan, written(tmp_path, compress(content)))

    search = next(item for item in run.endpoints if item.name == "search")
    assert (search.requests, search.failures, search.failure_examples) == (3, 1, ("status: 500",))
    assert search.metrics["max"] == pytest.approx(0.020)
    assert (run.started, run.duration) == ("2026-01-05T09:00:00.000+00:00", pytest.approx(1.9, abs=0.002))
    assert "which has no runner probe" in run.warnings[0]
    assert (packed.id, packed.endpoints) == (run.id, run.endpoints)


@pytest.mark.parametrize("name", ["Suche für 10 €", "検索", "search\n\tnow", "Zähler"])
def test_names_may_have_any_letters(tmp_path: Path, name: str):
    log = Log()
    log.request(0, 5, name)
    log.request(9, 20, name)
    path = written(tmp_path, log.content)

    batches = list(importers.importer("gatling-binary").read(RecordingSource(path=path, name="a"), _bad(path)))

    assert [label.name for batch in batches for label in batch.labels] == [name.replace("\n\t", "  ")]
    assert [batch.took.tolist() for batch in batches] == [[5_000_000, 11_000_000]]


def _bad(path: Path) -> importers.samples.BadLines:
    return importers.samples.BadLines(source=RecordingSource(path=path, name=path.name))


def test_a_timeout_and_a_check_that_failed(tmp_path: Path, plan: Plan):
    log = Log()
    log.request(0, 450, "show item", "i.g.h.c.i.RequestTimeoutException: Request timeout to h after 400 ms")
    log.request(1, 21, "show item", "jsonPath($.id).find.exists, found nothing")

    item = imported(plan, written(tmp_path, log.content)).endpoints[0]

    assert (item.requests, item.failures_by_kind) == (2, {"timeout": 1, "expectation": 1})


def test_a_message_that_answers_none_is_no_request(tmp_path: Path, plan: Plan):
    log = Log()
    log.request(0, 5, "search")
    log.request(3, NO_END - STARTED, "search")

    assert imported(plan, written(tmp_path, log.content)).endpoints[1].requests == 1


def test_a_log_that_is_cut_off_ends_before_its_last_record(tmp_path: Path, plan: Plan):
    content = of_rows(ROWS)
    with pytest.raises(UsageError, match=r"recording:11: a record of Gatling is not whole \(the file is cut off"):
        imported(plan, written(tmp_path, content[:-2]))

    for missing in range(1, 60):
        path = written(tmp_path, content[:-missing])
        run = imported(plan, path, tolerance=Tolerance(number=1))
        assert len(ROWS) - 2 <= sum(item.requests for item in run.endpoints) <= len(ROWS)


def test_two_logs_in_one_file_are_refused(tmp_path: Path, plan: Plan):
    with pytest.raises(UsageError, match=r"recording:12: a second header: another recording begins here"):
        imported(plan, written(tmp_path, of_rows(ROWS) * 2), tolerance=Tolerance(number=9))


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (UNKNOWN, "its kind is 7"),
        (b"\1" + struct.pack(">i", -1), "a length or number of -1"),
        (b"\1" + struct.pack(">ii", 0, -99), "no text has the number 99"),
        (b"\4" + struct.pack(">ii", 77, 1 << 30), "a length or number of 1073741824"),
    ],
)
def test_what_is_no_record_is_told(tmp_path: Path, plan: Plan, more: bytes, why: str):
    with pytest.raises(UsageError, match=f"recording:12: not a record of Gatling: {why}") as caught:
        imported(plan, written(tmp_path, of_rows(ROWS) + more), tolerance=Tolerance(number=9))
    assert "js/stats.json" in caught.value.hint


def test_times_that_cannot_be_are_bad_records(tmp_path: Path, plan: Plan):
    log = Log()
    log.request(0, 5, "search")
    log.request(9, 5, "search")

    run = imported(plan, written(tmp_path, log.content), tolerance=Tolerance(number=1))

    assert run.endpoints[1].requests == 1
    assert any("a request of -4 ms" in warning for warning in run.warnings)
