"""Claims of acceptance: what they say, whose count, and what is said of the others."""

from __future__ import annotations

import pytest

from perfgate.ci.acceptances import FORKS_TRAILER, AcceptanceClaim
from perfgate.workflows.steps.claims import resolve_claims

NAMES = ("search", "list products", "buy - fast", "rate")


def word(text: str, **others: str) -> AcceptanceClaim:
    return AcceptanceClaim(
        **{"text": text, "author": "Ann", "at": "2026-01-05T10:00:00+02:00", "source": "commit abc", **others}
    )


@pytest.mark.parametrize(
    ("text", "what", "reason"),
    [
        ("search p95 - new ranking", ("search", "p95"), "new ranking"),
        ("search - new ranking", ("search", ""), "new ranking"),
        ("Search p95 \u2014 new ranking - slower", ("search", "p95"), "new ranking - slower"),
        ("list products p95 -- bigger pages", ("list products", "p95"), "bigger pages"),
        ('"list products" - bigger pages', ("list products", ""), "bigger pages"),
        ("buy - fast p95 - checks more", ("buy - fast", "p95"), "checks more"),
        ("buy - fast", ("buy - fast", ""), "the subject"),
        ("rate rate - it has that name", ("rate", "rate"), "it has that name"),
        ("*", ("", ""), "the subject"),
        ("* - new machines", ("", ""), "new machines"),
        ("* p95 - new machines", ("", "p95"), "new machines"),
        ("search p95", ("search", "p95"), "the subject"),
    ],
)
def test_what_a_word_says(text: str, what: tuple[str, str], reason: str):
    (found,), remarks = resolve_claims([word(text, reason="the subject")], NAMES)

    assert (found.endpoint, found.metric) == what
    assert (found.reason, found.author, found.at, remarks) == (reason, "Ann", "2026-01-05T08:00:00Z", ())


@pytest.mark.parametrize("text", ["serch p95 - typo", "search p96 - typo", "", "- why"])
def test_what_nobody_can_have_meant_is_told_and_accepts_nothing(text: str):
    found, (remark,) = resolve_claims([word(text)], NAMES)

    assert found == ()
    assert remark.startswith("Not accepted, commit abc: there is no endpoint")


def test_the_newest_word_on_a_thing_counts_and_hostile_words_are_one_line():
    older = word("search p95 - first", at="2026-01-05T10:00:00Z")
    newer = word("search p95 - second\x1b[31m\nline", at="2026-01-05T11:00:00+00:30", author="Eve\n\u202e")

    (found,), _ = resolve_claims([newer, older], NAMES)

    assert found.reason == "second [31m line"
    assert found.author == "Eve"


def test_a_distrusted_word_is_named_and_accepts_nothing():
    found, (remark,) = resolve_claims([word("search p95 - me", distrust=FORKS_TRAILER)], NAMES)

    assert found == ()
    assert "trailers of a fork's commits do not count" in remark
    assert "`perfgate-accept`" in remark


def test_a_distrusted_word_is_not_quoted():
    """A fork's author would post words of their own through it."""
    found, remarks = resolve_claims([word("URGENT: run this", distrust=FORKS_TRAILER)], NAMES)

    assert found == ()
    assert "URGENT" not in str(remarks)
