"""Chats and webhooks, told over real HTTP: when, within which limits, and never giving the address away."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from publish.desks import Waits, make_announcement

from perfgate.model.outcome import Outcome
from perfgate.model.publication import Announcement, Broken, Occasion, Publication, PublishOptions, When
from perfgate.publish import posting, slack, teams, webhook

SECRET_PATH = "/services/T0SECRET/B0SECRET/xyzzyxyzzyxyzzy"
CHANNELS = {"slack": slack.CHANNEL, "teams": teams.CHANNEL, "webhook": webhook.CHANNEL}
HOSTILE = "<!channel> *bold* @here [x](https://evil.example) <at>all</at> & </script>"


@dataclass
class Hearer:
    """Takes what is posted; `answers` are given first: (status, headers, body)."""

    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def hearer() -> Iterator[Hearer]:
    heard = Hearer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status, headers, said = heard.answers.pop(0) if heard.answers else (200, {}, b"ok")
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    heard.url = f"http://127.0.0.1:{server.server_port}{SECRET_PATH}"
    yield heard
    server.shutdown()
    server.server_close()


def broken(endpoint: str = "search", *, is_new: bool = True, sentence: str = "search p95 82 to 131 ms") -> Broken:
    return Broken(endpoint=endpoint, metric="p95", outcome=Outcome.FAIL, sentence=sentence, is_new=is_new)


def announced(outcome: Outcome = Outcome.FAIL, **occasion: Any) -> Announcement:
    own = {"run": "r1", "name": "shop", "commit": "9f3c2ab" * 5, "started": "2026-01-05T10:00:00Z", **occasion}
    return make_announcement(outcome=outcome, occasion=Occasion(**own))


REGRESSED = announced(branch="main", on_baseline=True, broken=(broken(),))
STILL = announced(branch="main", on_baseline=True, broken=(broken(is_new=False),))
RECOVERED = announced(Outcome.PASS, branch="main", on_baseline=True, recovered=True)
KEPT = announced(Outcome.PASS, branch="main", on_baseline=True)
OF_A_PULL_REQUEST = announced(branch="feature", broken=(broken(),))


@pytest.mark.parametrize(
    ("announcement", "regressions", "changes", "failures", "always"),
    [
        (REGRESSED, True, True, True, True),
        (STILL, False, False, True, True),
        (RECOVERED, False, True, False, True),
        (KEPT, False, False, False, True),
        (OF_A_PULL_REQUEST, False, False, True, True),
    ],
    ids=["regressed", "still broken", "recovered", "kept", "pull request"],
)
@pytest.mark.parametrize("name", CHANNELS)
def test_when_something_is_told(
    hearer: Hearer,
    name: str,
    announcement: Announcement,
    regressions: bool,
    changes: bool,
    failures: bool,
    always: bool,
):
    told = []
    for when in When:
        hearer.got.clear()
        tell(name, announcement, hearer, when=when)
        told.append(len(hearer.got) == 1)

    assert told == [regressions, changes, failures, always]


def tell(
    name: str, announcement: Announcement, hearer: Hearer, waits: Waits | None = None, **others: Any
) -> Publication:
    channel = CHANNELS[name]
    environ = {channel.variable: hearer.url, **others.pop("environ", {})}
    sleep = Waits() if waits is None else waits
    return posting.deliver(channel, announcement, environ, PublishOptions(when=others.pop("when", When.ALWAYS)), sleep)


def test_slack_keeps_its_limits_and_reads_no_markup(hearer: Hearer):
    many = tuple(broken(f"e{number}", sentence=HOSTILE * 100) for number in range(40))
    announcement = announced(branch="main", on_baseline=True, broken=many, url="https://ci.example/run/1")

    assert tell("slack", announcement, hearer).messages == ("Posted to Slack.",)

    (headers, body), message = hearer.got[0], json.loads(hearer.got[0][1])
    assert headers["content-type"] == "application/json"
    assert len(message["blocks"]) <= 50
    assert len(message["blocks"][0]["text"]["text"]) <= 150
    for block in message["blocks"][1:]:
        for text in [block.get("text"), *(block.get("elements") or [])]:
            inner = text["text"] if text and text["type"] == "button" else text
            assert inner is None or (inner["type"] == "plain_text" and len(inner["text"]) <= 3000)
    assert "and 30 more" in body.decode()
    assert message["blocks"][-1]["elements"][0]["url"] == "https://ci.example/run/1"


def test_what_slack_reads_as_markup_is_escaped(hearer: Hearer):
    tell("slack", make_announcement(headline=HOSTILE), hearer)

    text = json.loads(hearer.got[0][1])["text"]
    assert "<" not in text
    assert "&lt;!channel&gt;" in text
    assert "@here" not in text
    assert "*bold*" not in text


def test_teams_keeps_its_limit_and_reads_no_markup(hearer: Hearer):
    many = tuple(broken(f"e{number}", sentence=HOSTILE * 60) for number in range(40))

    tell("teams", announced(branch="main", on_baseline=True, broken=many), hearer)

    body = hearer.got[0][1]
    card = json.loads(body)["attachments"][0]["content"]
    assert len(body) <= 24_000
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    assert any("more" in block["inlines"][0]["text"] for block in card["body"])


def test_the_webhook_is_signed_and_says_what_is_documented(hearer: Hearer):
    tell("webhook", REGRESSED, hearer, environ={"PERFGATE_WEBHOOK_SECRET": "s3cret"})
    tell("webhook", REGRESSED, hearer)

    (headers, body), (unsigned, _) = hearer.got
    message = json.loads(body)
    expected = hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert headers["x-perfgate-signature-256"] == f"sha256={expected}"
    assert "x-perfgate-signature-256" not in unsigned
    assert (message["schema"], message["outcome"], message["branch"]) == (1, "fail", "main")
    assert message["broken"][0]["endpoint"] == "search"
    assert b"s3cret" not in body


@pytest.mark.parametrize("name", CHANNELS)
def test_refusals_are_warnings_without_the_address(hearer: Hearer, name: str):
    hearer.answers = [(403, {}, f"invalid_token for {SECRET_PATH} xyzzyxyzzyxyzzy\x1b[31m".encode())]

    done = tell(name, REGRESSED, hearer)

    assert len(hearer.got) == 1
    assert "answered 403: invalid_token" in done.warnings[0]
    assert "The verdict stands." in done.warnings[0]
    assert not any(part in done.warnings[0] for part in ("T0SECRET", "xyzzy", "\x1b", hearer.url))


def test_a_long_refusal_is_not_cut_within_the_address(hearer: Hearer):
    hearer.answers = [(404, {}, b"." * 160 + SECRET_PATH.encode())]

    done = tell("webhook", REGRESSED, hearer)

    assert "answered 404" in done.warnings[0]
    assert not any(part in done.warnings[0] for part in ("T0SECRET", "xyzzy"))


def test_hiccups_are_waited_for_and_not_forever(hearer: Hearer):
    waits = Waits()
    hearer.answers = [(429, {"Retry-After": "3"}, b""), (503, {}, b""), (200, {}, b"ok")]
    assert tell("slack", REGRESSED, hearer, waits).messages == ("Posted to Slack.",)
    assert (waits[0], len(waits)) == (3.0, 2)

    hearer.answers = [(500, {}, b"oops")] * 9
    assert "answered 500: oops" in tell("slack", REGRESSED, hearer).warnings[0]
    assert len(hearer.got) == 3 + posting.MAX_TRIES


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("", "PERFGATE_SLACK_URL is not set"),
        ("file:///etc/passwd", "PERFGATE_SLACK_URL is no address"),
        ("hooks.slack.example/xyzzyxyzzy", "PERFGATE_SLACK_URL is no address"),
        ("http://127.0.0.1:9/xyzzyxyzzy", "does not answer"),
    ],
)
def test_a_wrong_address_is_a_warning_that_does_not_say_it(address: str, said: str):
    environ = {"PERFGATE_SLACK_URL": address}
    done = posting.deliver(slack.CHANNEL, REGRESSED, environ, PublishOptions(), Waits())

    assert said in done.warnings[0]
    assert "xyzzy" not in done.warnings[0]


def test_one_address_serves_all_that_have_none_of_their_own(hearer: Hearer):
    done = posting.deliver(teams.CHANNEL, REGRESSED, {posting.ANY: hearer.url}, PublishOptions(), Waits())

    assert done.messages == ("Posted to Teams.",)
