"""An A/B test's evidence. The builder's distributions are exact quantiles of a log-normal one, so nothing is luck."""

from __future__ import annotations

from dataclasses import replace
from math import inf, isfinite

import numpy as np
import pytest
from builders import make_budget, make_endpoint, make_run, spread

from perfgate.files import codec
from perfgate.gate import choose_baseline, judge
from perfgate.gate.ab.paired import compare
from perfgate.gate.comparison import Comparison
from perfgate.gate.trial import INSTANCES_SD, Trial
from perfgate.model.budget_file import BaselinePolicy, GatePolicy, Sensitivity
from perfgate.model.outcome import Outcome
from perfgate.model.run import Arm, EndpointResult
from perfgate.model.verdict import Verdict
from perfgate.recording import histogram

PROOF = GatePolicy(sensitivity=Sensitivity(at_limit=True))
LIMIT = Trial(limit=0.10, duration=300.0)


def arm(p95: float = 0.100, requests: int = 3000, **others: object) -> EndpointResult:
    return make_endpoint(p95=p95, requests=requests, **others)


def compared(base: EndpointResult, head: EndpointResult, metric: str = "p95", trial: Trial = LIMIT) -> Comparison:
    found = compare(base, head, metric, trial)
    assert found is not None
    return found


@pytest.mark.parametrize("metric", ["p50", "p90", "p95", "p99", "mean", "errors", "rate"])
def test_the_same_twice_is_no_change(metric: str):
    found = compared(arm(failures=30), arm(failures=30), metric)

    assert found.change == pytest.approx(0)
    assert found.interval[0] <= 0 <= found.interval[1]
    assert min(found.p_worse, found.p_better) > 0.4
    assert 0 < found.bound < 0.2


@pytest.mark.parametrize("metric", ["p50", "p90", "p95", "p99", "mean", "ttfb_p95"])
@pytest.mark.parametrize("change", [0.3, -0.2])
def test_a_change_of_the_whole_distribution(metric: str, change: float):
    ends = [arm(level, 12_000, metrics={"ttfb_p95": level}) for level in (0.1, 0.1 * (1 + change))]
    ends = [replace(end, phases={"first_byte": end.latency}) for end in ends]

    found = compared(ends[0], ends[1], metric)

    assert found.change == pytest.approx(change, abs=0.02)
    assert found.interval[0] < change < found.interval[1]
    assert found.change < found.bound < found.interval[1] + 0.035
    assert (found.p_worse if change > 0 else found.p_better) < 1e-4
    assert (found.p_better if change > 0 else found.p_worse) > 0.99


def test_a_change_within_the_null_margin_is_none():
    """However many requests show that it is there."""
    found = compared(arm(requests=100_000), arm(0.102, requests=100_000))

    assert found.p_worse > 0.5
    assert found.interval[0] > 0


@pytest.mark.parametrize("metric", ["p50", "p95", "mean"])
def test_a_pass_allows_for_the_luck_of_two_instances(metric: str):
    """However many requests there are; the mean of several pairs of instances has less of it."""
    ends = arm(requests=1_000_000), arm(requests=1_000_000)

    once, four = (compared(*ends, metric, Trial(restarts=restarts)).bound for restarts in (0, 3))

    assert once == pytest.approx(1.645 * INSTANCES_SD, rel=0.1)
    assert four == pytest.approx(once / 2, rel=0.1)
    assert compared(*ends, "errors").bound < 0.001


def test_more_requests_do_not_tell_equal_instances_apart():
    ends = arm(requests=100_000), arm(requests=100_000)

    assert "restarts" in compared(*ends, trial=Trial(limit=0.02)).cure
    assert compared(*ends, trial=Trial(limit=0.02, restarts=8)).bound < 0.02


def test_restarts_allow_for_a_smaller_margin():
    ends = arm(requests=12_000), arm(0.107, requests=12_000)

    assert compared(*ends, trial=Trial(margin=0.02)).p_worse < compared(*ends, trial=Trial(margin=0.03)).p_worse


def test_the_median_makes_a_tail_surer_and_says_so():
    few = compared(arm(requests=700), arm(0.125, requests=700))

    assert few.p_worse < 0.001
    assert few.support == "Its median, +25 %, shows that this is more than chance."


def test_the_median_never_speaks_for_a_tail_that_did_not_move():
    random = np.random.default_rng(1)
    base, head = random.lognormal(-2, 0.3, 4000), random.lognormal(-2, 0.3, 4000)
    cut = np.quantile(base, 0.9)
    head = np.where(head < cut, np.minimum(head * 1.3, cut), head)

    found = compared(
        make_endpoint(latency=histogram.of(base), requests=4000),
        make_endpoint(latency=histogram.of(head), requests=4000),
    )

    assert found.p_worse > 0.05
    assert found.support == ""


def test_proof_rests_on_the_percentile_alone():
    """Medians that are equal for sure do not narrow the bound of p95."""
    random = np.random.default_rng(2)
    base, head = random.lognormal(-2, 0.02, 2000), random.lognormal(-2, 0.02, 2000)
    base[:200], head[:200] = random.lognormal(-1, 0.8, 200), random.lognormal(-1, 0.8, 200)

    found = compared(
        make_endpoint(latency=histogram.of(base), requests=2000),
        make_endpoint(latency=histogram.of(head), requests=2000),
    )

    assert found.bound > 0.15


@pytest.mark.parametrize("requests", [40, 80, 200])
def test_a_large_change_is_found_with_few_requests(requests: int):
    """The whole distribution speaks, also where slow requests came together at one of the two."""
    head = replace(arm(0.7, requests=requests), paired_effects={"p95": 2.5, "p50": 1.2})

    assert compared(arm(requests=requests), head).p_worse < 0.001


@pytest.mark.parametrize("requests", [150, 600])
def test_unchanged_code_passes_with_few_requests(requests: int):
    random = np.random.default_rng(5)
    passed = 0
    for _ in range(100):
        ends = [
            make_endpoint(latency=histogram.of(random.lognormal(-2, 0.5, requests)), requests=requests) for _ in "ab"
        ]
        found = compared(*ends, trial=Trial(limit=0.20))
        passed += found.expectation < 0.20 and found.ruled_out < 0.50
    assert passed >= 90


def test_own_bursts_make_it_less_sure():
    head = arm(0.115)
    sure = compared(arm(), head)
    unsure = compared(arm(), replace(head, paired_effects={"p95": 6.0, "p50": 6.0}))

    assert unsure.p_worse > sure.p_worse
    assert unsure.bound > sure.bound
    assert "6.0 of them tell as much as one alone" in unsure.notes[-1]


def test_what_both_arms_share_does_not_count():
    """Design effects of the arms themselves are for runs that were not measured side by side."""
    drifting = {"design_effects": {"p95": 30.0, "p50": 30.0}}
    known = replace(arm(0.115, **drifting), paired_effects={"p95": 1.0, "p50": 1.0})

    assert compared(arm(**drifting), known).p_worse == compared(arm(), arm(0.115)).p_worse
    assert compared(arm(**drifting), arm(0.115, **drifting)).p_worse > 0.01


@pytest.mark.parametrize("requests", [1, 5, 19])
def test_with_few_requests_nothing_is_known_but_what_would_tell(requests: int):
    found = compared(arm(requests=requests), arm(0.4, requests=requests))

    assert (found.bound, found.detectable) == (inf, inf)
    assert "requests" in found.cure


def test_the_detectable_change_is_found_four_times_in_five():
    random = np.random.default_rng(3)

    def drawn(level: float) -> EndpointResult:
        return make_endpoint(latency=histogram.of(random.lognormal(-2, 0.5, 1500) * level), requests=1500)

    trial = Trial(alpha=0.01)
    least = np.median([compared(drawn(1.0), drawn(1.0), "p50", trial).detectable for _ in range(20)])
    found = [compared(drawn(1.0), drawn(1 + least), "p50", trial).p_worse < 0.01 for _ in range(200)]

    assert np.mean(found) == pytest.approx(0.8, abs=0.1)


def test_the_cure_is_about_right():
    """As many requests as it says bring the bound under the limit."""
    few = compared(arm(requests=600), arm(requests=600))
    assert few.bound > 0.10
    assert few.cure == "about 2,600 requests per arm (21 minutes at this rate) would show it"

    assert compared(arm(requests=2100), arm(requests=2100)).bound < 0.10


def test_a_limit_out_of_reach_is_said():
    found = compared(arm(requests=60), arm(requests=60), trial=Trial(limit=0.04, duration=60))

    assert "over 100 times as many requests" in found.cure


def test_without_a_limit_there_is_nothing_to_cure():
    assert compared(arm(), arm(), trial=Trial()).cure == ""


# ---- errors, rate, size


def test_errors_are_a_difference():
    found = compared(arm(failures=30), arm(failures=90), "errors", Trial(limit=0.005))

    assert found.is_difference
    assert found.change == pytest.approx(0.02)
    assert found.interval[0] < 0.02 < found.bound < found.interval[1]
    assert found.p_worse < 1e-6


@pytest.mark.parametrize(("base", "head", "significant"), [(0, 3, False), (0, 5, False), (0, 14, True), (1, 3, False)])
def test_single_failures_are_no_evidence(base: int, head: int, significant: bool):
    assert (compared(arm(failures=base), arm(failures=head), "errors").p_worse < 0.001) is significant


def test_no_failures_bound_a_rise():
    found = compared(arm(), arm(), "errors", Trial(limit=0.005))

    assert 0 < found.bound < 0.002
    assert compared(arm(requests=200), arm(requests=200), "errors", Trial(limit=0.005)).bound > 0.005


def test_failures_in_bursts_are_less_evidence():
    head = arm(failures=40)

    alone = compared(arm(failures=10), head, "errors").p_worse
    bursts = compared(arm(failures=10), replace(head, paired_effects={"errors": 8.0}), "errors").p_worse

    assert alone < 1e-4 < bursts


def test_errors_pass_wrongly_once_in_twenty_at_most():
    """True rise as large as the limit."""
    random = np.random.default_rng(4)
    for share, requests in ((0.001, 3000), (0.01, 3000), (0.0, 600)):
        below = 0
        for _ in range(400):
            counts = random.binomial(requests, [share, share + 0.005])
            ends = [
                EndpointResult(name="a", requests=requests, failures=int(n), metrics={"errors": n / requests})
                for n in counts
            ]
            below += compared(*ends, "errors").bound < 0.005
        assert below / 400 <= 0.05 + 0.025


def test_a_rate_is_of_successes_not_of_the_deal():
    """How many requests an arm was dealt is chance; how many of them it answered is not."""
    found = compared(arm(requests=2900), arm(requests=3100), "rate")
    assert (found.change, found.bound) == (0, 0)

    fallen = compared(arm(requests=3000), arm(requests=3000, failures=600), "rate", Trial(limit=0.05))
    assert fallen.change == pytest.approx(0.20)
    assert fallen.interval[0] < 0.20 < fallen.interval[1] < 1
    assert fallen.p_worse < 1e-6


def test_sizes_by_their_intervals():
    base = arm(metrics={"size": 1000.0}, intervals={"size": (980.0, 1020.0)})
    head = arm(metrics={"size": 1100.0}, intervals={"size": (1080.0, 1120.0)})

    found = compared(base, head, "size")

    assert found.change == pytest.approx(0.10)
    assert found.p_worse < 1e-4
    assert found.bound == pytest.approx(0.10 + 1.645 * 0.0137 * 1.1, abs=0.005)


def test_equal_sizes_are_certain():
    end = arm(metrics={"size": 1000.0}, intervals={"size": (1000.0, 1000.0)})

    found = compared(end, end, "size")

    assert (found.change, found.bound, found.p_worse) == (0, 0, 1)


@pytest.mark.parametrize("metric", ["max", "size", "ttfb_p95"])
def test_what_two_arms_cannot_tell(metric: str):
    values = {"max": 0.5, "size": 1000.0}

    assert compare(arm(metrics=values), arm(metrics=values), metric, LIMIT) is None


def test_an_arm_that_always_failed_has_no_percentile_to_compare():
    assert compare(arm(), arm(failures=3000), "p95", LIMIT) is None


def test_an_arm_that_always_failed_answers_nothing():
    """Its rate fell by all of it: that is no lack of a baseline."""
    found = compare(arm(), arm(failures=3000), "rate", LIMIT)

    assert found is not None
    assert found.change > 0.99
    assert found.p_worse < 1e-6


def test_numbers_are_finite_where_there_are_enough_requests():
    found = compared(arm(), arm(0.11))

    assert all(map(isfinite, (*found.interval, found.bound, found.detectable)))


def test_unequal_arms():
    found = compared(arm(requests=6000), arm(0.13, requests=1500))

    assert found.change == pytest.approx(0.3, abs=0.01)
    assert found.p_worse < 1e-4


def test_spread_is_as_built():
    """The premise of this file."""
    assert histogram.quantile(spread(0.1, 3000), 0.95) == pytest.approx(0.1, rel=0.003)


def test_no_infinity_reaches_a_verdict():
    """With too few requests there is no bound, and a file can hold none."""
    ends = [arm(requests=12), arm(0.2, requests=12)]
    arms = (
        Arm(name="base", target="http://127.0.0.1:1", endpoints=(ends[0],)),
        Arm(name="head", target="http://127.0.0.1:2"),
    )
    run = make_run(1, endpoints=[ends[1]], arms=arms)

    verdict = judge([make_budget(fail="+10%")], run, choose_baseline(run, (), BaselinePolicy()), GatePolicy())

    (finding,) = verdict.findings
    assert (finding.outcome, finding.bound, finding.interval) == (Outcome.INCONCLUSIVE, None, None)
    assert "more than that, but it may be chance" in finding.sentence
    assert "inf" not in finding.sentence
    assert codec.decode(Verdict, codec.encode(verdict), origin="verdict.json") == verdict


def test_maxima_are_not_compared_and_it_is_said():
    run = make_run(
        1,
        endpoints=[arm()],
        arms=(Arm(name="base", target="http://b", endpoints=(arm(),)), Arm(name="head", target="http://h")),
    )
    budget = make_budget(arm().name, "max", "+10%")

    [finding] = judge([budget], run, choose_baseline(run, (), BaselinePolicy()), GatePolicy()).findings

    assert finding.outcome is Outcome.NO_BASELINE
    assert "not compared: a maximum is a single request" in finding.sentence


@pytest.mark.parametrize("metric", ["p95", "errors", "rate"])
def test_what_the_base_does_not_have_is_new_and_compared_in_no_metric(metric: str):
    head = arm()
    base = Arm(name="base", target="http://b", endpoints=(arm(failures=3000),), absent=(head.name,))
    run = make_run(1, endpoints=[head], arms=(base, Arm(name="head", target="http://h")))
    relative = {"errors": "+0.5pp", "rate": "-10%"}.get(metric, "+10%")
    budgets = [make_budget(head.name, metric, relative), make_budget(head.name, "p50", "1ms")]

    new, fixed = judge(budgets, run, choose_baseline(run, (), BaselinePolicy()), GatePolicy()).findings

    assert (new.outcome, new.reason) == (Outcome.NO_BASELINE, "new-in-this-branch")
    assert "new in this branch, the base does not have it" in new.sentence
    assert (fixed.outcome, fixed.reason) == (Outcome.FAIL, "over-limit")


def test_several_looks_share_the_error_rates():
    """What is only just significant, or only just bounded, at a single look is neither at one of four."""
    ends = arm(requests=300), arm(0.13, requests=300)
    base = arm(requests=3000)
    arms = (Arm(name="base", target="http://b", endpoints=(ends[0],)), Arm(name="head", target="http://h"))
    budget = make_budget(arm().name, "p95", "+10%")

    def outcome(looks: int, *head: EndpointResult) -> Outcome:
        run = replace(make_run(1, endpoints=head, arms=arms), looks=looks)
        return judge([budget], run, choose_baseline(run, (), BaselinePolicy()), PROOF).outcome

    p = compared(*ends).p_worse
    assert outcome(int(0.009 / p), ends[1]) is Outcome.FAIL
    assert outcome(int(0.011 / p), ends[1]) is Outcome.INCONCLUSIVE
    arms = (replace(arms[0], endpoints=(base,)), arms[1])
    bounded = arm(0.1035, requests=3000)
    assert (outcome(1, bounded), outcome(4, bounded)) == (Outcome.PASS, Outcome.INCONCLUSIVE)
