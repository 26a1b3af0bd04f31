"""What `perfgate watch` exports while it waits for its next round."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from builders import make_finding, make_run, make_verdict

from perfgate.cli.exporting import Exports
from perfgate.cli.watching import REPEAT_S, pauses
from perfgate.export import Family, LiveTotals, Sender

LABELS = {"load_test": "shop", "branch": "watch"}


class Recorded:
    def __init__(self) -> None:
        self.sent: list[Sequence[Family]] = []

    def send(self, families: Sequence[Family], at: float) -> None:
        self.sent.append(families)

    def close(self) -> None:
        pass


def test_what_a_round_came_to_is_sent_again_as_it_was():
    """Prometheus takes a pushed value for gone after five minutes, and an alert on it for over."""
    exporter = Recorded()
    sender = Sender("somewhere", exporter, lambda: 1.0, lambda _: None)
    exports = Exports([sender], LiveTotals(LABELS), LABELS)

    exports.repeat()  # nothing yet
    exports.round(make_run(), make_verdict(make_finding("search", "p95")), (), [("search", "p95")])
    exports.repeat()
    sender.close()

    first, again = exporter.sent
    assert first == again
    assert {"perfgate.watch.incident", "perfgate.verdict.outcome"} <= {family.name for family in again}
    assert {family.kind for family in again} == {"gauge"}  # totals that are sent again would be no news


@pytest.mark.parametrize(
    ("left", "parts"), [(20.0, [20.0]), (60.0, [60.0, 0.0]), (150.0, [60.0, 60.0, 30.0]), (0.0, [0.0])]
)
def test_a_wait_is_divided(left: float, parts: list[float]):
    assert pauses(left) == parts
    assert max(parts) <= REPEAT_S
