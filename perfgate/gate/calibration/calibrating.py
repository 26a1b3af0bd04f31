"""A/A runs -> Calibration: how much unchanged code varies here, and what the gate would find and wrongly find.

Nothing is estimated twice: changes, detectable changes and outcomes are those of the gate itself, by judging each run
against the others (history), or an A/B run of two equal services.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import expm1, isfinite, log, log1p, sqrt
from random import Random
from statistics import correlation, median, stdev

import numpy as np

from perfgate.gate.ab import paired
from perfgate.gate.calibration import proposing
from perfgate.gate.comparison import Comparison, results_by_name
from perfgate.gate.history import historical
from perfgate.gate.history.common_mode import centred, common
from perfgate.gate.history.historical import ChangeTest, Key
from perfgate.gate.history.prediction import Array
from perfgate.gate.history.series import sampling_variance
from perfgate.gate.levels import ALPHA, CONFIDENCE
from perfgate.gate.trial import MARGIN, Trial
from perfgate.gate.verdict.comparing import weigh
from perfgate.gate.verdict.deciding import relative
from perfgate.model.budget_file import Criterion, GatePolicy, Kind, Sensitivity
from perfgate.model.calibration import Alarms, Calibration, Explained, Mode, Noise, Reach
from perfgate.model.note import Note
from perfgate.model.outcome import Outcome
from perfgate.model.run import EndpointResult, PastRun, Run
from perfgate.model.verdict import Baseline
from perfgate.stats.distributions import beta_quantile
from perfgate.text.notes import note

CALIBRATED_METRICS = ("p50", "p95")
DURATION_MULTIPLES = (1, 2, 5, 10)  # of the duration
MIN_RUNS = 3  # to know a spread at all
MAX_SUBSETS = 60  # baselines drawn, for all runs together, besides those of all others


@dataclass(frozen=True, kw_only=True)
class Suite:
    """One judging of all endpoints: the evidence for each. `run` is the one that was judged."""

    run: Run
    found: dict[Key, Comparison]


def calibrate(runs: Sequence[Run], pairs: Sequence[Run], policy: GatePolicy) -> Calibration:
    """`runs` (at least MIN_RUNS) and `pairs` (A/B runs, may be none) of unchanged code under the same load."""
    keys = tuple(_measured(runs))
    level = ALPHA / max(1, len(keys))
    tests = {key: ChangeTest(limit=proposing.WANTED_CHANGE, alpha=level) for key in keys}
    past = [PastRun(run=run, outcome=Outcome.PASS) for run in runs]
    whole = [_judged(item, [other for other in past if other is not item], tests) for item in past]
    parts = [*whole, *_against_subsets(past, tests, policy.baseline.min_runs)]
    sides = [_side_by_side(run, keys, level) for run in pairs]
    noise = tuple(_noise(key, runs, whole, sides) for key in keys)
    proposal = proposing.propose(noise, runs[0].duration, policy.floor.time)
    limits = proposing.limits_of(proposal, keys)
    alarms = [_alarms("history", parts, limits, len(runs))]
    alarms += [_alarms("base", sides, limits, len(pairs))] if sides else []
    return Calibration(
        name=runs[0].name,
        started=runs[0].started,
        load=runs[0].conditions.load,
        duration=runs[0].duration,
        runs=len(runs),
        pairs=len(pairs),
        noise=noise,
        explained=tuple(_explained(runs, keys)),
        alarms=tuple(alarms),
        proposal=proposal,
        notes=tuple(_notes(noise, proposal.mode, len(runs), policy.baseline.min_runs)),
    )


def _notes(noise: Sequence[Noise], mode: Mode, runs: int, fewest: int) -> Iterator[Note]:
    if runs - 1 < fewest:
        text = f"The gate asks for {fewest} earlier runs; here each was judged by {runs - 1}. Use --runs {fewest + 1}."
        yield note("PG-C014", text)
    unknown = [item for item in noise if item.reaches[0].of(mode) is None]
    if unknown:
        names = [f"{item.endpoint} {item.metric} ({item.requests})" for item in unknown]
        text = f"Too few requests to know what these would show: {', '.join(names)}. Use a longer --duration."
        yield note("PG-C015", text)


# ---- judging unchanged code


def _measured(runs: Sequence[Run]) -> Iterator[Key]:
    """What every run knows."""
    for endpoint in runs[0].endpoints:
        for metric in CALIBRATED_METRICS:
            if all(_value(run, (endpoint.name, metric)) > 0 for run in runs):
                yield endpoint.name, metric


def _judged(now: PastRun, others: Sequence[PastRun], tests: dict[Key, ChangeTest]) -> Suite:
    baseline = Baseline(branch="", min_runs=1, runs=dict.fromkeys(tests, tuple(others)))
    return Suite(run=now.run, found=historical.comparison(now.run, baseline, tests))


def _against_subsets(past: Sequence[PastRun], tests: dict[Key, ChangeTest], fewest: int) -> Iterator[Suite]:
    """Each run beside others, drawn anew: the smallest baselines that the gate takes."""
    if fewest >= len(past) - 1:
        return
    chance = Random(0)
    for item in past:
        others = [other for other in past if other is not item]
        for _ in range(max(1, MAX_SUBSETS // len(past))):
            yield _judged(item, chance.sample(others, fewest), tests)


def _side_by_side(run: Run, keys: Sequence[Key], level: float) -> Suite:
    base = results_by_name(run.arms[0])
    head = results_by_name(run)
    trial = Trial(alpha=level, duration=run.duration)
    comparisons = {
        key: made
        for key in keys
        if key[0] in base and key[0] in head and (made := paired.compare(base[key[0]], head[key[0]], key[1], trial))
    }
    return Suite(run=run, found=comparisons)


def _alarms(mode: Mode, suites: Sequence[Suite], limits: dict[Key, float], runs: int) -> Alarms:
    """Without a floor: rises however small count."""
    alarmed, outcomes = set(), []
    alarms = 0
    for suite in suites:
        weighed = weigh(suite.found, set(suite.found))
        results = results_by_name(suite.run)
        judged = [
            relative(_criterion(limits[key]), item, 0.0, results[key[0]].requests, Sensitivity())
            for key, item in weighed.items()
        ]
        outcomes += judged
        if Outcome.FAIL in judged:
            alarms += 1
            alarmed.add(suite.run.id)
    return Alarms(
        mode=mode,
        suites=len(suites),
        alarms=alarms,
        findings=len(outcomes),
        passed=sum(outcome in (Outcome.PASS, Outcome.IMPROVED) for outcome in outcomes),
        runs=runs,
        bound=upper_bound(len(alarmed), runs),
    )


def upper_bound(alarms: int, runs: int) -> float:
    """One-sided, exact (Clopper and Pearson 1934); without alarms nearly 3 / runs (the rule of three)."""
    return 1.0 if alarms >= runs else beta_quantile(CONFIDENCE, alarms + 1, runs - alarms)


def _criterion(limit: float) -> Criterion:
    return Criterion(kind=Kind.RELATIVE, limit=limit, text=f"+{limit:.0%}")


# ---- noise


def _noise(key: Key, runs: Sequence[Run], whole: Sequence[Suite], sides: Sequence[Suite]) -> Noise:
    results = [_result(run, key[0]) for run in runs]
    values = [log(_value(run, key)) for run in runs]
    variances = [variance for result in results if isfinite(variance := sampling_variance(result, key[1]))]
    effects = [result.design_effects[key[1]] for result in results if key[1] in result.design_effects]
    between, own = stdev(values), _own(key, runs)
    sampling = sqrt(median(variances)) if variances else None
    return Noise(
        endpoint=key[0],
        metric=key[1],
        level=median(_value(run, key) for run in runs),
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
        endpoint.name for endpoint in runs[0].endpoints if all(_value(run, (endpoint.name, key[1])) > 0 for run in runs)
    ]
    moves = _moves(names, key[1], runs)
    rest = (moves - common(moves))[:, names.index(key[0])]
    return float(rest.std(ddof=1)) if np.isfinite(rest).all() else None


def _moves(names: Sequence[str], metric: str, runs: Sequence[Run]) -> Array:
    """(R, E) logarithms, less each endpoint's median."""
    values = np.array([[log(_value(run, (name, metric))) for name in names] for run in runs])
    level = np.zeros(values.shape, dtype=np.int64)
    return centred(values[0], values, level)[1]


def _explained(runs: Sequence[Run], keys: Sequence[Key]) -> Iterator[Explained]:
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


def _value(run: Run, key: Key) -> float:
    return _result(run, key[0]).metrics.get(key[1], 0.0)
