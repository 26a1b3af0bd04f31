"""The rules of other gates, as the bench has them, and the table made of counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.gate import docs, peers, recorded
from bench.gate.replay import judged
from bench.gate.table import RULES, table
from perfgate.model.outcome import Outcome

USUAL = np.array([[0.100], [0.104], [0.096], [0.102], [0.098], [0.101], [0.099], [0.103], [0.097], [0.100]])


def beside(name: str, now: float, past: np.ndarray = USUAL) -> bool:
    return bool(peers.BESIDE_HISTORY[name](peers.Series(now=np.array([now]), past=past, limit=0.10))[0])


@pytest.mark.parametrize(
    ("rule", "kept", "broken"),
    [
        ("k6 1.1x", 0.1099, 0.1101),
        ("k6 2x", 0.1999, 0.2001),
        ("g-a-b", 0.1999, 0.2001),
        ("Keptn", 0.1099, 0.1101),  # of the last three: 0.103, 0.097, 0.100
        ("Otava", 0.103, 0.130),
    ],
)
def test_a_rule_fails_from_its_limit_on(rule, kept, broken):
    assert not beside(rule, kept)
    assert beside(rule, broken)


def test_bencher_predicts_the_next_value():
    """n 25, mean 100, standard deviation 10: t(0.99, 24) = 2.4922 (tables)."""
    past = np.array([90.0, 110.0] * 12 + [100.0]).reshape(-1, 1)
    past = 100 + (past - 100) * 10 / past.std(ddof=1)
    upper = 100 + 2.4922 * 10 * (1 + 1 / 25) ** 0.5
    assert not beside("Bencher", upper - 0.01, past)
    assert beside("Bencher", upper + 0.01, past)


def test_change_points_are_where_the_level_changed():
    noise = np.random.default_rng(2).normal(0, 1, 20)
    assert peers.change_points(100 + noise) == []
    assert peers.change_points(100 + noise + np.repeat([0, 8], [12, 8])) == [12]


def test_kayenta_needs_a_sure_shift_and_an_increase():
    random = np.random.default_rng(4)
    base = random.normal(100, 5, (1, 30))

    def failed(head: np.ndarray) -> bool:
        sides = peers.Sides(base=base.mean(1), head=head.mean(1), base_windows=base, head_windows=head, limit=0.10)
        return bool(peers.high(sides)[0])

    assert failed(1.2 * random.normal(100, 5, (1, 30)))
    assert not failed(1.05 * random.normal(100, 5, (1, 30)))  # sure, but less than the limit
    assert not failed(random.normal(100, 100, (1, 30)) + 12)  # more, but not sure


COUNTS = {
    "recordings": {"calm": 11, "stormy": 1},
    "measured": "2026-01-01T00:00:00+00:00",
    "versions": {"commit": "abc1234"},
    "sweeps": {
        "sides 3000": {
            "suites": 299,
            "unchanged": 2990,
            "alarms": {"perfgate": 0, "Keptn": 299},
            "kept": {"perfgate": 2392, "Keptn": 0},
            "found": {},
            "missed": {},
        }
    },
}


def test_the_table_says_what_the_number_of_suites_can_show():
    alarms, kept = table(COUNTS).rows
    assert alarms[:3] == ["A/B, 3,000: false alarms", "299", "0% (≤ 1.0%)"]
    assert alarms[2 + RULES.index("Keptn")] == "100%"
    assert alarms[2 + RULES.index("k6 2x")] == "-"
    assert kept[:3] == ["A/B, 3,000: unchanged that pass", "2,990", "80.0%"]


def test_the_page_has_the_table_between_its_markers():
    page = docs.filled("before\n<!-- bench: gate -->\nstale figures\n<!-- end -->\nafter\n", COUNTS)
    assert "stale" not in page
    assert "| A/B, 3,000: false alarms | 299 | 0% (≤ 1.0%) |" in page
    assert page == docs.filled(page, COUNTS)
    with pytest.raises(ValueError, match=r"gate-statistics\.md needs one place"):
        docs.filled("no place", COUNTS)


def test_one_stall_is_no_regression_of_the_whole_application():
    """Whether it was the application's or the machine's, nobody knows: the probe saw nothing. All p95 rise many times,
    but all that is over them is one event."""
    recordings = sorted((Path(__file__).parents[1] / "end_to_end" / "recorded").glob("aa-0[4-6]*.csv.gz"))
    past = [recorded.read(path) for path in recordings[1:]]
    probes = [recorded.UNMOVED] * (len(past) + 1)
    stalled = judged(recorded.read(recordings[0], stalled=True), past, ["p95"], "+10%", probes)

    assert Outcome.FAIL not in {one.outcome for one in stalled.findings}
    assert all(one.change > 1 for one in stalled.findings)
    steady = judged(recorded.scaled(past[0], {"": 3.0}), past[1:], ["p95"], "+10%", probes[1:])
    *endpoints, whole = steady.findings
    assert whole.outcome is Outcome.FAIL
    assert Outcome.FAIL not in {one.outcome for one in endpoints}
