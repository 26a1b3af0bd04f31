"""A/A runs -> Calibration: how much unchanged code varies here, and what the gate would find and wrongly find.

Nothing is estimated twice: changes, detectable changes and outcomes are those of the gate itself, by judging each run
against the others (history), or an A/B run of two equal services.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from perfgate.gate.calibration import proposing
from perfgate.gate.calibration.noise import correlations, noise_of, value_of
from perfgate.gate.calibration.suites import compare_sides, count_alarms, judge_beside, judge_beside_subsets
from perfgate.gate.history.historical import ChangeTest, Key
from perfgate.gate.levels import ALPHA
from perfgate.model.budget_file import GatePolicy
from perfgate.model.calibration import Calibration, Mode, Noise
from perfgate.model.note import Note
from perfgate.model.outcome import Outcome
from perfgate.model.run import PastRun, Run
from perfgate.text.notes import note
from perfgate.text.plurals import named

MAX_NAMED = 5  # series in one note
CALIBRATED_METRICS = ("p50", "p95")


def calibrate(runs: Sequence[Run], pairs: Sequence[Run], policy: GatePolicy) -> Calibration:
    """`runs` (at least MIN_RUNS) and `pairs` (A/B runs, may be none) of unchanged code under the same load."""
    keys = tuple(_measured(runs))
    level = ALPHA / max(1, len(keys))
    tests = {key: ChangeTest(limit=proposing.WANTED_CHANGE, alpha=level) for key in keys}
    past = [PastRun(run=run, outcome=Outcome.PASS) for run in runs]
    whole = [judge_beside(item, [other for other in past if other is not item], tests) for item in past]
    parts = [*whole, *judge_beside_subsets(past, tests, policy.baseline.min_runs)]
    sides = [compare_sides(run, keys, level) for run in pairs]
    noise = tuple(noise_of(key, runs, whole, sides) for key in keys)
    proposal = proposing.propose(noise, runs[0].duration, policy.floor.time)
    limits = proposing.limits_of(proposal, keys)
    alarms = [count_alarms("history", parts, limits, len(runs))]
    alarms += [count_alarms("base", sides, limits, len(pairs))] if sides else []
    return Calibration(
        name=runs[0].name,
        started=runs[0].started,
        load=runs[0].conditions.load,
        duration=runs[0].duration,
        runs=len(runs),
        pairs=len(pairs),
        noise=noise,
        explained=tuple(correlations(runs, keys)),
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
        text = f"Too few requests to know what these would show: {named(names, MAX_NAMED)}. Use a longer --duration."
        yield note("PG-C015", text)


def _measured(runs: Sequence[Run]) -> Iterator[Key]:
    """What every run knows."""
    for endpoint in runs[0].endpoints:
        for metric in CALIBRATED_METRICS:
            if all(value_of(run, (endpoint.name, metric)) > 0 for run in runs):
                yield endpoint.name, metric
