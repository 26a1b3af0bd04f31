"""Noise: how much each metric of unchanged code varies between runs, and what longer runs would show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import expm1, isfinite, log, log1p, sqrt
from statistics import correlation, median, stdev

import numpy as np

from perfgate.gate.calibration.suites import Suite
from perfgate.gate.comparison import results_by_name
from perfgate.gate.history.common_mode import centred, common
from perfgate.gate.history.historical import Key
from perfgate.gate.history.prediction import Array
from perfgate.gate.history.series import sampling_variance
from perfgate.gate.trial import MARGIN
from perfgate.model.calibration import Explained, Noise, Reach
from perfgate.model.run import EndpointResult, Run

DURATION_MULTIPLES = (1, 2, 5, 10)  # of the duration
MIN_RUNS = 3  # to know a spread at all


def noise_of(key: Key, runs: Sequence[Run], whole: Sequence[Suite], sides: Sequence[Suite]) -> Noise:
    results = [_result(run, key[0]) for run in runs]
    values = [log(value_of(run, key)) for run in runs]
    variances = [variance for result in results if isfinite(variance := sampling_variance(result, key[1]))]
    effects = [result.design_effects[key[1]] for result in results if key[1] in result.design_effects]
    between, own = stdev(values), _own(key, runs)
    sampling = sqrt(median(variances)) if variances else None
    return Noise(
        endpoint=key[0],
        metric=key[1],
        level=median(value_of(run, key) for run in runs),
        requests=round(median(result.requests for result in results)),
        between=between,
        own=own,
        sampling=sampling,
        design_effect=median(effects) if effects else None,
        reaches=tuple(_reaches(key, runs[0].duration, whole, sides, (between if own is None else own, sampling))),
    )


def _reaches(
    key: Key, duration: float, whole: Sequence[Suite], sides: Sequence[Suite], spread: tuple[float, float | None]
) -> Iterator[Reach]:
    history, base = _detectable(key, whole), _detectable(key, sides)
    total, sampling = spread
    share = (
        min(1.0, (sampling / total) ** 2) if sampling and total else 0.0
    )  # of the variance, that a longer run lessens
    for times in DURATION_MULTIPLES:
        yield Reach(
            duration=times * duration,
            history=None if history is None else expm1(log1p(history) * sqrt(1 - share + share / times)),
            base=None if base is None else _longer(base, times),
        )


def _longer(reach: float, times: int) -> float:
    """Detectable change of a longer A/B run: beyond the null margin it falls with the root of the time."""
    beyond = max(0.0, log1p(reach) - log1p(MARGIN))
    return expm1(log1p(MARGIN) + beyond / sqrt(times))


def _detectable(key: Key, suites: Sequence[Suite]) -> float | None:
    changes = [suite.found[key].detectable for suite in suites if key in suite.found]
    known = [change for change in changes if isfinite(change) and change > 0]
    return median(known) if known and len(known) >= len(suites) / 2 else None


def _own(key: Key, runs: Sequence[Run]) -> float | None:
    names = [
        endpoint.name
        for endpoint in runs[0].endpoints
        if all(value_of(run, (endpoint.name, key[1])) > 0 for run in runs)
    ]
    moves = _moves(names, key[1], runs)
    rest = (moves - common(moves))[:, names.index(key[0])]
    return float(rest.std(ddof=1)) if np.isfinite(rest).all() else None


def _moves(names: Sequence[str], metric: str, runs: Sequence[Run]) -> Array:
    """(R, E) logarithms, less each endpoint's median."""
    values = np.array([[log(value_of(run, (name, metric))) for name in names] for run in runs])
    level = np.zeros(values.shape, dtype=np.int64)
    return centred(values[0], values, level)[1]


def explained(runs: Sequence[Run], keys: Sequence[Key]) -> Iterator[Explained]:
    names = [name for name, metric in keys if metric == "p50"]
    if not names or len(runs) < MIN_RUNS + 1:
        return
    movement = [float(item) for item in np.median(_moves(names, "p50", runs), axis=1)]
    probes = [run.probe for run in runs if run.probe is not None and run.probe.beside_target and run.probe.p50 > 0]
    if len(probes) == len(runs):
        yield from _follows("probe p50", movement, [log(probe.p50) for probe in probes])
        yield from _follows("probe p95", movement, [log(probe.p95) for probe in probes])
    yield from _follows("cpu pressure", movement, [run.generator.cpu_pressure for run in runs])


def _follows(by: str, movement: Sequence[float], observed: Sequence[float]) -> Iterator[Explained]:
    if len(set(observed)) > 1 and len(set(movement)) > 1:
        yield Explained(by=by, correlation=correlation(observed, movement))


def _result(run: Run, endpoint: str) -> EndpointResult:
    return results_by_name(run).get(endpoint, EndpointResult(name=endpoint))


def value_of(run: Run, key: Key) -> float:
    return _result(run, key[0]).metrics.get(key[1], 0.0)
