"""Layers add up: to the metric, and to its difference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from perfgate.diagnose import attribution
from perfgate.model.diagnosis import ALL_LAYERS, LAYERS, Layer
from perfgate.model.metric import LATENCY_QUANTILES

SECONDS = st.floats(0, 10, allow_nan=False)
ROWS = st.lists(st.tuples(SECONDS, SECONDS, SECONDS), min_size=1, max_size=60)


def some(rows: list[tuple[float, float, float]], rounds: list[int] | None = None) -> attribution.Parts:
    layers: tuple[Layer, ...] = ("database", "application", "unattributed")
    return attribution.parts([dict(zip(layers, row, strict=True)) for row in rows], rounds or ())


def test_there_are_exactly_the_published_layers():
    published = "network queue application database cache external serialisation download runner unattributed".split()

    assert list(LAYERS) == published
    assert [layer for layer in ALL_LAYERS if layer not in LAYERS] == ["frontend", "backend", "third party"]  # of pages


@pytest.mark.parametrize("metric", ["p50", "p95", "mean"])
@given(rows=ROWS)
@settings(max_examples=40, deadline=None)
def test_layers_add_up_to_the_metric(metric: str, rows: list[tuple[float, float, float]]):
    parts = some(rows)
    totals = np.array([sum(row) for row in rows])
    n, q = len(rows), LATENCY_QUANTILES.get(metric, 0.0)
    steps = np.diff(beta.cdf(np.arange(n + 1) / n, (n + 1) * q, (n + 1) * (1 - q))) if q else np.full(n, 1 / n)
    whole = steps @ np.sort(totals)

    assert attribution.contributions(parts.seconds, metric).sum() == pytest.approx(whole, abs=1e-9)


@given(head=ROWS, base=ROWS)
@settings(max_examples=15, deadline=None)
def test_changes_add_up_to_the_difference(
    head: list[tuple[float, float, float]], base: list[tuple[float, float, float]]
):
    layers = attribution.split(some(head), some(base), "p95")
    values = [attribution.contributions(some(rows).seconds, "p95").sum() for rows in (head, base)]

    assert sum(one.change or 0 for one in layers) == pytest.approx(values[0] - values[1], abs=1e-9)
    assert all((one.change or 0) == pytest.approx(one.now - (one.baseline or 0), abs=1e-12) for one in layers)


@given(rows=ROWS, random=st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_the_order_of_the_requests_does_not_matter(rows: list[tuple[float, float, float]], random):  # type: ignore[no-untyped-def]
    mixed = list(rows)
    random.shuffle(mixed)
    whole = attribution.contributions(some(rows).seconds, "p95").sum()

    assert attribution.contributions(some(mixed).seconds, "p95").sum() == pytest.approx(whole, abs=1e-12)


def test_the_layer_that_moved_comes_first_and_its_interval_leaves_out_zero():
    random = np.random.default_rng(3)
    noise = [tuple(row) for row in random.exponential(0.01, (300, 3))]
    slower = [(row[0] + 0.1, row[1], row[2]) for row in (tuple(r) for r in random.exponential(0.01, (300, 3)))]

    layers = attribution.split(some(slower), some(noise), "p95")  # type: ignore[arg-type]

    assert layers[0].layer == "database"
    assert layers[0].change == pytest.approx(0.1, abs=0.02)
    assert layers[0].interval is not None
    assert 0 < layers[0].interval[0] <= (layers[0].change or 0) <= layers[0].interval[1]


def test_what_differs_between_rounds_widens_the_interval():
    rows = [(0.1, 0.0, 0.0)] * 50 + [(0.2, 0.0, 0.0)] * 50

    [mixed] = attribution.split(some(rows), None, "mean")
    [rounds] = attribution.split(some(rows, [0] * 50 + [1] * 50), None, "mean")

    assert mixed.interval is not None
    assert rounds.interval is not None
    assert rounds.interval[1] - rounds.interval[0] > 3 * (mixed.interval[1] - mixed.interval[0])


def test_without_a_base_there_are_parts_and_no_changes():
    [layer] = attribution.split(some([(0.1, 0.0, 0.0)] * 5), None, "p95")

    assert (layer.layer, layer.baseline, layer.change) == ("database", None, None)
    assert layer.now == pytest.approx(0.1)


def test_without_samples_there_are_no_layers():
    assert attribution.split(some([]), None, "p95") == ()
