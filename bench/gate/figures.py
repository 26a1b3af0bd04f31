"""Every figure of the table: suites judged by perfgate and its peers, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.gate import absolute, modelled, recorded, sides
from bench.gate.peers import BESIDE_HISTORY, SIDE_BY_SIDE, Bools, Series, Sides
from bench.gate.recorded import Recording, draws, numbered, read_all, scaled
from bench.gate.replay import NO_FLOOR, budgets, judged
from bench.gate.table import OURS, PROOF
from perfgate.gate import choose_baseline, judge
from perfgate.model.budget_file import GatePolicy, Sensitivity
from perfgate.model.metric import APPLICATION
from perfgate.model.outcome import Outcome
from perfgate.model.run import Arm, Probe
from perfgate.model.verdict import Verdict

METRIC, LIMIT, TIGHT = "p95", 0.10, 0.05
RUNS = 10  # earlier runs
RUNNER, SLOW = 0.05, 0.2  # simulated: sd between runs; when stormy, the share of runners that are slow
RISES = (0.10, 0.20, 0.30, 0.50)
STORMY_BELOW = 24  # numbers of recordings
DEALT, DEALT_STORMY = 16, 8  # recorded runs in a row of one A/B suite
INSTANCES = 0.015

SENSITIVITIES = {OURS: Sensitivity(), PROOF: Sensitivity(at_limit=True)}
REFERENCE_NOISE = 0.02  # of a runner's reference workload (log): what it says beside how fast the runner is

Verdicts = Mapping[str, tuple[Bools, Bools]]  # by rule: which endpoints failed, which passed
Raw = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How many suites of a figure: unchanged and changed."""

    unchanged: int
    changed: int
    large: int  # with many requests, each of both


FULL = Effort(unchanged=500, changed=250, large=300)
QUICK = Effort(unchanged=25, changed=12, large=6)


def beside_history(
    now: Recording,
    past: Sequence[Recording],
    limit: float,
    probes: Sequence[Probe] | None = None,
    metric: str = METRIC,
) -> Verdicts:
    """`past` is in the order of time; `probes` are theirs and, last, that of this run."""
    seen = Series(
        now=np.array([one.metrics[metric] for one in now.endpoints]),
        past=np.array([[one.metrics[metric] for one in run.endpoints] for run in past]),
        limit=limit,
    )
    ours = {
        rule: _ours(judged(now, past, [metric], f"+{limit:.0%}", probes, sensitivity))
        for rule, sensitivity in SENSITIVITIES.items()
    }
    return ours | {name: _theirs(rule(seen)) for name, rule in BESIDE_HISTORY.items()}


def side_by_side(pair: sides.Pair, limit: float) -> Verdicts:
    head = Recording(name="head", endpoints=pair.head, duration=pair.duration)
    arms = (Arm(name="base", target="", endpoints=pair.base), Arm(name="head", target=""))
    run = replace(recorded.run(head, 0), arms=arms)
    asked = budgets([one.name for one in pair.head], [METRIC], f"+{limit:.0%}")
    ours = {}
    for rule, sensitivity in SENSITIVITIES.items():
        policy = GatePolicy(floor=NO_FLOOR, sensitivity=sensitivity)
        ours[rule] = _ours(judge(asked, run, choose_baseline(run, [], policy.baseline), policy))
    base, top = (np.array([one.metrics[METRIC] for one in arm]) for arm in (pair.base, pair.head))
    seen = Sides(base=base, head=top, base_windows=pair.base_windows, head_windows=pair.head_windows, limit=limit)
    return ours | {name: _theirs(rule(seen)) for name, rule in SIDE_BY_SIDE.items()}


def _ours(verdict: Verdict) -> tuple[Bools, Bools]:
    outcomes = [one.outcome for one in verdict.findings if one.endpoint != APPLICATION]
    failed = np.array([one is Outcome.FAIL for one in outcomes])
    return failed, np.array([one in (Outcome.PASS, Outcome.IMPROVED) for one in outcomes])


def _theirs(failed: Bools) -> tuple[Bools, Bools]:
    return failed, ~failed


def count(suites: Iterable[tuple[Verdicts, int | None]]) -> Raw:
    """Of suites with the place of the changed endpoint, or None: by rule, suites in which an unchanged endpoint failed,
    unchanged endpoints that passed, and suites in which the changed one failed or passed."""
    tries = unchanged = 0
    counts: dict[str, Counter[str]] = {name: Counter() for name in ("alarms", "kept", "found", "missed")}
    for verdicts, changed in suites:
        tries += 1
        for rule, (failed, passed) in verdicts.items():
            same = np.arange(len(failed)) != changed
            counts["alarms"][rule] += int(failed[same].any())
            counts["kept"][rule] += int(passed[same].sum())
            if changed is not None:
                counts["found"][rule] += int(failed[changed])
                counts["missed"][rule] += int(passed[changed])
        unchanged += int(same.sum())
    return {"suites": tries, "unchanged": unchanged} | {name: dict(by_rule) for name, by_rule in counts.items()}


def measure(folder: Path, effort: Effort) -> Iterator[tuple[str, Raw]]:
    """One after the other, by name."""
    yield from _recorded_history(folder, effort)
    yield from _simulated_history(effort)
    yield from _recorded_sides(folder, effort)
    yield from _simulated_sides(effort)
    yield from absolute.sweeps(effort.unchanged)


def _recorded_history(folder: Path, effort: Effort) -> Iterator[tuple[str, Raw]]:
    unchanged = read_all(folder, "aa-*.csv.gz", stormy_below=STORMY_BELOW)
    calm, stormy = ([one for one in unchanged if one.stormy is loud] for loud in (False, True))
    in_order = (
        (beside_history(unchanged[at], unchanged[at - RUNS : at], LIMIT), None) for at in range(RUNS, len(unchanged))
    )
    yield "history real", count(in_order)
    for kind in ("calm", "stormy now", "stormy history", "mixed"):
        drawn = draws(calm, stormy, kind, effort.unchanged, RUNS)
        yield f"history recorded {kind}", count((beside_history(now, past, LIMIT), None) for now, past in drawn)
    stalled = {
        path.name.split(".")[0]: recorded.read(path, stalled=True)
        for path, number in numbered(folder, "aa-*.csv.gz")
        if number >= STORMY_BELOW
    }
    drawn = draws(calm, stormy, "calm", effort.unchanged, RUNS)
    unmoved = [recorded.UNMOVED] * (RUNS + 1)
    suites = ((beside_history(stalled[now.name], past, LIMIT, unmoved), None) for now, past in drawn)
    yield "history recorded stalled", count(suites)
    drawn = draws(calm, stormy, "calm", effort.unchanged, RUNS)
    yield (
        "history recorded calm p50",
        count((beside_history(now, past, LIMIT, metric="p50"), None) for now, past in drawn),
    )
    for kind in ("calm", "stormy now"):
        drawn = draws(calm, stormy, kind, effort.unchanged, RUNS)
        yield f"history reference {kind}", count(_with_reference(drawn))
    names = [one.name for one in calm[0].endpoints]
    for rise in RISES:
        drawn = draws(calm, stormy, "calm", effort.changed, RUNS)
        changed = (
            (beside_history(scaled(now, {names[at % len(names)]: 1 + rise}), past, LIMIT), at % len(names))
            for at, (now, past) in enumerate(drawn)
        )
        yield f"history recorded {rise:+.0%}", count(changed)


def _with_reference(drawn: Iterable[tuple[Recording, list[Recording]]]) -> Iterator[tuple[Verdicts, int | None]]:
    """The recordings have no reference workload: it is what all endpoints of a run have in common, with noise."""
    noise = np.random.default_rng(11)
    for now, past in drawn:
        medians = np.log([[one.metrics["p50"] for one in run.endpoints] for run in (*past, now)])
        moves = np.median(medians - np.median(medians, axis=0), axis=1) + noise.normal(0, REFERENCE_NOISE, len(medians))
        probes = [replace(recorded.UNMOVED, p50=recorded.UNMOVED.p50 * float(np.exp(move))) for move in moves]
        yield beside_history(now, past, LIMIT, probes), None


def _simulated_history(effort: Effort) -> Iterator[tuple[str, Raw]]:
    for kind, slow in (("calm", 0.0), ("stormy", SLOW)):
        drawn = modelled.suites(effort.unchanged, RUNNER, RUNS, 1.0, slow)
        yield f"history simulated {kind}", count((beside_history(now, past, LIMIT), None) for now, past in drawn)
    for rise in RISES:
        drawn = modelled.suites(effort.changed, RUNNER, RUNS, 1 + rise, 0.0)
        yield f"history simulated {rise:+.0%}", count((beside_history(now, past, LIMIT), 0) for now, past in drawn)


def _recorded_sides(folder: Path, effort: Effort) -> Iterator[tuple[str, Raw]]:
    found = sides.duets(folder, "duet-aa-request-*.csv.gz")
    yield "sides real aa", count((side_by_side(pair, LIMIT), None) for pair in found)
    files = numbered(folder, "aa-*.csv.gz")
    calm, stormy = ([path for path, at in files if (at < STORMY_BELOW) is loud] for loud in (False, True))
    for kind, paths, runs in (("calm", calm, DEALT), ("stormy", stormy, DEALT_STORMY)):
        if paths:
            deal = sides.dealt(paths, min(runs, len(paths)))
            yield f"sides dealt {kind}", _dealt(deal, 0.0, LIMIT, effort.unchanged)
            yield f"sides dealt {kind} +20%", _dealt(deal, 0.20, LIMIT, effort.changed)


def _simulated_sides(effort: Effort) -> Iterator[tuple[str, Raw]]:
    small, uneven, large = sides.simulated(3000), sides.simulated(3000, INSTANCES), sides.simulated(12_000)
    few = sides.simulated(200)
    yield "sides 200", _dealt(few, 0.0, LIMIT, effort.unchanged)
    yield "sides 200 +50%", _dealt(few, 0.50, LIMIT, effort.changed)
    yield "sides 3000", _dealt(small, 0.0, LIMIT, effort.unchanged)
    yield "sides 3000 uneven", _dealt(uneven, 0.0, LIMIT, effort.unchanged)
    yield "sides 12000", _dealt(large, 0.0, TIGHT, effort.large)
    for name, deal, change, limit, suites in (
        ("sides 3000 +20%", small, 0.20, LIMIT, effort.changed),
        ("sides 12000 +10%", large, 0.10, TIGHT, effort.large),
    ):
        yield name, _dealt(deal, change, limit, suites)


def _dealt(deal: sides.Dealt, change: float, limit: float, suites: int) -> Raw:
    random = np.random.default_rng(3)
    pairs = (deal(random, change) for _ in range(suites))
    return count((side_by_side(pair, limit), pair.changed if change else None) for pair in pairs)
