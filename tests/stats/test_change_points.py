"""Change points: found where a level changed, and hardly anywhere else."""

from __future__ import annotations

import numpy as np
import pytest

from perfgate.stats.change_points import MAX_VALUES, change_points


def series(*levels: tuple[int, float], seed: int = 1, noise: float = 0.03) -> list[float]:
    generator = np.random.default_rng(seed)
    return [level * float(np.exp(generator.normal(0, noise))) for runs, level in levels for _ in range(runs)]


def test_a_level_change_is_found_where_it_was():
    (at,) = change_points(series((20, 0.1), (20, 0.12)))
    assert abs(at - 20) <= 1


def test_two_level_changes():
    first, second = change_points(series((20, 0.1), (20, 0.13), (20, 0.1)))
    assert (abs(first - 20) <= 1, abs(second - 40) <= 1) == (True, True)


def test_stormy_runs_are_no_change():
    values = series((40, 0.1))
    for stormy in (5, 6, 19, 33):
        values[stormy] *= 10
    assert change_points(values) == ()


def test_a_change_too_small_to_matter_is_none():
    assert change_points(series((30, 0.1), (30, 0.103), noise=0.002)) == ()


@pytest.mark.parametrize("values", [[], [0.1], [0.1] * 9, [0.1] * 50, [0.0] * 20, [0.0] * 10 + [0.1] * 10])
def test_short_and_constant_series(values):
    assert change_points(values) == ((10,) if 0.1 in values[10:20] and values[0] == 0.0 else ())


def test_unchanged_series_hardly_ever_have_one():
    found = sum(bool(change_points(series((40, 0.1), seed=seed, noise=0.1))) for seed in range(200))
    assert found <= 6  # of 200 at the level of 1 %


def test_the_newest_runs_count_in_a_long_history():
    values = series((MAX_VALUES, 0.1), (50, 0.2))
    (at,) = change_points(values)
    assert abs(at - MAX_VALUES) <= 1
