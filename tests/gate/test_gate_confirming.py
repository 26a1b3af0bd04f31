from __future__ import annotations

import pytest
from builders import make_finding, make_verdict

from perfgate.gate import confirm
from perfgate.gate.verdict.outcome import with_codes
from perfgate.model.outcome import Outcome
from perfgate.model.verdict import Finding
from perfgate.text.notes import bare


def test_only_what_both_runs_show_is_a_failure():
    earlier = make_verdict(
        make_finding("search", "p95", Outcome.FAIL),
        make_finding("home", "p95", Outcome.FAIL),
        make_finding("orders", "errors", Outcome.PASS),
        run="first",
    )
    again = make_verdict(
        make_finding("search", "p95", Outcome.FAIL),
        make_finding("home", "p95", Outcome.PASS),
        make_finding("orders", "errors", Outcome.FAIL),
        run="second",
    )

    verdict = confirm(again, earlier)

    search, home, orders = verdict.findings
    assert verdict.outcome is Outcome.FAIL
    assert search.outcome is Outcome.FAIL
    assert search.sentence.endswith("Confirmed: run first failed here too.")
    assert home == with_codes(again).findings[1]
    assert (orders.outcome, orders.reason) == (Outcome.WARN, "not-confirmed")
    assert {one.outcome for one in orders.criteria} == {Outcome.WARN}
    assert bare(verdict.notes[0]) == (
        "Measured again to confirm run first: 1 of its 2 failures was seen again. Not seen again: home p95."
    )


def test_another_metric_of_the_same_endpoint_confirms_nothing():
    earlier = make_verdict(make_finding("search", "p99", Outcome.FAIL), make_finding("search", "p95", Outcome.PASS))
    again = make_verdict(make_finding("search", "p95", Outcome.FAIL))

    assert confirm(again, earlier).outcome is Outcome.WARN


@pytest.mark.parametrize("findings", [(), (make_finding("search", "p95", Outcome.NO_DATA),)])
def test_what_was_not_measured_refutes_no_failure(findings: tuple[Finding, ...]):
    verdict = confirm(make_verdict(make_finding("search", "p95", Outcome.FAIL)), make_verdict(*findings, run="first"))

    assert verdict.outcome is Outcome.FAIL
    assert verdict.findings[0].sentence.endswith("Not refuted: run first has no data of it.")


def test_missing_data_and_doubts_stay_what_they_are():
    earlier = make_verdict(make_finding("search", "p95", Outcome.FAIL))
    for outcome in (Outcome.NO_DATA, Outcome.INCONCLUSIVE, Outcome.WARN):
        again = make_verdict(make_finding("search", "p95", outcome))

        assert confirm(again, earlier).findings == with_codes(again).findings


def test_many_failures_are_counted():
    earlier = make_verdict(*(make_finding(f"e{number}", "p95", Outcome.FAIL) for number in range(9)))

    note = confirm(make_verdict(), earlier).notes[0]

    assert "0 of its 9 failures were seen again" in note
    assert "e4 p95 and 4 more." in note
