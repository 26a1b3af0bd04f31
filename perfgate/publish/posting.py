"""One message to one address: when it is worth it, with retries, and without ever saying the address.

Whoever knows such an address can write to the channel, so it comes from the environment and goes into no log.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from perfgate import __version__
from perfgate.model.outcome import Outcome
from perfgate.model.publication import Announcement, Comment, Correction, Publication, PublishOptions, When
from perfgate.net import http
from perfgate.net.retrying import Retries
from perfgate.publish.wording import STANDS
from perfgate.text.addresses import without_address
from perfgate.text.notes import note

ANY = "PERFGATE_WEBHOOK_URL"
TIMEOUT_S = 20.0  # seconds for each answer
MAX_TRIES = 4
MAX_WAIT_S = 60.0  # that an answer may ask for
MAX_ANSWER_CHARS = 200  # characters of their own words
_NOTHING_NEW = (Outcome.PASS, Outcome.NO_BASELINE)


@dataclass(frozen=True, kw_only=True)
class Channel:
    """`title` is for people; `variable` holds the address, else PERFGATE_WEBHOOK_URL does."""

    title: str
    variable: str
    body: Callable[[Announcement], bytes]
    headers: Callable[[bytes, Mapping[str, str]], Mapping[str, str]] = lambda _body, _environ: {}

    def publish(self, announcement: Announcement, environ: Mapping[str, str], options: PublishOptions) -> Publication:
        return deliver(self, announcement, environ, options)

    def correct(self, _correction: Correction, _environ: Mapping[str, str], _options: PublishOptions) -> Publication:
        """Nothing: a message is read once, and no verdict stays in sight."""
        return Publication()


def should_notify(announcement: Announcement, when: When) -> bool:
    """Whether this is worth interrupting people."""
    occasion = announcement.occasion
    regressed = occasion.on_baseline and any(item.is_new for item in occasion.broken)
    return {
        When.REGRESSIONS: regressed,
        When.CHANGES: regressed or (occasion.on_baseline and occasion.recovered),
        When.FAILURES: announcement.blocks or bool(occasion.broken),
        When.ALWAYS: True,
    }[when]


def should_comment(announcement: Announcement, options: PublishOptions) -> bool:
    """Whether a new comment is begun; one that is there is always kept up to date."""
    if options.comment is Comment.FAILURES:
        return announcement.blocks
    return options.comment is Comment.ALWAYS or announcement.outcome not in _NOTHING_NEW


def deliver(
    channel: Channel,
    announcement: Announcement,
    environ: Mapping[str, str],
    options: PublishOptions,
    sleep: Callable[[float], None] = time.sleep,
) -> Publication:
    """Never raises for what the other side does: that is a warning."""
    if not should_notify(announcement, options.when):
        return Publication(messages=(f"Nothing to tell {_within(channel.title)} (--when {options.when.value}).",))
    url = (environ.get(channel.variable) or environ.get(ANY, "")).strip()
    if not _is_address(url):
        wrong = "is no address" if url else "is not set"
        return _failed(channel, f"{channel.variable} {wrong}: it holds the address to post to, https://...")
    body = channel.body(announcement)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"perfgate/{__version__}",
        **channel.headers(body, environ),
    }
    with http.HttpSession(timeout=TIMEOUT_S) as session:
        return _send(channel, session, url, headers, body, sleep)


def _send(
    channel: Channel,
    session: http.HttpSession,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    sleep: Callable[[float], None],
) -> Publication:
    retries = Retries(tries=MAX_TRIES, max_wait_s=MAX_WAIT_S, sleep=sleep)
    try:
        reply = retries.send(lambda: session.exchange("POST", url, headers=headers, content=body, max_bytes=2**20))
    except http.NoReplyError as error:
        return _failed(channel, f"it does not answer: {_hidden(str(error), url)}")
    if reply.status < 300:
        return Publication(messages=(f"Posted to {_within(channel.title)}.",))
    return _failed(channel, f"it answered {reply.status}: {_hidden(_words(reply.body), url)}")


def _failed(channel: Channel, why: str) -> Publication:
    return Publication(
        warnings=(note("PG-P005", f"{channel.title} was not told: {why}. {STANDS}"),), failed=(channel.title,)
    )


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("https", "http") and bool(parts.hostname)
    except ValueError:
        return False


def _hidden(text: str, url: str) -> str:
    return without_address(text, url, limit=MAX_ANSWER_CHARS)


def _words(body: bytes) -> str:
    return body.decode(errors="replace") or "nothing"


def _within(title: str) -> str:
    """A title in the middle of a sentence."""
    return title.replace("The ", "the ", 1)
