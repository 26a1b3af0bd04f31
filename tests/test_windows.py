"""The file of windows: what is written is read, and what cannot be read is an error and never less data."""

from __future__ import annotations

import gzip
import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perfgate import windows
from perfgate.model.errors import RecordError
from perfgate.windows import Window

counts = st.integers(0, 10**12)
latencies = st.lists(st.integers(0, 60 * 10**9), max_size=20)
keys = st.tuples(st.sampled_from(["endpoint", "journey"]), st.text(max_size=20), st.integers(-100, 10_000))


@st.composite
def some_window(draw) -> Window:
    window = Window()
    window.successes, window.bytes = draw(counts), draw(counts)
    window.failures = draw(st.dictionaries(st.text(max_size=10), counts, max_size=4))
    for part in (window.latency, window.service, window.first_byte):
        for value in draw(latencies):
            part.add(value)
    return window


def make_window(*nanoseconds: int, failures: dict[str, int] | None = None) -> Window:
    window = Window()
    window.successes, window.bytes, window.failures = len(nanoseconds), 100 * len(nanoseconds), failures or {}
    for value in nanoseconds:
        window.latency.add(value)
        window.service.add(value // 2)
        window.first_byte.add(value // 4)
    return window


def content(window: Window) -> list:
    """Everything that is in a window, to compare."""
    parts = [part.freeze() for part in (window.latency, window.service, window.first_byte)]
    return [*parts, window.successes, window.bytes, window.failures]


@pytest.fixture
def file(tmp_path):
    """A file of 400 windows."""
    values = random.Random(3)
    path = tmp_path / "windows.jsonl.gz"
    many = {("endpoint", f"e{n % 4}", n // 4): make_window(*values.choices(range(10**9), k=20)) for n in range(400)}
    windows.write(path, many, duration=100.0)
    return path


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(keys, some_window(), max_size=6))
def test_what_is_written_is_read(tmp_path, written):
    path = tmp_path / "windows.jsonl.gz"
    windows.write(path, written, duration=12.5)
    read = list(windows.read(path))
    assert {key: content(window) for key, window in read} == {key: content(window) for key, window in written.items()}
    assert [key[2] for key, _ in read] == sorted(key[2] for key in written)
    assert list(tmp_path.iterdir()) == [path]


@given(some_window())
def test_windows_travel_as_plain_data(window):
    assert content(Window.unpack(json.loads(json.dumps(window.pack())))) == content(window)


@settings(max_examples=30)
@given(st.lists(st.tuples(keys, some_window()), max_size=8), st.randoms())
def test_windows_add_up_in_any_order(parts, order):
    def merged(pairs) -> dict:
        whole: dict = {}
        windows.merge_into(whole, [(key, Window.unpack(window.pack())) for key, window in pairs])
        return {key: content(window) for key, window in whole.items()}

    shuffled = list(parts)
    order.shuffle(shuffled)
    assert merged(shuffled) == merged(parts)


def test_the_header_says_what_the_file_is(file):
    with gzip.open(file, "rt") as lines:
        assert json.loads(lines.readline()) == {"format": "perfgate-windows", "schema": 1, "duration": 100.0}


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(RecordError, match=r"Cannot read .*gone"):
        list(windows.read(tmp_path / "gone"))


@pytest.mark.parametrize("part", [0.0, 0.01, 0.5, 0.99])
def test_a_cut_off_file_is_an_error(file, part):
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(RecordError):
        list(windows.read(file))


@pytest.mark.parametrize("part", [0.02, 0.3, 0.7, 0.999])
def test_a_corrupt_file_is_an_error(file, part):
    data = bytearray(file.read_bytes())
    at = int(len(data) * part)
    data[at : at + 8] = bytes(value ^ 0x5A for value in data[at : at + 8])
    file.write_bytes(bytes(data))
    with pytest.raises(RecordError):
        list(windows.read(file))


def test_a_file_that_is_not_gzipped_is_an_error(tmp_path):
    path = tmp_path / "windows.jsonl.gz"
    path.write_text('{"format": "perfgate-windows", "schema": 1}\n')
    with pytest.raises(RecordError, match=r"windows\.jsonl\.gz"):
        list(windows.read(path))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "null",
        "[]",
        '"perfgate-windows"',
        '{"format": "perfgate-windows", "schema": 2}',
        '{"format": "x", "schema": 1}',
    ],
)
def test_another_header_is_an_error(tmp_path, header):
    path = tmp_path / "windows.jsonl.gz"
    path.write_bytes(gzip.compress(header.encode()))
    with pytest.raises(RecordError, match="not a file of perfgate's windows"):
        list(windows.read(path))


GOOD_LINE = {
    "kind": "endpoint",
    "endpoint": "search",
    "second": 3,
    "successes": 1,
    "failures": {"status": 2},
    "bytes": 10,
    "latency": ["7:1", 7, 7, 7],
    "service_time": ["7:1", 7, 7, 7],
    "first_byte": ["7:1", 7, 7, 7],
}


def line_file(path, text: str):
    header = json.dumps({"format": "perfgate-windows", "schema": 1, "duration": 1})
    path.write_bytes(gzip.compress(f"{header}\n{text}\n".encode()))
    return path


def test_a_good_line(tmp_path):
    [(key, window)] = windows.read(line_file(tmp_path / "w", json.dumps(GOOD_LINE)))
    assert key == ("endpoint", "search", 3)
    assert (window.successes, window.failures, window.latency.total) == (1, {"status": 2}, 7)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": 1},
        {"endpoint": None},
        {"second": "3"},
        {"second": 3.5},
        {"successes": "1"},
        {"successes": -1},
        {"failures": ["status"]},
        {"failures": {"status": "many"}},
        {"bytes": None},
        {"latency": 5},
        {"latency": []},
        {"latency": [5, 7, 7, 7]},
        {"latency": ["7:1", "7", 7, 7]},
        {"latency": ["7:1", 7, 7]},
        {"latency": ["7:x", 7, 7, 7]},
        {"latency": ["7:1", 7, 7, float("nan")]},
    ],
    ids=str,
)
def test_a_line_of_another_shape_is_an_error(tmp_path, change):
    path = line_file(tmp_path / "w", json.dumps(GOOD_LINE | change))
    with pytest.raises(RecordError, match="cut off or corrupt"):
        list(windows.read(path))


@pytest.mark.parametrize("text", ["{", "[1, 2]", "7", "null", "", "\xff", "[" * 100_000])
def test_a_line_that_is_no_window_is_an_error(tmp_path, text):
    with pytest.raises(RecordError, match="cut off or corrupt"):
        list(windows.read(line_file(tmp_path / "w", text)))


@pytest.mark.parametrize("missing", GOOD_LINE)
def test_a_missing_key_is_an_error(tmp_path, missing):
    line = {key: value for key, value in GOOD_LINE.items() if key != missing}
    with pytest.raises(RecordError, match=missing):
        list(windows.read(line_file(tmp_path / "w", json.dumps(line))))
