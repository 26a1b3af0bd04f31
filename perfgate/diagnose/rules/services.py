"""What caches and other services show."""

from __future__ import annotations

from collections.abc import Iterator

from perfgate.diagnose.rules import connecting, environment
from perfgate.diagnose.rules.case import (
    MAX_EQUAL_FACTOR,
    MIN_EXPLAINING_SHARE,
    MIN_REPEATED_CALLS,
    MIN_TIME_S,
    Case,
    cause,
    counted,
    grew,
    kb,
    ms,
    number,
    peers_of,
)
from perfgate.model.diagnosis import Cause, Layer

MIN_QUEUE_GROWTH_JOBS = 0.2  # jobs per request by which a queue grows that is not kept up with
PLAIN_FACTOR = 10.0  # times as many jobs: more than a slower machine leaves
MIN_PARALLEL_MESSAGES = 1.8  # messages per request, of which two can be under way at once
MIN_CONCURRENCY = 1.3  # messages under way at once, on average of the time in which one is
MAX_USUAL_MISSES = 0.2  # keys per request that are missing anyway
MAX_COLD_HIT_SHARE = 0.1  # of the earlier hits, at most which a cache counts as gone


def cache_lost(case: Case) -> Iterator[Cause]:
    for name, what in (("cached", "answers from the cache"), ("cache_hits", "cache hits")):
        before, now = case.pair(name)
        if before is None or now is None or (name == "cache_hits" and _hits_as_often(case)):
            continue
        is_gone = before >= 0.2 and now <= MAX_COLD_HIT_SHARE * before
        if is_gone or before - now >= 0.5:  # fewer hits may be a cache that is still cold: a slow side fills it later
            sentence = f"{now:.0%} {what} instead of {before:.0%}"
            yield cause("cache-lost", "confirmed" if is_gone else "likely", sentence)
            return
    missed = _missed(case)
    if missed is not None:
        sentence = f"{counted(missed[1], 'look-up')} per request not in the cache instead of {number(missed[0])}"
        yield cause("cache-lost", "likely", sentence)
        return
    for name in ("cache_calls", "cache_messages"):
        before, now = case.pair(name)
        if before is not None and now is not None and before >= 0.5 and now <= MAX_COLD_HIT_SHARE * before:
            sentence = f"{counted(now, 'cache command')} per request instead of {number(before)}: it is no longer used"
            yield cause("cache-lost", "confirmed", sentence)
            return
    yield from uncacheable(case)


def uncacheable(case: Case) -> Iterator[Cause]:
    """Answers that no cache may keep any longer. It takes no time of the service itself."""
    before, now = case.pair("cacheable")
    if before is not None and now is not None and before - now >= 0.5:
        yield cause("cache-lost", "likely", "Cache-Control or ETag that allowed caching are gone")


def more_missed(case: Case) -> float | None:
    """How many look-ups per request a cache answers no longer, by its own count or by answers that came from one; None
    where it answers as often as before."""
    (lookups, more), (before, now) = case.pair("cache_lookups"), case.pair("cache_hits")
    cached, fresh = case.pair("cached")
    counts = [cached - fresh if cached is not None and fresh is not None else 0.0]
    if before is not None and now is not None:
        counts.append(
            (1.0 if more is None else more) * (1 - now) - (1.0 if lookups is None else lookups) * (1 - before)
        )
    missed = max(counts)
    return missed if missed > 0 else None


def _missed(case: Case) -> tuple[float, float] | None:
    """Keys per request that are looked up in vain, base and head, where they were there before: one that is never found
    beside many that are changes the share of hits but little."""
    (lookups, more), (before, now) = case.pair("cache_lookups"), case.pair("cache_hits")
    if lookups is None or more is None or before is None or now is None or more > MAX_EQUAL_FACTOR * lookups:
        return None
    missed = lookups * (1 - before), more * (1 - now)
    return missed if missed[0] <= MAX_USUAL_MISSES and missed[1] - missed[0] >= 0.5 else None


def _hits_as_often(case: Case) -> bool:
    """Whether a request hits as often as before, only among more look-ups: those that are new find nothing."""
    (calls, more), (before, now) = case.pair("cache_calls"), case.pair("cache_hits")
    if None in (calls, more, before, now):
        return False
    return more >= 2 * calls and more * now >= 0.5 * calls * before  # type: ignore[operator]


def cache_calls(case: Case) -> Iterator[Cause]:
    calls = case.pair("cache_calls")
    opening = connecting.opening_seconds(case, "cache")
    if None in calls and not connecting.is_reconnecting(case, "cache"):  # whose messages are of opening connections
        calls = case.pair("cache_messages")
    if grew(calls, 2, 3) and (calls[1] or 0) >= MIN_REPEATED_CALLS:
        sentence = f"{counted(calls[1], 'cache command')} per request instead of {number(calls[0])}"
        yield cause("cache-repeated", "confirmed", sentence)
        return
    size = case.pair("cache_size")
    if grew(size, 2, 50_000):
        sentence = f"{kb(size[1])} from the cache per request instead of {kb(size[0])}"
        yield cause("cache-slower", "confirmed", sentence, peers_of(case, "cache"))
        return
    gain = _more_calls(case)
    if grew(calls, 1.2, 0.5) and case.takes(gain):
        sentence = f"{counted(calls[1], 'cache command')} per request instead of {number(calls[0])}, {ms(gain)} more"
        yield cause("cache-repeated", "likely", sentence, peers_of(case, "cache"))
        return
    computes = case.pair("cache_seconds")
    if grew(computes, 2, MIN_TIME_S) and case.takes(case.growth("cache_seconds")):
        sentence = f"the cache itself takes {ms(computes[1])} per request instead of {ms(computes[0])}"
        yield cause("cache-slower", "confirmed", sentence, peers_of(case, "cache"))
        return
    each = case.pair("cache_call_seconds")
    if grew(each, 1.5, MIN_TIME_S / 4) and case.share("cache") >= MIN_EXPLAINING_SHARE:
        yield cause("cache-slower", "confirmed", f"{ms(each[1])} per cache command instead of {ms(each[0])}")
    elif case.grew("cache_wait", 1.5, MIN_TIME_S) and case.takes((case.growth("cache_wait") or 0.0) - opening):
        waits = case.pair("cache_wait")
        if _waits_for_job(case):
            sentence = f"a request waits {ms(waits[1])} for a job's result instead of {ms(waits[0])}"
            own = f"Redis itself takes {ms(case.head.cache_seconds)} per request"
            yield cause("backlog", "likely", sentence, [own, *peers_of(case, "cache")])
            return
        sentence = f"a request waits {ms(waits[1])} for the cache instead of {ms(waits[0])}"
        yield cause("cache-slower", "likely", sentence, peers_of(case, "cache"))


def _more_calls(case: Case) -> float | None:
    """Seconds per request that calls of the cache take which were not sent before, each as quick as those that were."""
    calls, each = case.pair("cache_calls"), case.pair("cache_call_seconds")
    if None in (*calls, *each) or grew(each, 1.5, MIN_TIME_S / 4):
        return None
    return (calls[1] or 0.0) * (each[1] or 0.0) - (calls[0] or 0.0) * (each[0] or 0.0)


def _waits_for_job(case: Case) -> bool:
    """Whether the service waits for a worker: jobs go through Redis, which itself is as fast as before."""
    own, waits = case.growth("cache_seconds"), case.growth("cache_wait")
    jobs = case.head.queue_calls
    return own is not None and waits is not None and own < 0.3 * waits and jobs is not None and jobs >= 0.5


def in_turn(case: Case) -> Iterator[Cause]:
    """Finds calls that are no longer made side by side: as many messages, each of them as quick."""
    kinds: tuple[tuple[Layer, str], ...] = (
        ("database", "the database"),
        ("cache", "the cache"),
        ("external", "other services"),
    )
    for kind, where in kinds:
        messages, waits, spans = (case.pair(f"{kind}_{name}") for name in ("messages", "wait", "span"))
        beside = [wait / span if wait and span else 1.0 for wait, span in zip(waits, spans, strict=True)]
        if (
            grew(spans, 1.3, 2 * MIN_TIME_S)
            and case.takes(case.growth(f"{kind}_span"))
            and (messages[0] or 0) >= MIN_PARALLEL_MESSAGES
            and not grew(messages, 1.3, 0.5)
            and not grew(waits, 1.3, MIN_TIME_S)  # all waits together stay, and only the span grows
            and beside[0] >= MIN_CONCURRENCY
            and beside[1] <= 1 + (beside[0] - 1) / 2
        ):
            sentence = (
                f"{counted(round(messages[1] or 0), 'message')} to {where} one after the other, which were side by "
                f"side: a request waits {ms(spans[1])} for them instead of {ms(spans[0])}"
            )
            yield cause("one-after-another", "confirmed", sentence, peers_of(case, kind), layer=kind)
            return


def external(case: Case) -> Iterator[Cause]:
    calls, messages = case.pair("external_calls"), case.pair("external_messages")
    seconds, waits = case.pair("external_seconds"), case.pair("external_wait")
    evidence = peers_of(case, "external")
    took = case.takes(case.growth("external_wait")) or case.takes(case.growth("external_seconds"))
    if grew(calls, 1.5, 0.9):
        sentence = f"{counted(calls[1], 'call')} of other services per request instead of {number(calls[0])}"
        yield cause(
            "external-repeated",
            "confirmed" if took or case.share("external") >= MIN_EXPLAINING_SHARE else "likely",
            sentence,
            evidence,
        )
    elif any(found.layer == "external" for found in in_turn(case)):
        return  # each of them takes as long as before
    elif (is_reconnecting := connecting.is_reconnecting(case, "external")) and connecting.explains_external_wait(case):
        return  # handshakes are messages, and time
    elif grew(seconds, 1.3, MIN_TIME_S) and (case.share("external") >= MIN_EXPLAINING_SHARE or took):
        sentence = f"calls of other services take {ms(seconds[1])} instead of {ms(seconds[0])}"
        yield cause("external-slower", "confirmed", sentence, evidence)
    elif calls[1] is None and grew(messages, 1.5, 0.9) and took and not is_reconnecting:
        sentence = f"{counted(messages[1], 'message')} to other services per request instead of {number(messages[0])}"
        yield cause("external-repeated", "confirmed", sentence, evidence)
    elif grew(waits, 1.3, MIN_TIME_S) and case.takes(case.growth("external_wait")):
        sentence = f"a request waits {ms(waits[1])} for other services instead of {ms(waits[0])}"
        yield cause("external-slower", "confirmed", sentence, evidence)
    elif calls[1] is None and grew(messages, 2, 0.9) and case.share("unattributed") >= 0.5 and not is_reconnecting:
        # short connections are gone before anybody has seen how long they waited
        sentence = f"{counted(messages[1], 'message')} to other services per request instead of {number(messages[0])}"
        yield cause("external-repeated", "likely", sentence, evidence)


def backlog(case: Case) -> Iterator[Cause]:
    """Jobs that pile up, whether or not anybody waits for them. Those that did so before, too, may do so faster only
    because the workers' machine is slower."""
    more, waiting = case.head.queue_growth_loaded, case.head.queued_loaded
    before, _ = case.pair("queue_growth_loaded")
    if more is not None and more >= MIN_QUEUE_GROWTH_JOBS and more >= 2 * max(before or 0.0, 0.0):
        instead = f" instead of {number(max(before, 0.0))}" if before is not None else ""
        sentence = (
            f"{counted(more, 'job')} more wait in the queue after each request{instead}, {number(waiting)} in all"
        )
        is_sure = before is not None and (more >= PLAIN_FACTOR * before or environment.slowness(case) <= 1)
        yield cause("backlog", "confirmed" if is_sure else "likely", sentence)


def broker(case: Case) -> Iterator[Cause]:
    """An answer that waits for a job."""
    if any(backlog(case)):
        return
    waits = case.pair("broker_wait")
    if grew(waits, 1.5, MIN_TIME_S) and case.takes(case.growth("broker_wait")):
        sentence = f"a request waits {ms(waits[1])} for the message broker instead of {ms(waits[0])}"
        yield cause("backlog", "likely", sentence, peers_of(case, "broker"))
