"""A run with restarts: its load cut into parts, and their records joined into one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfgate.loadtest.locust.joining import merge
from perfgate.loadtest.parts import cut, look_times
from perfgate.model.budget_file import LoadProfile, Stage
from perfgate.model.errors import UsageError
from perfgate.model.run import Generator, LoadTest
from perfgate.recording import windows
from perfgate.recording.windows import Phases, Record, Window


def profile(*stages: tuple[float, float], warmup: float = 2.0) -> LoadProfile:
    return LoadProfile(
        model="open", stages=tuple(Stage(level=level, duration=seconds) for level, seconds in stages), warmup=warmup
    )


def told(parts: tuple[LoadProfile, ...]) -> list[list[tuple[float, float]]]:
    return [[(stage.level, stage.duration) for stage in part.stages] for part in parts]


def test_one_part_is_the_whole():
    load = profile((100, 30))
    assert cut(load, 1) == (load,)


@pytest.mark.parametrize(
    ("stages", "number", "expected"),
    [
        ([(100, 30)], 3, [[(100, 10)]] * 3),
        ([(100, 10)], 4, [[(100, 3)], [(100, 2)], [(100, 3)], [(100, 2)]]),
        ([(100, 2.5)], 2, [[(100, 1)], [(100, 1.5)]]),
        ([(50, 4), (100, 6)], 2, [[(50, 4), (100, 1)], [(100, 5)]]),
        ([(50, 5), (100, 5)], 2, [[(50, 5)], [(100, 5)]]),
    ],
)
def test_parts_begin_at_whole_seconds(stages, number, expected):
    assert told(cut(profile(*stages), number)) == expected


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 40)), min_size=1, max_size=4), st.integers(1, 20))
def test_parts_make_up_the_whole(stages, number):
    load = profile(*stages)
    total = sum(seconds for _, seconds in stages)
    if number > total:
        with pytest.raises(UsageError, match=f"{total} s of load cannot be split into {number} parts"):
            cut(load, number)
        return
    parts = cut(load, number)
    assert len(parts) == number
    assert all(part.warmup == load.warmup and part.stages for part in parts)
    for level in {level for level, _ in stages}:
        planned = sum(seconds for one, seconds in stages if one == level)
        assert sum(stage.duration for part in parts for stage in part.stages if stage.level == level) == planned


def window(successes: int) -> Window:
    made = Window()
    made.successes = successes
    for _ in range(successes):
        made.latency.add(1_000_000)
    return made


def load_test(folder: Path, seconds: dict[int, int], **others) -> LoadTest:
    """With so many successes in each second."""
    folder.mkdir()
    record = Record()
    for second, successes in seconds.items():
        record.add(("endpoint", "home", "base", second), window(successes))
    phases = Phases()
    phases.service.add(1_000_000)
    record.add_phases(("endpoint", "home", "base"), phases)
    windows.write(folder / "windows.jsonl.gz", record, duration=2.0)
    values = {"folder": folder, "windows": folder / "windows.jsonl.gz", "started": "2026-01-05T09:00:00Z"}
    return LoadTest(**{**values, "duration": 2.0, "generator": Generator(), **others})


def found(test: LoadTest) -> dict[int, int]:
    return {second: one.successes for (_, _, _, second), one in windows.read(test.windows).windows.items()}


def test_parts_follow_each_other_without_a_pause(tmp_path):
    parts = [
        load_test(tmp_path / "1", {-1: 10, 0: 1, 1: 2, 2: 100}),
        load_test(tmp_path / "2", {-1: 10, 0: 3, 1: 4, 3: 100}, started="2026-01-05T09:01:00Z"),
    ]
    whole = merge(parts, tmp_path)
    assert (whole.duration, whole.restarts, whole.started) == (4.0, 1, "2026-01-05T09:00:00Z")
    assert found(whole) == {-1: 20, 0: 1, 1: 2, 2: 3, 3: 4, 4: 200}
    [phases] = windows.read(whole.windows).phases.values()
    assert phases.service.total == 2_000_000


def test_what_came_after_a_part_never_counts_in_a_run_cut_short(tmp_path):
    parts = [
        load_test(tmp_path / "1", {0: 1, 1: 2, 2: 100}),
        load_test(tmp_path / "2", {0: 3, 1: 5}, duration=1.4, interrupted=True),
    ]
    whole = merge(parts, tmp_path)
    assert whole.interrupted
    assert whole.duration == 3.4
    assert found(whole) == {-1: 100, 0: 1, 1: 2, 2: 3, 3: 5}


def test_counts_add_up_and_the_worst_part_tells_of_the_generator(tmp_path):
    parts = [
        load_test(tmp_path / "1", {0: 1}, generator=Generator(due=10, sent=9, cpu=0.2, users=4, cpu_stolen=0.4)),
        load_test(
            tmp_path / "2",
            {0: 1},
            generator=Generator(due=20, sent=20, cpu=0.1, users=6, lateness_p99=0.02),
            failure_examples={"home": ("status: 500",)},
            warnings=("one",),
            unfinished=2,
        ),
    ]
    whole = merge(parts, tmp_path)
    health = whole.generator
    assert (health.due, health.sent, health.cpu, health.users) == (30, 29, 0.2, 6)
    assert (health.lateness_p99, health.cpu_stolen) == (0.02, 0.2)
    assert (whole.failure_examples, whole.warnings, whole.unfinished) == ({"home": ("status: 500",)}, ("one",), 2)


def test_one_part_is_left_as_it_is(tmp_path):
    alone = load_test(tmp_path / "1", {0: 1})
    assert merge([alone], alone.folder) is alone


def test_one_part_of_possibly_several_is_told_by_the_run_folder(tmp_path):
    alone = load_test(tmp_path / "1", {0: 1, 1: 2})
    whole = merge([alone], tmp_path)
    assert (whole.folder, whole.duration, whole.restarts) == (tmp_path, 2.0, 0)
    assert found(whole) == {0: 1, 1: 2}


@pytest.mark.parametrize(
    ("extend", "restarts", "times"),
    [(0, 0, (1,)), (31, 0, (1,)), (32, 0, (1, 2)), (320, 0, (1, 2, 4, 11)), (67, 1, (1, 2)), (68, 1, (1, 2, 3))],
)
def test_looks_double_the_load_as_long_as_the_time_lasts(extend, restarts, times):
    assert look_times(profile((100, 30)), restarts=restarts, extend=extend) == times


@pytest.mark.parametrize(
    ("longest", "times"),
    [(60, (1, 2)), (89, (1, 2)), (90, (1, 2, 3)), (120, (1, 2, 4)), (150, (1, 2, 5)), (180, (1, 2, 4, 6))],
)
def test_a_range_of_time_counts_measured_seconds_only(longest, times):
    assert look_times(replace(profile((100, 30)), longest=longest), restarts=1, extend=0) == times
