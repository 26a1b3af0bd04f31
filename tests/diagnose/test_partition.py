"""Parts of one request add up to its latency, whatever the server tells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfgate.diagnose import summing
from perfgate.diagnose.facts import PassFacts
from perfgate.diagnose.partition import Known, ReplaySample, network_floor, partition, standing_wait
from perfgate.model.diagnosis import Layer
from perfgate.text import server_timing
from perfgate.text.server_timing import ServerTiming

SECONDS = st.floats(0, 5, allow_nan=False)
SEEN: tuple[Layer, ...] = ("queue", "application", "database", "cache", "external", "serialisation")


@pytest.mark.parametrize(
    ("header", "seconds", "calls"),
    [
        ('total;dur=12.5, db;dur=10;desc="n=52"', {"total": 0.0125, "database": 0.010}, {"database": 52}),
        ('db;desc="3 queries";dur=2', {"database": 0.002}, {"database": 3}),
        ("db;dur=1, total;dur=2, db;dur=4", {"database": 0.004, "total": 0.002}, {}),
        ('cdn-cache;desc=HIT, x;dur=3, cache;desc="a, b";dur=1', {"cache": 0.001}, {}),
        ("total;dur=fast, db", {}, {}),
        ("", {}, {}),
    ],
)
def test_server_timing(header: str, seconds: dict[str, float], calls: dict[str, int]):
    timing = server_timing.read(header)

    assert timing.seconds == pytest.approx(seconds)
    assert timing.calls == calls


def test_an_application_may_call_its_metrics_otherwise():
    timing = server_timing.read("app;dur=5, pg;dur=3, db;dur=1", {"total": "app", "database": "pg"})

    assert timing.seconds == pytest.approx({"total": 0.005, "database": 0.003})


@given(
    wait=SECONDS,
    first=SECONDS,
    rest=SECONDS,
    floor=SECONDS,
    counted=SECONDS,
    told=st.dictionaries(st.sampled_from(["total", "cpu", "database", "cache", "external", "serialisation"]), SECONDS),
)
def test_parts_add_up(wait: float, first: float, rest: float, floor: float, counted: float, told: dict[str, float]):
    sample = ReplaySample(wait=wait, first_byte=first, service=first + rest, timing=ServerTiming(seconds=told))

    parts, _ = partition(sample, Known(floor=floor, standing=counted / 3, seen=dict.fromkeys(SEEN, counted)))

    assert sum(parts.values()) == pytest.approx(sample.latency, abs=1e-9)
    assert min(parts.values()) >= 0


@pytest.mark.parametrize(("seen", "shown"), [(0.006, 0.006), (0.001, 0.002), (0.9, 0.009)])
def test_what_a_profile_sees_of_serialising_is_more_than_one_library_of_the_application_says(seen: float, shown: float):
    told = {"total": 0.010, "database": 0.001, "serialisation": 0.002}
    sample = ReplaySample(wait=0, first_byte=0.011, service=0.011, timing=ServerTiming(seconds=told))

    parts, _ = partition(sample, Known(seen={"serialisation": seen}))

    assert parts["serialisation"] == pytest.approx(shown)
    assert parts["application"] == pytest.approx(0.009 - shown, abs=1e-9)
    assert parts["database"] == pytest.approx(0.001)


def test_the_time_outside_the_server_is_the_network_as_far_as_it_is_when_nobody_waits():
    alone = [ReplaySample(wait=0, first_byte=0.011, service=0.011, timing=ServerTiming(seconds={"total": 0.010}))] * 3
    loaded = ReplaySample(wait=0.002, first_byte=0.031, service=0.034, timing=ServerTiming(seconds={"total": 0.010}))

    parts, clipped = partition(loaded, Known(floor=network_floor(alone)))

    assert parts == pytest.approx({"network": 0.003, "queue": 0.020, "application": 0.010, "download": 0.003})
    assert not clipped


def test_without_the_servers_word_nothing_is_invented():
    parts, _ = partition(ReplaySample(wait=0, first_byte=0.050, service=0.060))

    assert parts == pytest.approx({"network": 0, "unattributed": 0.050, "download": 0.010})


def test_what_the_database_itself_counts_is_its_part():
    parts, _ = partition(ReplaySample(wait=0, first_byte=0.050, service=0.050), Known(seen={"database": 0.040}))

    assert parts["database"] == pytest.approx(0.040)
    assert parts["unattributed"] == pytest.approx(0.010)


def test_what_an_application_waits_beyond_computing_and_what_it_always_waits_is_waiting_for_others():
    def sample(total: float) -> ReplaySample:
        timing = ServerTiming(seconds={"total": total, "cpu": 0.004, "database": 0.001})
        return ReplaySample(wait=0, first_byte=total, service=total, timing=timing)

    standing = standing_wait([sample(0.010)] * 3)
    parts, _ = partition(sample(0.050), Known(standing=standing))

    assert standing == pytest.approx(0.005)
    assert parts == pytest.approx(
        {"network": 0, "download": 0, "database": 0.001, "application": 0.009, "queue": 0.040}
    )


def test_a_request_that_needs_no_database_opens_no_connection():
    """The middleware tells of connections only where there was a call."""
    headers = ['total;dur=1, db;dur=0;desc="n=0"'] * 9
    headers += ['total;dur=5, db;dur=4;desc="n=1", db-connect;dur=2;desc="n=1"']

    known = summed(headers)

    assert (known.queries, known.database_connects) == (0.1, 0.1)
    assert known.database_connect_seconds == pytest.approx(0.0002)
    assert (known.cache_connects, summed(headers[:9]).database_connects) == (None, None)


def summed(headers: list[str]) -> PassFacts:
    samples = [
        ReplaySample(wait=0, first_byte=0.010, service=0.010, timing=server_timing.read(header)) for header in headers
    ]
    return summing.facts(samples, [], [], summing.NOTHING)


def test_a_server_that_tells_of_more_time_than_there_was_is_noticed():
    told = ServerTiming(seconds={"total": 0.010, "database": 0.030, "cache": 0.010})

    parts, clipped = partition(ReplaySample(wait=0, first_byte=0.010, service=0.010, timing=told))

    assert clipped
    assert parts["database"] == pytest.approx(0.0075)
