"""False alarms, detection and passes of the history gate on recorded runs: python bench/gate/replay.py FOLDER"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.gate.recorded import Recording, draws, history, read_all, run, scaled
from perfgate.gate import choose_baseline, judge
from perfgate.model.budget_file import Budget, Floor, GatePolicy, Sensitivity, Severity
from perfgate.model.metric import METRICS
from perfgate.model.outcome import Outcome
from perfgate.model.run import Probe
from perfgate.model.verdict import Verdict
from perfgate.text.criteria import parse_criteria

KINDS = ("calm", "stormy now", "stormy history", "mixed", "all stormy")
NO_FLOOR = Floor(time=0.0, errors=0.005)  # the recorded application answers within milliseconds


def budgets(names: Sequence[str], metrics: Sequence[str], limit: str) -> list[Budget]:
    """A relative criterion on each metric of each endpoint."""
    return [
        Budget(
            endpoint=name,
            metric=metric,
            criteria=tuple(parse_criteria("+0.5pp" if metric == "errors" else limit, METRICS[metric], Severity.FAIL)),
        )
        for name in names
        for metric in metrics
    ]


def judged(
    now: Recording,
    past: Sequence[Recording],
    metrics: Sequence[str],
    limit: str,
    probes: Sequence[Probe] | None = None,
    sensitivity: Sensitivity = Sensitivity(),
) -> Verdict:
    """`probes` of the runs in the order of time, this one's last."""
    own = probes[-1] if probes else None
    current, policy = run(now, len(past), probe=own), GatePolicy(floor=NO_FLOOR, sensitivity=sensitivity)
    asked = budgets([one.name for one in now.endpoints], metrics, limit)
    return judge(asked, current, choose_baseline(current, history(past, probes), policy.baseline), policy)


@dataclass
class Count:
    """Of suites."""

    suites: int = 0
    alarms: int = 0  # with any fail
    outcomes: Counter[Outcome] = field(default_factory=Counter)

    def add(self, verdict: Verdict) -> None:
        self.suites += 1
        self.alarms += any(one.outcome is Outcome.FAIL for one in verdict.findings)
        self.outcomes.update(one.outcome for one in verdict.findings)

    def share(self, outcome: Outcome) -> float:
        return self.outcomes[outcome] / max(1, self.outcomes.total())


def upper_bound(hits: int, tries: int, level: float = 0.95) -> float:
    """One-sided (Clopper and Pearson 1934)."""
    from perfgate.stats.distributions import beta_quantile

    return beta_quantile(level, hits + 1, tries - hits) if hits < tries else 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--suites", type=int, default=300)
    parser.add_argument("--metrics", nargs="+", default=["p95"])
    parser.add_argument("--limit", default="+10%")
    parser.add_argument("--runs", type=int, default=10)
    options = parser.parse_args()
    unchanged = read_all(options.folder, "aa-*.csv.gz", stormy_below=24)
    calm, stormy = ([one for one in unchanged if one.stormy is loud] for loud in (False, True))
    print(f"{len(calm)} calm and {len(stormy)} stormy runs; budgets {options.metrics} {options.limit}")
    for kind in KINDS:
        count = Count()
        runs = options.runs
        for now, past in draws(calm, stormy, kind, options.suites, runs):
            count.add(judged(now, past, options.metrics, options.limit))
        at_most = upper_bound(count.alarms, count.suites)
        print(f"unchanged, {kind:15s} false alarms {count.alarms}/{count.suites} (at most {at_most:.1%}), ", end="")
        print(f"passes {count.share(Outcome.PASS):.0%}, inconclusive {count.share(Outcome.INCONCLUSIVE):.0%}")
    names = [one.name for one in calm[0].endpoints]
    for rise in (1.10, 1.20, 1.30, 1.50):
        hits, passes, others, tries = 0, 0, 0, 0
        for number, (now, past) in enumerate(draws(calm, stormy, "calm", max(40, options.suites // 2), options.runs)):
            changed = names[number % len(names)]
            verdict = judged(scaled(now, {changed: rise}), past, options.metrics, options.limit)
            own = [one for one in verdict.findings if one.endpoint == changed and one.metric == options.metrics[0]]
            tries += 1
            hits += any(one.outcome is Outcome.FAIL for one in own)
            passes += any(one.outcome in (Outcome.PASS, Outcome.IMPROVED) for one in own)
            others += any(one.outcome is Outcome.FAIL for one in verdict.findings if one.endpoint != changed)
        print(f"one endpoint +{rise - 1:.0%}: found {hits / tries:.1%} of {tries}, ", end="")
        print(f"passed {passes / tries:.1%}, another blamed {others / tries:.1%}")


if __name__ == "__main__":
    main()
