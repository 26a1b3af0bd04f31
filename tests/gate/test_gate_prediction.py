"""The statistics of the history: calibrated where their assumptions hold, and robust where they do not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from perfgate.gate.history.common_mode import centred, common
from perfgate.gate.history.estimates import t_at
from perfgate.gate.history.prediction import MIN_SD, Past, moderated, predict

RANDOM = np.random.default_rng(11)


def past_of(values: np.ndarray, level: np.ndarray | None = None, sampling: float = 0.0) -> Past:
    return Past(
        values=values,
        level=np.zeros(values.shape, dtype=np.int64) if level is None else level,
        sampling=np.full(values.shape[1], sampling),
    )


def plain(now: np.ndarray, past: Past):
    return predict(now, past, np.zeros_like(now), np.zeros_like(past.values), slope_sd=0.0)


def test_of_one_calm_series_it_is_the_prediction_interval_of_the_textbook():
    values = np.array([0.1, -0.1, 0.05, -0.05, 0.0, 0.08, -0.08, 0.0])[:, None]
    made = plain(np.array([0.3]), past_of(values))
    s, k = values.std(ddof=1), len(values)
    assert made.change == pytest.approx([0.3])
    assert made.variance == pytest.approx([s**2 * (1 + 1 / k)])
    assert made.df == pytest.approx([k - 1])


@pytest.mark.parametrize(("runs", "endpoints"), [(5, 1), (10, 1), (10, 10), (20, 50)])
def test_p_values_of_unchanged_runs_are_calibrated(runs, endpoints):
    """At 1 % at most 1.6 times as many (few runs are judged a little boldly, as weights cost degrees of freedom)."""
    below, tries = 0, 0
    random = np.random.default_rng(7)
    for _ in range(3000 // endpoints):
        spread = 0.05 * np.exp(random.normal(0, 0.3, endpoints))
        values = random.normal(0, 1, (runs + 1, endpoints)) * spread
        made = plain(values[0], past_of(values[1:]))
        p = stats.t.sf(made.t, made.df)
        below += int((p < 0.01).sum())
        tries += endpoints
    assert 0.003 < below / tries < 0.016


def test_variances_are_drawn_together_when_they_are_alike():
    freedom = np.full(20, 4.0)
    alike = 0.01 * RANDOM.chisquare(4, 20) / 4
    pooled, df = moderated(alike, freedom, np.zeros(20))
    assert np.all(df > 20)
    assert pooled.std() < 0.3 * alike.std()


def test_variances_that_differ_stay_apart():
    freedom = np.full(20, 30.0)
    apart = np.array([1e-3] * 10 + [1.0] * 10) * RANDOM.chisquare(30, 20) / 30
    pooled, df = moderated(apart, freedom, np.zeros(20))
    assert np.all(df < 35)
    assert pooled == pytest.approx(apart, rel=0.35)


def test_a_few_equal_runs_are_no_precision():
    made = plain(np.array([0.0]), past_of(np.zeros((5, 1))))
    assert made.variance[0] >= MIN_SD**2


def test_a_variance_is_at_least_half_of_what_the_requests_alone_give():
    made = plain(np.array([0.0]), past_of(RANDOM.normal(0, 1e-3, (5, 1)), sampling=0.04))
    assert made.own_variance[0] >= 0.02


def test_a_stormy_run_neither_moves_the_level_nor_widens_the_interval():
    calm = RANDOM.normal(0, 0.05, (10, 4))
    stormy = calm.copy()
    stormy[3] += RANDOM.normal(2, 1, 4)
    before, after = (plain(np.zeros(4), past_of(values)) for values in (calm, stormy))
    assert after.change == pytest.approx(before.change, abs=0.03)
    assert np.all(after.variance < 2 * before.variance)


def test_an_accepted_change_of_level_resets_the_mean_and_keeps_the_spread():
    old, new = RANDOM.normal(0, 0.05, (15, 4)), RANDOM.normal(1.0, 0.05, (2, 4))
    level = np.array([[0]] * 2 + [[1]] * 15) * np.ones((1, 4), dtype=np.int64)
    made = plain(np.full(4, 1.0), past_of(np.vstack([new, old]), level))
    assert made.change == pytest.approx(np.zeros(4), abs=0.12)
    assert np.sqrt(made.own_variance) == pytest.approx(np.full(4, 0.05), rel=0.4)
    assert np.all(made.df > 12)
    assert made.variance == pytest.approx(made.own_variance * (1 + 1 / made.runs))


def test_slopes_are_learnt_and_doubt_about_them_widens_what_moved_much():
    movement = RANDOM.normal(0, 0.2, (20, 1))
    values = 1.3 * movement + RANDOM.normal(0, 0.02, (20, 1))
    near, far = (
        predict(np.array([1.3 * g]), past_of(values), np.array([g]), movement, slope_sd=0.25) for g in (0.0, 2.0)
    )
    assert far.change == pytest.approx([0.0], abs=0.15)
    assert far.variance[0] > 2 * near.variance[0]


# ---- the common movement


def test_the_common_movement_is_the_median_of_the_others():
    moves = np.array([[0.1, 0.2, 0.9, 0.15, 0.12]])
    expected = [[np.median(np.delete(moves[0], e)) for e in range(5)]]
    assert common(moves) == pytest.approx(np.array(expected))


def test_with_two_others_one_alone_is_not_common():
    assert common(np.array([[0.4, 0.0, 0.01]]))[0] == pytest.approx([0.0, 0.01, 0.0])
    assert common(np.array([[0.4, 0.5, 0.3]]))[0] == pytest.approx([0.3, 0.3, 0.4])


@pytest.mark.parametrize("number", [1, 2])
def test_too_few_endpoints_have_nothing_in_common(number):
    assert np.isnan(common(np.zeros((3, number)))).all()


def test_missing_values_are_not_counted():
    moves = np.array([[0.1, np.nan, 0.2, 0.3, 0.4]])
    assert common(moves)[0] == pytest.approx([0.3, 0.25, 0.3, 0.2, 0.2])


@pytest.mark.parametrize("endpoints", [4, 5, 8, 9])
def test_against_the_plain_definition(endpoints):
    moves = RANDOM.normal(0, 1, (7, endpoints))
    moves[RANDOM.random(moves.shape) < 0.1] = np.nan
    made = common(moves)
    for r, e in np.argwhere(np.isfinite(made)):
        others = np.delete(moves[r], e)
        others = others[np.isfinite(others)]
        if np.isfinite(moves[r]).sum() > 3:
            assert made[r, e] == pytest.approx(np.median(others))


def test_values_are_centred_on_their_own_level():
    past = np.array([[1.0], [1.2], [0.0], [0.2]])
    level = np.array([[0], [0], [1], [1]])
    now, moved = centred(np.array([1.5]), past, level)
    assert now == pytest.approx([0.4])
    assert moved[:, 0] == pytest.approx([-0.1, 0.1, -0.1, 0.1])


def test_quantiles_of_t_are_shared_on_the_safe_side():
    for level in (0.95, 0.975, 0.999):
        for df in (1.0, 3.27, 18.94, 60.0):
            assert -1e-9 <= t_at(level, df) / stats.t.ppf(level, df) - 1 < 0.05
