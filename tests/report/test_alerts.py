"""What a chat is told of incidents."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from builders import make_finding, make_verdict

from perfgate.model.outcome import Outcome
from perfgate.model.verdict import NOT_MEASURED, AlertPolicy, Incident
from perfgate.publish import webhook
from perfgate.report import alerts
from perfgate.report.alerts import Watching

SEARCH = Incident(endpoint="search", metric="p95", began="2026-01-05T10:05:00Z", opened="r2", failed=2)
OVER = replace(SEARCH, ended="2026-01-05T10:25:00Z", closed="r6", failed=4)
DOWN = replace(SEARCH, endpoint=NOT_MEASURED[0], metric=NOT_MEASURED[1])


def watching(**others: Any) -> Watching:
    finding = make_finding(
        "search", "p95", Outcome.FAIL, measured=0.2, baseline=0.1, sentence="search p95 100 to 200 ms"
    )
    own = {
        "run": "r2",
        "name": "shop",
        "budget": "budgets.yaml",
        "target": "https://shop.example",
        "started": "2026-01-05T10:10:00Z",
        "url": "",
        "verdict": make_verdict(finding),
        "failure": "",
        "policy": AlertPolicy(),
    }
    return Watching(**{**own, **others})


def test_an_alert_says_what_since_when_and_by_how_much():
    told = alerts.firing([SEARCH], watching())

    assert told.title == "perfgate watch: shop (https://shop.example)"
    assert told.headline == "ALERT: search p95 fails since 10:05 UTC (2 failed rounds of 3)"
    assert [broken.sentence for broken in told.occasion.broken] == ["search p95 100 to 200 ms"]
    assert (told.outcome, told.failed, told.blocks, told.occasion.alert) == (Outcome.FAIL, 1, True, "firing")


def test_a_recovery_says_how_long_it_took():
    told = alerts.resolved([OVER], watching())

    assert told.headline == "RECOVERED: search p95 after 20 min (4 failed rounds)"
    assert (told.outcome, told.occasion.alert, told.occasion.recovered) == (Outcome.PASS, "resolved", True)


@pytest.mark.parametrize(
    ("incidents", "headline"),
    [
        ([DOWN], "ALERT: https://shop.example cannot be measured since 10:05 UTC (2 failed rounds of 3)"),
        (
            [replace(SEARCH, endpoint=name) for name in "abcde"],
            "ALERT: a p95, b p95, c p95 and 2 more fail since 10:05 UTC (2 failed rounds of 3)",
        ),
    ],
)
def test_other_alerts(incidents: list[Incident], headline: str):
    told = alerts.firing(incidents, watching(verdict=None, failure="The target is down."))

    assert told.headline == headline
    assert {broken.outcome for broken in told.occasion.broken} == {Outcome.NO_DATA}
    assert told.occasion.broken[0].sentence == "The target is down."


@pytest.mark.parametrize(
    ("incident", "headline"),
    [
        (replace(OVER, is_cut=True), "RECOVERED: search p95 after at least 20 min (4 failed rounds)"),
        (
            replace(DOWN, ended="2026-01-05T13:25:00Z", closed="r6"),
            "RECOVERED: https://shop.example is measured again after 3 h 20 min (2 failed rounds)",
        ),
    ],
)
def test_other_recoveries(incident: Incident, headline: str):
    assert alerts.resolved([incident], watching()).headline == headline


def test_a_recovery_of_a_budget_and_an_outage_names_both():
    outage = replace(DOWN, ended=OVER.ended, closed="r6")
    told = alerts.resolved([OVER, outage], watching())
    assert told.headline == "RECOVERED: search p95, the measurement itself after 20 min (4 failed rounds)"


@pytest.mark.parametrize(
    ("seconds", "words"), [(40, "40 s"), (89, "89 s"), (720, "12 min"), (7200, "2 h"), (12000, "3 h 20 min")]
)
def test_durations(seconds: float, words: str):
    assert alerts.duration(seconds) == words


def test_a_webhook_can_tell_alert_from_recovery_and_which_incident_it_is():
    body = json.loads(webhook.body(alerts.resolved([OVER], watching())))

    assert (body["alert"], body["outcome"], body["recovered"]) == ("resolved", "pass", True)
    [incident] = body["incidents"]
    assert (incident["endpoint"], incident["began"], incident["ended"]) == ("search", SEARCH.began, OVER.ended)


def test_a_strangers_text_stays_text():
    hostile = "\x1b[31mx\n##[error]y"
    told = alerts.firing([replace(SEARCH, endpoint=hostile)], watching(name=hostile, url="javascript:alert(1)"))

    assert "\x1b" not in told.headline + told.title
    assert "\n" not in told.headline + told.title
    assert told.occasion.url == ""
