"""What the service itself shows: computing, blocking, waiting, memory."""

from __future__ import annotations

from collections.abc import Iterator

from perfgate.diagnose.facts import PassFacts
from perfgate.diagnose.rules import answers, database, database_waits, functions, services
from perfgate.diagnose.rules.case import (
    MAX_EQUAL_FACTOR,
    MIN_ALONE_SHARE,
    MIN_SLOWDOWN_FACTOR,
    MIN_TIME_S,
    Case,
    Rule,
    cause,
    counted,
    grew,
    ms,
)
from perfgate.diagnose.rules.computing import explains_by_computing, stretch
from perfgate.model.diagnosis import Cause, Layer

MIN_CANARY_FACTOR = 5.0  # times as long as idle, which a trivial request takes that waits
MIN_SERIALISATION_SHARE = 0.4  # of the difference: the greater part, less what is measured beside it
MIN_CANARY_SHARE = 0.25  # of what the endpoint is slower under load, or alone where that makes the queue
MIN_SERIALISING_CPU_SHARE = 0.5  # of the computing that has grown
MIN_BLOCKED_SHARE = 0.5  # of the event loop's time
_MAX_CPU_OF = (  # s at most for one more in a request, by the first count that is known: who reads more computes more
    (("queries", "database_messages"), 0.003),
    (("rows",), 0.001),
    (("database_size",), 5e-7),
    (("cache_calls", "cache_messages"), 0.002),
    (("cache_size",), 5e-7),
    (("decoded", "size"), 5e-7),
)
_UNBLOCKED = {
    "python": "an async client, or move the call out of the loop: await asyncio.to_thread(...).",
    "node": "the asynchronous form of the call (no ...Sync function), or a worker thread (piscina).",
}
OTHER_SERVERS: tuple[Layer, ...] = ("database", "cache", "external")
_SERIALISES = "serialising, parsing and rendering takes"
_UNDER_LOAD = (  # what grows, its cause, and how it is put into words
    ("database_loaded", "slower-statement", "statements take"),
    ("cache_wait_loaded", "cache-slower", "a request waits for the cache"),
    ("external_wait_loaded", "external-slower", "a request waits for other services"),
)


def serialisation(case: Case) -> Iterator[Cause]:
    grown = case.growth("serialisation")
    if (
        grown is not None
        and case.grew("serialisation", 1.5, MIN_TIME_S)
        and grown >= MIN_SERIALISATION_SHARE * case.slower_alone > 0
    ):
        before, now = case.pair("serialisation")
        yield cause("serialisation", "confirmed", f"{_SERIALISES} {ms(now)} instead of {ms(before)}")
    else:
        yield from _serialising(case)


def _serialising(case: Case) -> Iterator[Cause]:
    """Most of what a request computes more is serialising and parsing, by a profile."""
    grown, computed = case.growth("serialising"), case.growth("cpu_loaded")
    if computed is None:
        computed = case.growth("cpu")
    if (
        grown is None
        or not computed
        or not case.grew("serialising", 1.5, MIN_TIME_S)
        or grown < MIN_SERIALISING_CPU_SHARE * computed
    ):
        return
    if case.takes(grown * stretch(case)):
        before, now = case.pair("serialising")
        sentence = f"{_SERIALISES} {ms(now)} CPU instead of {ms(before)}"
        yield cause("serialisation", "confirmed", sentence, functions.evidence(case))


def cpu(case: Case) -> Iterator[Cause]:
    name = "cpu" if None not in case.pair("cpu") else "computing"
    # a request that is slower by more than that waits instead
    computed = case.growth(name) or 0.0
    is_aside = case.slower_alone > MIN_TIME_S and not explains_by_computing(case, computed, stretch(case))
    if case.grew(name, 1.3, MIN_TIME_S) and not is_aside and not _computes_for_others(case):
        before, now = case.pair(name)
        sentence = f"{ms(now)} CPU per request instead of {ms(before)}"
        found = functions.evidence(case)
        remedy = ""
        if found:
            sentence, remedy = f"{sentence}: {found[0]}", functions.remedy_for(functions.named(case)[0])
        yield cause("cpu", "confirmed" if case.takes(computed) else "likely", sentence, found[1:], remedy)


def _computes_for_others(case: Case) -> bool:
    """Whether something else explains the CPU: as much more is read or sent as takes so much of it."""
    rules: tuple[Rule, ...] = (
        answers.payload,
        answers.compression,
        database.repeated,
        database.more_rows,
        database.wide_rows,
        services.cache_calls,
    )
    if case.share(*OTHER_SERVERS) > 0.5 or any(serialisation(case)):
        return True
    return not computes_beyond(case) and any(found for rule in rules for found in rule(case))


def takes_most(case: Case) -> bool:
    """Whether computing beyond what is read and sent more takes most of what a request is slower alone."""
    computed = case.growth("cpu") or 0.0
    return computes_beyond(case) and computed >= 0.5 * case.slower_alone


def computes_beyond(case: Case) -> bool:
    """Whether a request computes more than what it reads and sends more can take."""
    computed, most = case.growth("cpu" if None not in case.pair("cpu") else "computing"), 0.0
    for names, seconds in _MAX_CPU_OF:
        more = next((growth for name in names if (growth := case.growth(name)) is not None), 0.0)
        most += seconds * max(0.0, more)
    return computed is not None and computed > most * stretch(case)


def delays_others(facts: PassFacts) -> bool:
    """Whether a trivial request waits for this endpoint's."""
    idle, loaded = facts.canary_idle, facts.canary_loaded
    return bool(idle and loaded) and loaded >= MIN_CANARY_FACTOR * idle and loaded - idle >= 5 * MIN_TIME_S  # type: ignore[operator]


def blocking(case: Case) -> Iterator[Cause]:
    """A trivial request waits for this endpoint's, though the service computes no more for them."""
    if not delays_others(case.head) or _computes(case):
        return
    idle, loaded = case.head.canary_idle or 0.0, case.head.canary_loaded or 0.0
    was_idle, was = case.pair("canary_idle")[0], case.pair("canary_loaded")[0]
    if case.base is not None and (not was or not was_idle or was / was_idle * 2 > loaded / idle):
        return
    slower = case.growth("loaded") or 0.0
    if case.is_queue_symptom:
        slower = min(slower, case.slower_alone)  # a trivial one waits for the call that runs, not for the whole queue
    if case.base is not None and loaded - (was or 0.0) < MIN_CANARY_SHARE * slower:
        return  # requests wait for each other, and not for the loop that a trivial one needs as well
    sentence = f"every request waits: a trivial one takes {ms(loaded)} beside this one, {ms(idle)} alone"
    evidence = []
    if (unread := case.head.unread_loaded) is not None and unread > MIN_TIME_S:
        evidence.append(f"requests wait {ms(unread)} in the socket before the service reads them")
    is_sure, remedy = case.base is not None and not _waits_explain(case), ""
    if case.head.blockers and (worst := case.head.blockers[0]).share >= MIN_BLOCKED_SHARE:
        is_sure = True
        where = "" if worst.call == worst.name else f", in `{worst.call}`"  # a function in C has no frame of its own
        sentence += f"; `{worst.name}` blocks the event loop {worst.share:.0%} of the time{where}"
        remedy = f"In `{worst.name}`: {_UNBLOCKED.get(case.language, _UNBLOCKED['python'])}"
    yield cause("blocking-call", "confirmed" if is_sure else "likely", sentence, evidence, remedy)


def _computes(case: Case) -> bool:
    """Whether it is computing that makes others wait: more than before, or without a base most of the time."""
    if case.base is None:
        return (case.head.cpu or 0.0) >= 0.5 * (case.head.alone or 0.0)
    computed = case.growth("cpu") or 0.0
    is_much = case.takes(computed) or (case.slower_alone > MIN_TIME_S and explains_by_computing(case, computed))
    return case.grew("cpu", 1.5, MIN_TIME_S) and is_much


def _waits_explain(case: Case) -> bool:
    """Whether a request that is alone is slower by what it waits for other servers: then others wait for that too."""
    waits = sum(max(0.0, case.growth(f"{kind}_wait") or 0.0) for kind in ("database", "cache", "external", "broker"))
    return case.slower_alone > MIN_TIME_S and waits >= 0.5 * case.slower_alone


def pool(case: Case) -> Iterator[Cause]:
    """Slower under load only, over fewer connections to the database."""
    before, now = case.pair("database_connections_loaded")
    if before is None or now is None or now > 0.6 * before or before - now < 1 or not _waits_for_others(case):
        return
    (_, alone), (was, loaded) = case.pair("alone"), case.pair("loaded")
    sentence = (
        f"at most {counted(now, 'connection')} to the database at once instead of {before:.2g}: "
        f"{ms(loaded)} under load instead of {ms(was)}, {ms(alone)} alone as before"
    )
    yield cause("small-pool", "confirmed", sentence)


def _waits_for_others(case: Case) -> bool:
    (alone_was, alone), (was, now) = case.pair("alone"), case.pair("loaded")
    if not alone_was or not alone or not was or not now or case.grew("cpu", 1.3, MIN_TIME_S):
        return False
    busy = max(*(delay or 0.0 for delay in case.pair("cpu_delay")), MIN_TIME_S)  # what a request waits for a CPU anyway
    is_as_fast = alone <= alone_was * MAX_EQUAL_FACTOR + MIN_TIME_S / 2 or alone - alone_was < MIN_ALONE_SHARE * (
        now - was
    )
    return is_as_fast and now > was * MIN_SLOWDOWN_FACTOR and now - was > busy


def contention(case: Case) -> Iterator[Cause]:
    if case.base is not None and _waits_for_others(case) and not any(pool(case)):
        (_, alone), (was, now) = case.pair("alone"), case.pair("loaded")
        if elsewhere := list(_busy_elsewhere(case)):
            yield from elsewhere
            return
        sentence = f"{ms(alone)} alone as before, under load {ms(now)} instead of {ms(was)}"
        yield cause("contention", "likely", sentence)


def _busy_elsewhere(case: Case) -> Iterator[Cause]:
    """Finds a server that answers more slowly under load, and takes most of what a request then waits longer: nobody
    waits for a pool or a lock of the application."""
    for name, code, where in _UNDER_LOAD:
        before, now = case.pair(name)
        if grew((before, now), 1.5, MIN_TIME_S) and (case.growth(name) or 0.0) >= 0.5 * (case.growth("loaded") or 0.0):
            alone = case.pair(name.removesuffix("_loaded"))[1]
            sentence = f"{where} {ms(now)} under load instead of {ms(before)}, {ms(alone)} alone"
            yield cause(code, "likely", sentence)
            return


def waiting(case: Case) -> Iterator[Cause]:
    """Slower alone too, without computing more or waiting for anybody that is known."""
    (was, now), computed = case.pair("alone"), case.growth("cpu")
    if computed is None:
        computed = case.growth("computing")
    if not was or not now or computed is None or now <= was * MIN_SLOWDOWN_FACTOR:
        return
    if explains_by_computing(case, computed, stretch(case)):
        return
    if case.share("cache", "external") < 0.5 and (unmeasured := list(database_waits.unmeasured(case))):
        yield from unmeasured
        return
    layer: Layer = "application"
    sentence = f"it waits: {ms(now)} alone instead of {ms(was)}, without more CPU"
    if case.share(*OTHER_SERVERS) >= 0.5:
        layer = next(item.layer for item in case.layers if item.layer in OTHER_SERVERS)
    elif (case.growth("download") or 0.0) >= 0.5 * case.slower_alone:
        layer, sentence = "download", f"{sentence} or bytes, most of it between the first byte and the last"
    yield cause("waiting", "likely", sentence, layer=layer)
