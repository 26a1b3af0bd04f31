"""Connections that requests open to databases, caches and other services, instead of using those that are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from perfgate.diagnose.rules.case import (
    MIN_EXPLAINING_SHARE,
    MIN_TIME_S,
    Case,
    Pair,
    cause,
    counted,
    grew,
    ms,
    number,
    peers_of,
)
from perfgate.diagnose.rules.computing import stretch
from perfgate.model.diagnosis import Cause, Layer

SERVERS: tuple[tuple[Layer, str], ...] = (
    ("database", "the database"),
    ("cache", "the cache"),
    ("external", "other services"),
)
MIN_COUNTED_CONNECTIONS = 0.5  # connections per request more, by a count
MIN_SEEN_CONNECTIONS = 0.2  # as far as sockets show them: short ones are gone before anybody has looked
MAX_MESSAGES = 25  # that a connection is opened for: more are sent over those that are kept
MAX_RATE_FACTOR = 1.5  # times as many per second, which is as many
MIN_HANDSHAKE_MESSAGES = 1.0  # messages per request beside those of its calls: opening a connection takes several
HANDSHAKE_ANSWERS = 3  # that opening a connection waits for, TLS included
LOGIN_ANSWERS = 7  # the same of a database or a cache: to connect, for TLS, and to log in
LOGIN_MESSAGES = 8  # at most that a service sends for it
HANDSHAKE_S = 0.02  # s that both sides may compute meanwhile, and answers take that are too quick to be timed
MIN_PER_MESSAGE_FACTOR = 5.0  # times as many connections per message: no matter how many of both were seen


class Opened(NamedTuple):
    layer: Layer
    where: str
    per_request: Pair
    seconds: float | None = None  # that opening takes longer per request, as far as it is known
    is_counted: bool = True  # or only seen, as far as one could


def reconnecting(case: Case) -> Iterator[Cause]:
    for found in _opened(case):
        before, now = found.per_request
        about = "" if found.is_counted else "at least "
        sentence = (
            f"{about}{counted(now, 'connection')} to {found.where} opened per request instead of {number(before)}"
        )
        if found.seconds:
            sentence += f", {ms(found.seconds)} for opening"
        is_sure = found.layer != "external" or explains_external_wait(case)
        evidence = peers_of(case, found.layer)
        yield cause("reconnecting", "confirmed" if is_sure else "likely", sentence, evidence, layer=found.layer)


def is_reconnecting(case: Case, layer: Layer) -> bool:
    return any(found.layer == layer for found in _opened(case))


def explains_external_wait(case: Case) -> bool:
    """Whether opening connections may take as long as other services are waited for longer: no answer of a handshake
    is slower than those before. Messages show how many were opened at most, sockets how many at least."""
    messages, waited = case.pair("external_messages"), case.pair("external_wait")[0]
    more, opened = case.growth("external_wait"), case.growth("external_opened")
    if more is None or opened is None or None in messages or not messages[0] or waited is None:
        return True
    connections = max(opened, (messages[1] - messages[0]) / 2)  # type: ignore[operator]
    return more <= connections * (HANDSHAKE_ANSWERS * waited / messages[0] + HANDSHAKE_S)


def opening_seconds(case: Case, layer: Layer) -> float:
    """Seconds per request, at most, that opening connections to a database or a cache takes longer: by the
    application's own count; else by what is waited beside what it computes, or by how long an answer took before."""
    if not is_reconnecting(case, layer):
        return 0.0
    if (known := _connecting(case, layer)) is not None:
        return max(0.0, known)
    waited, messages = case.pair(f"{layer}_wait")[0], case.pair(f"{layer}_messages")[0]
    answer = waited / messages if waited and messages else 0.0
    most = _more_opened(case, layer) * stretch(case) * (LOGIN_ANSWERS * answer + HANDSHAKE_S)
    own, waits = case.growth(_CALLS[layer][2]), case.growth(f"{layer}_wait")
    return most if own is None or waits is None else min(most, max(0.0, waits - max(0.0, own)))


def login_messages(case: Case, layer: Layer) -> float:
    """Messages per request, at most, that are sent for connections that were not opened before."""
    return LOGIN_MESSAGES * _more_opened(case, layer) if is_reconnecting(case, layer) else 0.0


def _more_opened(case: Case, layer: Layer) -> float:
    names = (*_counts_of(layer), f"{layer}_opened")
    return max((growth for name in names if (growth := case.growth(name)) is not None), default=0.0)


def _opened(case: Case) -> Iterator[Opened]:
    """One for each layer, by what is surest: the server's own count, the application's, sockets."""
    for layer, where in SERVERS:
        seconds = _connecting(case, layer)
        by_server, by_request = ([case.pair(name)] if name in _KNOWN else [] for name in _counts_of(layer))
        counts = [*by_server, *by_request]
        own = [*(pair for pair in by_server if not _is_rate(case, pair) or _agrees(case, layer)), *by_request]
        surest = next((pair for pair in own if grew(pair, 2, MIN_COUNTED_CONNECTIONS)), None)
        if surest is not None:
            if layer == "database" or _explains(case, layer):
                yield Opened(layer, where, surest, seconds)
        elif all(None in pair for pair in counts) and _is_seen(case, layer) and _explains(case, layer):
            yield Opened(layer, where, case.pair(f"{layer}_opened"), seconds, is_counted=False)


def _counts_of(layer: Layer) -> tuple[str, str]:
    return f"{layer}_sessions", f"{layer}_connects"


def _is_rate(case: Case, pair: Pair) -> bool:
    """Whether about as many are opened per second as before: by others, however long a request takes."""
    (before, now), (was, takes) = pair, case.pair("alone")
    return bool(before and now and was and takes) and now / before <= MAX_RATE_FACTOR * takes / was  # type: ignore[operator]


def _agrees(case: Case, layer: Layer) -> bool:
    """Whether more than the server's count shows that it is the service which opens connections: its sockets, messages
    beside those of its calls, or a wait that grew by more than all else and is none of the calls'."""
    calls, each, own = _CALLS[layer]
    (sent, sends), (before, now) = case.pair(calls), case.pair(f"{layer}_messages")
    if sent and sends and before and now and now - before * max(1.0, sends / sent) >= MIN_HANDSHAKE_MESSAGES:
        return True
    if grew(case.pair(f"{layer}_opened"), 2, MIN_SEEN_CONNECTIONS):
        return True
    (was, takes), wait = case.pair("alone"), f"{layer}_wait"
    is_of_calls = case.grew(each, 1.5, MIN_TIME_S / 4) or case.takes(case.growth(own))
    is_longer = bool(was and takes) and case.grew(wait, MAX_RATE_FACTOR * takes / was, MIN_TIME_S)  # type: ignore[operator]
    return is_longer and not is_of_calls and case.takes(case.growth(wait))


_CALLS: Mapping[Layer, tuple[str, str, str]] = {  # how many, how long each takes, and how long in the server itself
    "database": ("queries", "query_seconds", "database"),
    "cache": ("cache_calls", "cache_call_seconds", "cache_seconds"),
}
_KNOWN = ("database_sessions", "database_connects", "cache_sessions", "cache_connects")


def _connecting(case: Case, layer: Layer) -> float | None:
    return None if layer == "external" else case.growth(f"{layer}_connect_seconds")


def _is_seen(case: Case, layer: Layer) -> bool:
    """Whether sockets show that connections are opened for few messages each, which were kept before."""
    opened, messages = case.pair(f"{layer}_opened"), case.pair(f"{layer}_messages")
    if None in (*opened, *messages) or not messages[0] or not messages[1]:
        return False
    before, now = (connections / sent for connections, sent in zip(opened, messages, strict=True))  # type: ignore[operator]
    return grew(opened, 2, MIN_SEEN_CONNECTIONS) and now * MAX_MESSAGES >= 1 and now >= MIN_PER_MESSAGE_FACTOR * before


def _explains(case: Case, layer: Layer) -> bool:
    """Whether waiting for that server is longer, or nobody knows what is."""
    waits = case.growth(f"{layer}_wait")
    return case.takes(waits) or case.share(layer) >= MIN_EXPLAINING_SHARE or case.share("unattributed") >= 0.5
