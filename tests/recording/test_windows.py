"""The file of windows: what is written is read, and what cannot be read is an error and never less data."""

from __future__ import annotations

import gzip
import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perfgate.model.errors import RecordError
from perfgate.recording import windows
from perfgate.recording.windows import PHASES, Phases, Record, Window

counts = st.integers(0, 10**12)
latencies = st.lists(st.integers(0, 60 * 10**9), max_size=20)
kinds, names = st.sampled_from(["endpoint", "journey"]), st.text(max_size=20)
arms = st.sampled_from(["", "base", "head"])
keys = st.tuples(kinds, names, arms, st.integers(-100, 10_000))
series = st.tuples(kinds, names, arms)


@st.composite
def some_window(draw) -> Window:
    window = Window()
    window.successes, window.bytes = draw(counts), draw(counts)
    window.failures = draw(st.dictionaries(st.text(max_size=10), counts, max_size=4))
    for value in draw(latencies):
        window.latency.add(value)
    return window


@st.composite
def some_phases(draw) -> Phases:
    phases = Phases()
    for phase in draw(st.sets(st.sampled_from(PHASES))):
        for value in draw(latencies):
            phases.of(phase).add(value)
    return phases


@st.composite
def some_record(draw, width: int = 1) -> Record:
    record = Record(width)
    for key, window in draw(st.dictionaries(keys, some_window(), max_size=6)).items():
        record.add(key, window)
    record.phases = draw(st.dictionaries(series, some_phases(), max_size=3))
    return record


def make_window(*nanoseconds: int, failures: dict[str, int] | None = None) -> Window:
    window = Window()
    window.successes, window.bytes, window.failures = len(nanoseconds), 100 * len(nanoseconds), failures or {}
    for value in nanoseconds:
        window.latency.add(value)
    return window


def content(record: Record) -> tuple:
    """Everything that is in a record, to compare."""
    windows = {
        key: (window.latency.freeze(), window.successes, window.bytes, window.failures)
        for key, window in record.windows.items()
    }
    phases = {one: [phases.of(phase).freeze() for phase in PHASES] for one, phases in record.phases.items()}
    return record.width, windows, phases


@pytest.fixture
def file(tmp_path):
    """A file of 400 windows."""
    values = random.Random(3)
    path = tmp_path / "windows.jsonl.gz"
    record = Record()
    for n in range(400):
        record.add(("endpoint", f"e{n % 4}", "", n // 4), make_window(*values.choices(range(10**9), k=20)))
    windows.write(path, record, duration=100.0)
    return path


@settings(
    max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(some_record() | some_record(width=7))
def test_what_is_written_is_read(tmp_path, written):
    path = tmp_path / "windows.jsonl.gz"
    windows.write(path, written, duration=12.5)
    read = windows.read(path)
    assert content(read) == content(written)
    assert [key[3] for key in read.windows] == sorted(key[3] for key in written.windows)
    assert list(tmp_path.iterdir()) == [path]


@settings(deadline=None)
@given(some_record() | some_record(width=3))
def test_records_travel_as_plain_data(record):
    assert content(Record.unpack(json.loads(json.dumps(record.pack())))) == content(record)


@settings(max_examples=30, deadline=None)
@given(st.lists(some_record(), max_size=5), st.randoms(), st.integers(1, 60))
def test_records_add_up_in_any_order(parts, order, width):
    def merged(records) -> tuple:
        whole = Record(width)
        for record in records:
            whole.merge(Record.unpack(record.pack()))
        return content(whole)

    shuffled = list(parts)
    order.shuffle(shuffled)
    assert merged(shuffled) == merged(parts)


@given(some_record(), st.integers(1, 60))
def test_coarser_windows_hold_the_same(record, width):
    """None of them straddles the beginning of the measured time."""
    coarse = Record(width)
    coarse.merge(Record.unpack(record.pack()))
    assert coarse.requests == record.requests
    assert {
        (kind, name, arm, second // width * width) for kind, name, arm, second in record.windows
    } == coarse.windows.keys()
    for (kind, name, arm, start), window in coarse.windows.items():
        expected = Window()
        for second in range(start, start + width):
            if part := record.windows.get((kind, name, arm, second)):
                expected.merge(part)
        assert window.pack() == expected.pack()
    assert content(coarse)[2] == content(record)[2]


def test_late_requests_are_never_in_one_window_with_measured_ones(tmp_path):
    """A run of 12 s in windows of 5 s: the last measured window would reach into the time after."""
    coarse = Record(5, end=12)
    for second in (0, 9, 10, 11, 12, 14, 15, 20):
        coarse.add(("endpoint", "search", "", second), make_window(second))
    windows.write(tmp_path / "w", coarse, duration=12)
    for record in (coarse, windows.read(tmp_path / "w")):
        assert {key[3]: window.requests for key, window in record.windows.items()} == {0: 1, 5: 1, 10: 2, 15: 3, 20: 1}


@given(some_record(), st.integers(1, 60), st.integers(0, 9_000_000).map(lambda ms: ms / 1000))
def test_windows_begin_on_one_side_of_the_end_and_stay_there(record, width, end):
    coarse = Record(width, end)
    coarse.merge(Record.unpack(record.pack()))
    after = sum(window.requests for key, window in record.windows.items() if key[3] >= end)
    assert sum(window.requests for key, window in coarse.windows.items() if key[3] >= end) == after
    assert all(key[3] % width == 0 for key in coarse.windows)


def test_the_header_says_what_the_file_is(file):
    with gzip.open(file, "rt") as lines:
        assert json.loads(lines.readline()) == {
            "format": "perfgate-windows",
            "schema": 1,
            "duration": 100.0,
            "width": 1,
        }


def test_arms_are_told_apart_where_there_are_any(tmp_path):
    path, record = tmp_path / "windows.jsonl.gz", Record()
    for arm in ("", "base", "head"):
        record.add(("endpoint", "search", arm, 3), make_window(5))
    windows.write(path, record, duration=10.0)
    with gzip.open(path, "rt") as lines:
        _, *written = map(json.loads, lines)
    assert [line.get("arm") for line in written] == [None, "base", "head"]
    assert list(windows.read(path).windows) == [("endpoint", "search", arm, 3) for arm in ("", "base", "head")]


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(RecordError, match=r"Cannot read .*gone"):
        windows.read(tmp_path / "gone")


@pytest.mark.parametrize("part", [0.0, 0.01, 0.5, 0.99])
def test_a_cut_off_file_is_an_error(file, part):
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(RecordError):
        windows.read(file)


@pytest.mark.parametrize("part", [0.02, 0.3, 0.7, 0.999])
def test_a_corrupt_file_is_an_error(file, part):
    data = bytearray(file.read_bytes())
    at = int(len(data) * part)
    data[at : at + 8] = bytes(value ^ 0x5A for value in data[at : at + 8])
    file.write_bytes(bytes(data))
    with pytest.raises(RecordError):
        windows.read(file)


def test_a_file_that_is_not_gzipped_is_an_error(tmp_path):
    path = tmp_path / "windows.jsonl.gz"
    path.write_text('{"format": "perfgate-windows", "schema": 1}\n')
    with pytest.raises(RecordError, match=r"windows\.jsonl\.gz"):
        windows.read(path)


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
        windows.read(path)


GOOD_LINE = {
    "kind": "endpoint",
    "endpoint": "search",
    "second": 3,
    "successes": 1,
    "failures": {"status": 2},
    "bytes": 10,
    "latency": ["7:1", 7, 7, 7],
}
GOOD_PHASES = {
    "kind": "endpoint",
    "endpoint": "search",
    "phases": {phase: ["7:1", 7, 7, 7] for phase in PHASES},
}


def line_file(path, text: str, width: object = 1):
    header = json.dumps({"format": "perfgate-windows", "schema": 1, "duration": 1, "width": width})
    path.write_bytes(gzip.compress(f"{header}\n{text}\n".encode()))
    return path


def test_a_good_line(tmp_path):
    [(key, window)] = windows.read(line_file(tmp_path / "w", json.dumps(GOOD_LINE))).windows.items()
    assert key == ("endpoint", "search", "", 3)
    assert (window.successes, window.failures, window.latency.total) == (1, {"status": 2}, 7)


def test_a_good_line_of_phases(tmp_path):
    [(one, phases)] = windows.read(line_file(tmp_path / "w", json.dumps(GOOD_PHASES))).phases.items()
    assert one == ("endpoint", "search", "")
    assert [phases.of(phase).total for phase in PHASES] == [7] * len(PHASES)


@pytest.mark.parametrize("width", [0, -1, "1", 1.5, None])
def test_a_width_that_is_none_is_an_error(tmp_path, width):
    with pytest.raises(RecordError, match="cut off or corrupt"):
        windows.read(line_file(tmp_path / "w", json.dumps(GOOD_LINE), width))


@pytest.mark.parametrize(
    "change",
    [
        {"kind": 1},
        {"endpoint": None},
        {"phases": {}},
        {"phases": None},
        {"phases": GOOD_PHASES["phases"] | {"tls": ["7:1", "7", 7, 7]}},
        {"phases": GOOD_PHASES["phases"] | {"dns": ["7:1", 7, 7]}},
    ],
    ids=str,
)
def test_a_line_of_phases_of_another_shape_is_an_error(tmp_path, change):
    with pytest.raises(RecordError, match="cut off or corrupt"):
        windows.read(line_file(tmp_path / "w", json.dumps(GOOD_PHASES | change)))


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
        windows.read(path)


@pytest.mark.parametrize("text", ["{", "[1, 2]", "7", "null", "", "\xff", "[" * 100_000])
def test_a_line_that_is_no_window_is_an_error(tmp_path, text):
    with pytest.raises(RecordError, match="cut off or corrupt"):
        windows.read(line_file(tmp_path / "w", text))


@pytest.mark.parametrize("missing", GOOD_LINE)
def test_a_missing_key_is_an_error(tmp_path, missing):
    line = {key: value for key, value in GOOD_LINE.items() if key != missing}
    with pytest.raises(RecordError, match=missing):
        windows.read(line_file(tmp_path / "w", json.dumps(line)))
