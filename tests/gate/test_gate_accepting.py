from __future__ import annotations

from builders import make_acceptance, make_finding, make_verdict

from perfgate.gate import accept
from perfgate.gate.verdict.outcome import with_codes
from perfgate.model.budget_file import Kind, Severity
from perfgate.model.outcome import Outcome
from perfgate.model.verdict import CriterionResult, Finding


def criterion(kind: Kind, outcome: Outcome) -> CriterionResult:
    return CriterionResult(kind=kind, limit=0.1, text="+10%", severity=Severity.FAIL, outcome=outcome)


def regressed(endpoint: str = "search", metric: str = "p95", *, fixed: Outcome = Outcome.PASS) -> Finding:
    criteria = (criterion(Kind.ABSOLUTE, fixed), criterion(Kind.RELATIVE, Outcome.FAIL))
    return make_finding(endpoint, metric, Outcome.FAIL, criteria=criteria, sentence="search p95 82 to 131 ms.")


def test_an_accepted_regression_is_shown_and_fails_no_more():
    verdict = make_verdict(regressed(), regressed("home"))

    judged = accept(verdict, [make_acceptance("search", "p95", reason="new ranking")], ["a remark"])

    search, home = judged.findings
    assert (search.outcome, search.reason) == (Outcome.WARN, "accepted")
    assert search.sentence.startswith("search p95 82 to 131 ms. Accepted by ")
    assert "new ranking" in search.sentence
    assert (search.measured, search.change) == (verdict.findings[0].measured, verdict.findings[0].change)
    assert home == with_codes(verdict).findings[1]
    assert judged.outcome is Outcome.FAIL
    assert judged.notes[0] == "a remark [PG-C007]"
    assert [one.reason for one in judged.acceptances] == ["new ranking"]


def test_a_word_for_an_endpoint_or_for_everything_counts_and_the_most_particular_is_told():
    words = [make_acceptance("", "", reason="all"), make_acceptance("search", "", reason="of search")]

    judged = accept(make_verdict(regressed(), regressed("home")), words)

    assert judged.outcome is Outcome.WARN
    assert [one.sentence.rpartition(": ")[2] for one in judged.findings] == ["of search.", "all."]


def test_a_fixed_limit_still_stands():
    judged = accept(make_verdict(regressed(fixed=Outcome.FAIL)), [make_acceptance()])

    (finding,) = judged.findings
    assert (finding.outcome, finding.reason) == (Outcome.FAIL, "over-limit")
    assert [one.outcome for one in finding.criteria] == [Outcome.FAIL, Outcome.WARN]
    assert "change it in the budget file" in finding.sentence


def test_only_regressions_are_accepted():
    for outcome in set(Outcome) - {Outcome.FAIL}:
        verdict = make_verdict(make_finding("search", "p95", outcome))

        assert accept(verdict, [make_acceptance()]).findings == with_codes(verdict).findings


def test_nothing_accepted_is_the_same_verdict():
    verdict = make_verdict(regressed())

    assert accept(verdict, []) is verdict
