"""Runs in which the target could not keep up: who did it, who waited, and runs that only look like that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from builders import make_arms, make_budget, make_endpoint, make_past_run, make_run

from perfgate.gate import choose_baseline, judge
from perfgate.model.budget_file import GatePolicy
from perfgate.model.outcome import Outcome
from perfgate.model.run import Distribution, EndpointResult, Generator, PastRun, Run
from perfgate.model.verdict import Verdict
from perfgate.recording import histogram
from perfgate.report.facts import Facts
from perfgate.text.notes import bare

GROWING = tuple(3.0 + 4.3 * at for at in range(20))
OPEN = Generator(due=6000, sent=6000)
NAMES = ("home page", "search", "log in")


def latencies(fastest: float, waited: float = 0.0) -> Distribution:
    """From `fastest` to twice that, and up to `waited` more."""
    return histogram.of(fastest * (1 + at / 400) + waited * at / 400 for at in range(400))


def ends(fastest: Mapping[str, float], waited: float = 0.0) -> list[EndpointResult]:
    return [make_endpoint(name, requests=400, latency=latencies(took, waited)) for name, took in fastest.items()]


def calm(*numbers: int) -> list[PastRun]:
    return [make_past_run(number, endpoints=ends(dict.fromkeys(NAMES, 0.02))) for number in numbers]


def overloaded(fastest: Mapping[str, float], in_flight: Sequence[float] = GROWING, **others) -> Run:
    return make_run(
        100, endpoints=ends(fastest, waited=2.0), in_flight=tuple(in_flight), **{"generator": OPEN, **others}
    )


def judged(run: Run, past: Sequence[PastRun]) -> Verdict:
    policy = GatePolicy()
    budgets = [make_budget(one.name, "p95", "200ms +20%") for one in run.endpoints]
    return judge(budgets, run, choose_baseline(run, past, policy.baseline), policy)


def test_the_cause_is_what_became_slower_even_at_its_fastest():
    verdict = judged(overloaded({"search": 0.03, "home page": 0.47, "log in": 0.03}), calm(5, 4, 3, 2, 1))

    assert bare(verdict.notes[0]) == (
        "The target could not keep up: requests in flight rose from 9 to 78. Likely cause: `home page` (+568 ms even at "
        "its fastest); the others waited behind it."
    )
    assert verdict.overload
    assert (verdict.overload.cause, verdict.overload.others) == ("home page", 2)


def test_what_waited_says_so_and_comes_after_the_cause():
    run = overloaded({"search": 0.03, "home page": 0.47, "log in": 0.03})
    past = calm(5, 4, 3, 2, 1)
    verdict = judged(run, past)

    broken = [one for one in Facts(verdict=verdict, run=run).findings if one.outcome is Outcome.FAIL]
    assert broken[0].endpoint == "home page"
    waiting = {one.endpoint: one.sentence.endswith("It probably waited behind `home page`.") for one in broken}
    assert waiting == {"home page": False, "search": True, "log in": True}


def test_beside_a_base_the_base_tells():
    base, head = ends(dict.fromkeys(NAMES, 0.02)), {"search": 0.02, "home page": 0.02, "log in": 0.3}
    verdict = judged(overloaded(head, arms=make_arms(*base)), [])
    assert "Likely cause: `log in` (+389 ms even at its fastest)" in verdict.notes[0]


def test_without_anything_to_compare_with_it_is_what_takes_most_of_the_time():
    verdict = judged(overloaded({"search": 0.03, "home page": 0.2}), [])
    assert (
        "Likely cause: `home page` (it takes most of the target's time); the other waited behind it."
        in verdict.notes[0]
    )


def test_where_all_became_slower_alike_nobody_is_blamed():
    verdict = judged(overloaded(dict.fromkeys(NAMES, 0.2)), calm(5, 4, 3, 2, 1))
    assert bare(verdict.notes[0]) == "The target could not keep up: requests in flight rose from 9 to 78."
    assert not any("waited behind" in one.sentence for one in verdict.findings)


@pytest.mark.parametrize(
    "in_flight",
    [
        (),
        (3.0, 90.0),
        tuple(1e306 * at for at in range(20)),  # of a stranger: no such number was measured
        tuple(3.0 + 0.3 * at for at in range(20)),  # under ten more
        tuple(100.0 + 5 * at for at in range(20)),  # not twice as many
        (3.0,) * 16 + (90.0,) * 4,  # a stall at the end
        (3.0,) * 4 + (300.0,) * 4 + (60.0,) * 12,  # a burst, and the target recovered
    ],
)
def test_other_courses_are_no_overload(in_flight: tuple[float, ...]):
    verdict = judged(overloaded({"search": 0.03, "home page": 0.4}, in_flight), [])
    assert verdict.overload is None
    assert "keep up" not in " ".join(verdict.notes)


def test_in_the_closed_model_users_wait_for_answers():
    verdict = judged(overloaded({"search": 0.03}, generator=Generator()), [])
    assert verdict.overload is None


def test_an_endpoint_alone_waited_for_itself():
    verdict = judged(overloaded({"search": 0.4}), [])
    assert bare(verdict.notes[0]).endswith("Likely cause: `search` (it takes most of the target's time).")
