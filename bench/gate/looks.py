"""How long until everything is decided, and what many looks cost: python -m bench.gate.looks [--quick]

A load of `20s..3m` is judged after 20, 40, 80 and 180 s until nothing is left to decide; beside it, the same suites
with one look after 20 s and one after 3 minutes. Simulated: ten endpoints, p95 +10 %. Beside ten earlier runs as in
`modelled.py` (100 requests/s, 5 % between runners); side by side as in `sides.py` (400 requests/s on both arms
together, two equal instances 1.5 % apart each). Changed suites have one endpoint that is 30 % slower.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from statistics import median
from typing import Any

import numpy as np

from bench.engine import machine
from bench.engine.results import FOLDER
from bench.engine.results import QUICK as QUICK_FOLDER
from bench.engine.tables import Table
from bench.gate import modelled, recorded
from bench.gate.paired_calibration import result
from bench.gate.recorded import Recording
from bench.gate.replay import NO_FLOOR, budgets, upper_bound
from perfgate import loadtest
from perfgate.gate import choose_baseline, decidable, judge
from perfgate.model.budget_file import GatePolicy, LoadProfile, Stage
from perfgate.model.metric import APPLICATION
from perfgate.model.outcome import Outcome
from perfgate.model.run import Arm, Run
from perfgate.model.verdict import Verdict

MIN_DURATION_S, MAX_DURATION_S = 20, 180  # s
RISE = 0.30
RUNS, RUNNER = 10, 0.05  # earlier runs, and the standard deviation between runners
ENDPOINTS, PER_SECOND, SIGMA, INSTANCES = 10, 20, 0.5, 0.015  # side by side; requests of an endpoint and arm
NAME = "gate-looks.json"

Look = Callable[[int, int], Verdict]  # after so many seconds, of a run that may be looked at so many times
Suite = Callable[[np.random.Generator, float], Look]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Of suites: their median time, the time that nine of ten took at most, how many left nothing undecided, in how
    many an unchanged endpoint failed and the changed one did, and unchanged endpoints that passed."""

    mode: str
    rise: float
    manner: str
    suites: int
    median: float
    slow: float
    decided: int
    alarms: int
    found: int
    passed: float


def beside_history(random: np.random.Generator, rise: float) -> Look:
    past = [
        modelled.recording_of(modelled.latencies(random, RUNNER, seconds=int(seconds)))
        for seconds in random.choice((MIN_DURATION_S, 2 * MIN_DURATION_S, MAX_DURATION_S), RUNS, p=(0.6, 0.2, 0.2))
    ]
    now = modelled.latencies(random, RUNNER, 1 + rise, seconds=MAX_DURATION_S)

    def look(seconds: int, looks: int) -> Verdict:
        run = recorded.run(modelled.recording_of([one[:seconds] for one in now]), RUNS, looks=looks)
        return _judged(run, past)

    return look


def side_by_side(random: np.random.Generator, rise: float) -> Look:
    size = PER_SECOND * MAX_DURATION_S
    arms = []
    for changed in (0.0, rise):
        levels = 0.1 * np.exp(INSTANCES * random.standard_normal(ENDPOINTS))
        levels[0] *= 1 + changed
        arms.append([level * np.exp(SIGMA * random.standard_normal(size)) for level in levels])

    def look(seconds: int, looks: int) -> Verdict:
        base, head = (
            tuple(
                replace(result(one[: PER_SECOND * seconds]), name=f"e{number}") for number, one in enumerate(latencies)
            )
            for latencies in arms
        )
        both = (Arm(name="base", target="", endpoints=base), Arm(name="head", target=""))
        run = recorded.run(Recording(name="head", endpoints=head, duration=seconds), 0, looks=looks)
        return _judged(replace(run, arms=both), [])

    return look


def _judged(run: Run, past: Sequence[Recording]) -> Verdict:
    policy = GatePolicy(floor=NO_FLOOR)
    asked = budgets([one.name for one in run.endpoints], ["p95"], "+10%")
    return judge(asked, run, choose_baseline(run, recorded.history(past), policy.baseline), policy)


def until_decided(look: Look, times: Sequence[int]) -> tuple[int, Verdict]:
    """The seconds that it took, and the verdict: as `perfgate run` goes on or ends."""
    for sent in times:
        verdict = look(sent * MIN_DURATION_S, len(times))
        if sent == times[-1] or not decidable(verdict, sent, times[-1]):
            break
    return sent * MIN_DURATION_S, verdict


def counted(mode: str, suite: Suite, rise: float, suites: int) -> Iterator[Counts]:
    """For the range, and for one look after its shorter and its longer time, on the same suites."""
    stage = Stage(level=1.0, duration=float(MIN_DURATION_S))
    load = LoadProfile(model="open", stages=(stage,), longest=float(MAX_DURATION_S))
    times = loadtest.look_times(load, restarts=0, extend=0)
    random = np.random.default_rng(11)
    ended: dict[str, list[tuple[int, Verdict]]] = {"20s..3m": [], "20s": [], "3m": []}
    for _ in range(suites):
        look = suite(random, rise)
        ended["20s..3m"].append(until_decided(look, times))
        ended["20s"].append((MIN_DURATION_S, look(MIN_DURATION_S, 1)))
        ended["3m"].append((MAX_DURATION_S, look(MAX_DURATION_S, 1)))
    for manner, found in ended.items():
        yield _counts(found, mode, rise, manner)


def _counts(found: Sequence[tuple[int, Verdict]], mode: str, rise: float, manner: str) -> Counts:
    seconds = [taken for taken, _ in found]
    outcomes = [
        {one.endpoint: one.outcome for one in verdict.findings if one.endpoint != APPLICATION} for _, verdict in found
    ]
    changed = "e0" if rise else ""
    unchanged = [outcome for suite in outcomes for name, outcome in suite.items() if name != changed]
    return Counts(
        mode=mode,
        rise=rise,
        manner=manner,
        suites=len(found),
        median=median(seconds),
        slow=float(np.quantile(seconds, 0.9, method="inverted_cdf")),
        decided=sum(all(one.outcome is not Outcome.INCONCLUSIVE for one in verdict.findings) for _, verdict in found),
        alarms=sum(any(one is Outcome.FAIL for name, one in suite.items() if name != changed) for suite in outcomes),
        found=sum(suite.get(changed) is Outcome.FAIL for suite in outcomes),
        passed=float(np.mean([one in (Outcome.PASS, Outcome.IMPROVED) for one in unchanged])),
    )


def table(counts: Sequence[Counts]) -> Table:
    heads = ("compared", "change", "duration", "median", "90 % within", "all decided", "false alarms", "found", "pass")
    rows = []
    for one in counts:
        bound = upper_bound(one.alarms, one.suites)
        rows.append(
            [
                one.mode,
                f"+{one.rise:.0%}" if one.rise else "none",
                one.manner,
                f"{one.median:g} s",
                f"{one.slow:g} s",
                f"{one.decided / one.suites:.0%}",
                f"{one.alarms / one.suites:.1%} (≤ {bound:.1%})",
                f"{one.found / one.suites:.0%}" if one.rise else "-",
                f"{one.passed:.1%}",
            ]
        )
    return Table(title="Until everything is decided: ten endpoints, p95 +10 %", head=heads, rows=rows)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.gate.looks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a look at whether all is in order, not for quoting")
    options = parser.parse_args()
    unchanged, changed = (12, 6) if options.quick else (300, 100)
    counts: list[Counts] = []
    for mode, suite in (("history", beside_history), ("side by side", side_by_side)):
        for rise, suites in ((0.0, unchanged), (RISE, changed)):
            counts += counted(mode, suite, rise, suites)
    folder = QUICK_FOLDER if options.quick else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    content: dict[str, Any] = {
        "bench": "gate-looks",
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": options.quick,
        "machine": machine.facts(),
        "counts": [asdict(one) for one in counts],
    }
    (folder / NAME).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(table(counts).text())


if __name__ == "__main__":
    main()
