"""History mode on suites of a modelled application, and the anchor."""

from __future__ import annotations

from dataclasses import replace
from math import exp

import numpy as np
import pytest
from builders import make_acceptance, make_budget, make_conditions, make_endpoint, make_past_run, make_run

from perfgate.gate import choose_anchor, choose_baseline, judge
from perfgate.model.budget_file import Anchor, GatePolicy
from perfgate.model.metric import ALL_ENDPOINTS, APPLICATION
from perfgate.model.outcome import Outcome
from perfgate.model.run import PastRun, Probe, Run, Runner
from perfgate.model.verdict import Verdict
from perfgate.text.notes import bare

FAIL, PASS, UNSURE = Outcome.FAIL, Outcome.PASS, Outcome.INCONCLUSIVE
NAMES = [f"e{number}" for number in range(8)]


class Shop:
    """Endpoints with noise of their own (3 %), on runners of which each is some 10 % faster or slower."""

    def __init__(self, seed: int = 3, names: list[str] = NAMES, *, probe: bool = False) -> None:
        self.noise, self.names, self.probe = np.random.default_rng(seed), names, probe

    def run(
        self, number: int, rises: dict[str, float] | None = None, *, runner: float = 1.0, own: float = 0.03, **others
    ) -> Run:
        """`rises` by endpoint, "" of the whole application; `runner` of everything, the probe too."""
        rises = rises or {}
        slow = runner * exp(self.noise.normal(0, 0.1))
        ends = []
        for name in self.names:
            p95 = 0.1 * slow * rises.get("", 1.0) * rises.get(name, 1.0) * exp(self.noise.normal(0, own))
            made = make_endpoint(name, p95=p95)
            widths = {metric: made.metrics[metric] for metric in ("p50", "p95")}
            within = {metric: (v * exp(-1.96 * own), v * exp(1.96 * own)) for metric, v in widths.items()}
            ends.append(replace(made, intervals=within))
        seen = Probe(samples=500, p50=0.001 * slow * exp(self.noise.normal(0, 0.02)), p95=0.002, workload="w1")
        return make_run(number, endpoints=ends, probe=seen if self.probe else None, **others)

    def history(self, runs: int = 10, first: int = 1, **others) -> list[PastRun]:
        """Oldest first."""
        return [make_past_run(run=self.run(number, **others)) for number in range(first, first + runs)]


def verdict_of(
    run: Run, past: list[PastRun], limit: str = "+10%", policy: GatePolicy | None = None, anchored=()
) -> Verdict:
    policy = policy or GatePolicy()
    baseline = choose_baseline(run, past[::-1], policy.baseline)
    budgets = [make_budget(one.name, "p95", limit) for one in run.endpoints]
    return judge(budgets, run, baseline, policy, choose_anchor(run, anchored, baseline))


def outcomes(verdict: Verdict) -> dict[str, Outcome]:
    return {one.endpoint: one.outcome for one in verdict.findings}


# ---- the runner probe


def test_with_a_probe_the_whole_application_is_seen():
    shop = Shop(probe=True)
    verdict = verdict_of(shop.run(100, {"": 1.5}), shop.history())
    found = outcomes(verdict)
    assert found.pop(APPLICATION) is FAIL
    assert FAIL not in found.values()
    assert (verdict.outcome, verdict.findings[-1].metric) == (FAIL, ALL_ENDPOINTS)
    assert (
        "over the limit of +10%: the whole application became slower, not the runner." in verdict.findings[-1].sentence
    )
    assert verdict.findings[-1].detectable < 0.4


def test_with_a_probe_a_slow_runner_is_excused():
    shop = Shop(probe=True)
    verdict = verdict_of(shop.run(100, runner=1.5), shop.history())
    assert FAIL not in outcomes(verdict).values()
    assert "of it the application's (the runner moved by +" in verdict.findings[-1].sentence
    assert ": all endpoints together rose by " in verdict.findings[0].sentence
    seen = verdict.findings[0]
    assert seen.change == pytest.approx(seen.measured / seen.baseline - 1)
    assert seen.interval[0] < seen.own_change < seen.interval[1] < seen.change


@pytest.mark.parametrize("probe", [False, True])
def test_unchanged_code_passes(probe):
    found = [
        outcome
        for seed in range(10)
        for shop in [Shop(seed, probe=probe)]
        for name, outcome in outcomes(verdict_of(shop.run(100), shop.history(20))).items()
        if name != APPLICATION
    ]
    assert found.count(PASS) / len(found) >= 0.95
    assert FAIL not in found


def test_what_stayed_as_it_was_is_not_slower_than_what_became_faster():
    """Half of the endpoints, or all but one of them, were made twice as fast."""
    for faster in (NAMES[:4], NAMES[1:]):
        for probe in (False, True):
            shop = Shop(probe=probe)
            verdict = verdict_of(shop.run(100, dict.fromkeys(faster, 0.5)), shop.history())
            assert FAIL not in outcomes(verdict).values()


@pytest.mark.parametrize("change", [{"workload": "w2"}, {"beside_target": False}])
def test_only_the_same_probe_beside_the_target_counts(change):
    shop = Shop(probe=True)
    past = shop.history()
    run = shop.run(100, {"": 1.5})
    run = replace(run, probe=replace(run.probe, **change))
    found = outcomes(verdict_of(run, past))
    assert found.pop(APPLICATION) is UNSURE
    assert FAIL not in found.values()


# ---- few endpoints, storms, levels, runners


def test_one_endpoint_alone_has_the_plain_interval():
    shop = Shop(names=["only"])
    past = shop.history(20)
    assert outcomes(verdict_of(shop.run(100, {"only": 2.0}), past)) == {"only": FAIL}
    assert FAIL not in outcomes(verdict_of(shop.run(101), past)).values()


def test_storms_in_the_history_do_not_blind():
    shop = Shop()
    past = [*shop.history(7), *shop.history(3, first=8, runner=6.0, own=0.5)]
    found = outcomes(verdict_of(shop.run(100, {"e2": 1.5}), past))
    assert found.pop("e2") is FAIL
    assert FAIL not in found.values()


def test_a_stormy_run_is_no_regression():
    shop = Shop()
    past = shop.history()
    stormy = [shop.run(100 + number, runner=3.0, own=0.15) for number in range(20)]
    assert sum(FAIL in outcomes(verdict_of(run, past)).values() for run in stormy) <= 1


def test_among_few_endpoints_one_that_changed_makes_no_storm_of_itself():
    """The common movement is the median of few: whoever moves drags it, and the others seem to move against it."""

    def width(seed: int, rise: float) -> float:
        shop = Shop(seed, names=NAMES[:4])
        past = shop.history()
        finding = next(one for one in verdict_of(shop.run(100, {"e1": rise}), past).findings if one.endpoint == "e1")
        return float(np.diff(np.log1p(finding.interval))[0])

    wider = [width(seed, 1.6) / width(seed, 1.0) for seed in range(30)]
    assert np.mean(wider) < 1.05


def test_after_an_accepted_change_the_new_level_holds_with_the_old_spread():
    shop = Shop()
    past = shop.history(15)
    accepted = make_past_run(
        run=shop.run(16, {"e2": 1.6}), outcome=FAIL, failed=[("e2", "p95")], acceptances=[make_acceptance()]
    )
    past = [*past, accepted]
    found = outcomes(verdict_of(shop.run(100, {"e2": 1.6}), past))
    assert FAIL not in found.values()
    assert outcomes(verdict_of(shop.run(101, {"e2": 1.6 * 1.6}), past))["e2"] is FAIL
    assert outcomes(verdict_of(shop.run(102), past))["e2"] in (Outcome.IMPROVED, UNSURE)


def test_a_failed_series_leaves_the_others_of_its_run():
    shop = Shop()
    failed = make_past_run(run=shop.run(11, {"e2": 1.6}), outcome=FAIL, failed=[("e2", "p95")])
    baseline = choose_baseline(shop.run(100), [failed, *shop.history()[::-1]], GatePolicy().baseline)
    assert len(baseline.runs["e2", "p95"]) == 10
    assert len(baseline.runs["e3", "p95"]) == 11


def test_another_type_of_runner_widens_the_interval_and_is_named():
    shop = Shop()
    past = shop.history(20)
    here = shop.run(100)
    elsewhere = replace(
        here, conditions=make_conditions(endpoints=NAMES, runner=Runner(os="Linux", cpu="Other CPU", cores=8))
    )
    same, other = (verdict_of(run, past) for run in (here, elsewhere))
    for near, far in zip(same.findings[:-1], other.findings[:-1], strict=True):
        assert far.interval[1] - far.interval[0] > 1.5 * (near.interval[1] - near.interval[0])
    assert any("another runner" in note for note in other.notes)
    assert other.findings[0].baseline_runs == 20


# ---- what is stored


def test_a_finding_says_how_it_was_compared():
    shop = Shop()
    finding = next(
        one for one in verdict_of(shop.run(100, {"e3": 1.5}), shop.history()).findings if one.endpoint == "e3"
    )
    assert (finding.compared, finding.reason, finding.baseline_runs) == ("history", "regression", 10)
    assert finding.change == pytest.approx(finding.measured / finding.baseline - 1)
    assert finding.interval[0] < finding.own_change < finding.interval[1]
    assert finding.p_value < 0.001
    assert finding.bound > finding.own_change
    assert finding.baseline == pytest.approx(0.1, rel=0.1)


# ---- the anchor


def pinned(limit: float = 0.2) -> GatePolicy:
    return GatePolicy(anchor=Anchor(ref="v1.4.0", limit=limit))


def test_a_slow_drift_adds_up_beside_the_anchor():
    shop = Shop()
    release = shop.history(3)
    drifted = [make_past_run(run=shop.run(number, {"e3": 1.02**number})) for number in range(4, 30)]
    run = shop.run(100, {"e3": 1.02**30})
    assert outcomes(verdict_of(run, [*release, *drifted]))["e3"] is not FAIL
    verdict = verdict_of(run, [*release, *drifted], policy=pinned(), anchored=release)
    found = {one.endpoint: one for one in verdict.findings}
    assert found["e3"].outcome is FAIL
    assert [one.text for one in found["e3"].criteria] == ["+10%", "+20% since v1.4.0"]
    assert "over the limit of +20% since v1.4.0" in found["e3"].sentence
    assert found["e4"].outcome is not FAIL


def test_without_runs_of_the_anchor_it_is_said():
    shop = Shop()
    verdict = verdict_of(shop.run(100), shop.history(), policy=pinned())
    assert "No comparable run of v1.4.0 is on record, so nothing is compared with that anchor." in [
        *map(bare, verdict.notes)
    ]
    assert all(len(one.criteria) == 1 for one in verdict.findings)


def test_runs_of_the_anchor_with_another_load_do_not_count():
    shop = Shop()
    other = [
        replace(past, run=replace(past.run, conditions=make_conditions(endpoints=NAMES, load_digest="l2")))
        for past in shop.history(3)
    ]
    verdict = verdict_of(shop.run(100), shop.history(10, first=10), policy=pinned(), anchored=other)
    assert any("No comparable run of v1.4.0" in note for note in verdict.notes)


def test_a_percentile_that_its_own_run_cannot_bound_is_no_evidence():
    """Earlier runs have intervals, this one has none: its requests came in bursts."""
    shop = Shop()
    past = shop.history()
    run = shop.run(100, {"e3": 1.5})
    burst = [replace(one, intervals={}) if one.name == "e3" else one for one in run.endpoints]
    assert outcomes(verdict_of(run, past))["e3"] is FAIL
    assert outcomes(verdict_of(replace(run, endpoints=tuple(burst)), past))["e3"] is UNSURE


# ---- the median's estimate


def tailed(shop: Shop, number: int, tail: float, body: dict[str, float] | None = None, own: float = 0.15) -> Run:
    """p50 varies by 3 % of its own and p95 by `own`; `body` and `tail` are the rises of e0's."""
    run = shop.run(number, body)
    ends = []
    for one in run.endpoints:
        p95 = 0.2 * exp(shop.noise.normal(0, own)) if body is None else 0.2 * (tail if one.name == "e0" else 1.0)
        low, high = one.intervals["p95"]
        p50 = one.metrics["p95"] / 2
        metrics = one.metrics | {"p50": p50, "p95": p95}
        within = {"p50": (low / 2, high / 2), "p95": (p95 * exp(-1.96 * own), p95 * exp(1.96 * own))}
        ends.append(replace(one, metrics=metrics, intervals=within))
    return replace(run, endpoints=tuple(ends))


def told(tail: float, own: float) -> tuple[Outcome, str]:
    """Of e0, whose median rose by 40 %."""
    shop = Shop()
    past = [make_past_run(run=tailed(shop, number, 1.0, own=own)) for number in range(1, 21)]
    found = verdict_of(tailed(shop, 100, tail, {"e0": 1.4}, own), past).findings[0]
    return found.outcome, found.sentence


def test_a_sure_median_and_an_unsure_tail_are_held_against_the_limit_together():
    outcome, sentence = told(1.08, 0.15)
    assert outcome is FAIL
    assert "over the limit of +10%. Its median, +49 %, shows that this is more than chance; both together" in sentence


@pytest.mark.parametrize(("tail", "own"), [(1.03, 0.01), (0.9, 0.15)])
def test_a_tail_that_is_known_or_that_fell_speaks_for_itself(tail, own):
    outcome, _ = told(tail, own)
    assert outcome is not FAIL


def more_of(own: float, blurred: float, rise: float) -> tuple[Outcome, float | None]:
    """Of an endpoint that rose by so much: runs differ by `own`, of which the requests of each give `blurred`."""
    shop = Shop(seed=11, names=["e0"])
    past = shop.history(12, own=own, runner=1.0)
    steady = [
        make_past_run(run=exactly(past_run.run, 0.1 * exp(own * score), blurred))
        for past_run, score in zip(past, np.tile([-1.0, 1.0], 6), strict=True)
    ]
    now = exactly(shop.run(99), 0.1 * rise, blurred)
    finding = verdict_of(now, steady).findings[0]
    return finding.outcome, finding.more


def exactly(run: Run, p95: float, blurred: float) -> Run:
    within = {"p95": (p95 * exp(-1.96 * blurred), p95 * exp(1.96 * blurred))}
    (one,) = run.endpoints
    return replace(run, endpoints=(replace(make_endpoint(one.name, p95=p95), intervals=within),))


def test_as_long_again_tells_chance_from_a_rise_where_the_requests_of_the_run_blur_it():
    assert more_of(own=0.08, blurred=0.08, rise=1.2) == (UNSURE, 2.0)


def test_no_longer_run_tells_what_runs_differ_by():
    assert more_of(own=0.08, blurred=0.01, rise=1.2) == (UNSURE, None)
