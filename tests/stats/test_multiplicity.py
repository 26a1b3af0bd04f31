from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from perfgate.stats.multiplicity import benjamini_hochberg, holm

CASES = [
    [0.03],
    [0.01, 0.04, 0.03, 0.005],
    [0.5, 0.5, 0.01],
    [1.0, 0.0, 0.2],
    list(np.random.default_rng(1).random(40)),
]


@pytest.mark.parametrize("p", CASES)
def test_holm_beside_statsmodels(p: list[float]):
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])


@pytest.mark.parametrize("p", CASES)
def test_benjamini_hochberg_beside_statsmodels(p: list[float]):
    assert benjamini_hochberg(p) == pytest.approx(multipletests(p, method="fdr_bh")[1])


def test_nothing_asked_nothing_found():
    assert holm([]) == benjamini_hochberg([]) == []
