"""Facts of base and head -> causes, most certain first. Pure. Counts decide; times only say how much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from perfgate.diagnose.rules import (
    answers,
    application,
    connecting,
    database,
    database_waits,
    environment,
    functions,
    memory,
    services,
)
from perfgate.diagnose.rules.application import delays_others
from perfgate.diagnose.rules.case import (
    CPU_TURN_S,
    MAX_EQUAL_FACTOR,
    MIN_EXPLAINING_SHARE,
    MIN_TIME_S,
    UNTIMED_S,
    Case,
    Rule,
    RunMovement,
    cause,
    grew,
    has_moved,
    has_tail_moved,
    is_in_each_round,
)
from perfgate.diagnose.rules.memory import may_leak
from perfgate.model.diagnosis import Cause, Confidence, Layer

__all__ = ["Case", "RunMovement", "delays_others", "explain", "may_leak"]

# Counts, plans and what databases say of locks: no machine changes them.
_COUNTS: tuple[Rule, ...] = (
    services.cache_lost,
    database.repeated,
    database.more_rows,
    database.wide_rows,
    database.added,
    services.cache_calls,
    services.external,
    services.backlog,
    answers.payload,
    answers.compression,
    answers.connections,
    database.scans,
    database_waits.locks,
    application.pool,
    connecting.reconnecting,
)
# Times: a slower machine changes them too. In this order, the first explains most of those after it.
_TIMES: tuple[Rule, ...] = (
    application.blocking,
    services.in_turn,
    database_waits.commits,
    database.slower,
    services.broker,
    application.serialisation,
    application.cpu,
    functions.hot,
)
_SHAPES: tuple[Rule, ...] = (application.contention, application.waiting)  # where nothing else explains it
_ORDER: Mapping[Confidence, int] = {"environment": 0, "confirmed": 1, "likely": 2, "unexplained": 3}
_OWN_LAYER: tuple[Layer, ...] = (
    "database",
    "cache",
    "external",
    "serialisation",
    "network",
)  # whose share says how much it is
_MIN_CPU_FACTOR = 2.0  # times as much CPU: no noise does that, even where the times do not show it
_MIN_OWN_SHARE = 0.1  # of the difference
_MIN_OTHERS_SHARE = 0.7  # of the difference, that other servers have beside what an answer's bytes take
_MIN_WAIT_S = 0.01  # s by which a request that is alone is slower, from which what explains little of it is not all
_OF_BYTES = ("payload", "compression-lost")
_NEVER_MEANT = ("compression-lost", "connections-closed")  # while a query or a row more may be what was wanted
_ALONE_TOO = (  # what takes as long in a request that is alone
    "repeated-statement",
    "new-statement",
    "more-rows",
    "wide-rows",
    "cache-repeated",
    "external-repeated",
    "connections-closed",
    *_OF_BYTES,
)
_COUNTED_CALLS: Mapping[str, tuple[str, str]] = {  # by the first count that is known
    "repeated-statement": ("queries", "database_messages"),
    "new-statement": ("queries", "database_messages"),
    "cache-repeated": ("cache_calls", "cache_messages"),
    "external-repeated": ("external_calls", "external_messages"),
}


def explain(case: Case) -> tuple[Cause, ...]:
    """At least one cause; the one that is named first explains most."""
    if case.base is not None and not has_moved(case):
        if not has_tail_moved(case):
            return _at_rest(case)
        case = case.with_tails()
    causes = _sorted(case, [found for rule in _COUNTS for found in rule(case)])
    counted = [found for found in causes if found.confidence == "confirmed" and _is_no_time(found)]
    is_machine = _is_all_of_machine(case)
    is_the_code = environment.computes_more(case) or any(
        found.code in _NEVER_MEANT or not (_explains_little(case, found) or (is_machine and found.code in _ALONE_TOO))
        for found in counted
    )
    if not is_the_code and (machine := environment.environment(case)):
        return (machine, *_as_likely(counted), *memory.growth(case))
    fair = case.on_slower_machine(environment.machine_factor(case))
    causes += _sorted(fair, [found for rule in _TIMES for found in rule(fair)])
    causes = _sorted(case, [*causes, *memory.growth(case)])
    is_leaking = all(found.code == "memory-growth" for found in causes)
    slower = case.slower_alone if is_leaking else max(case.slower_alone, case.growth("loaded") or 0.0)
    if not causes or (slower >= _MIN_WAIT_S and all(_explains_little(case, found) for found in causes)):
        if machine := environment.busy(case):
            return (machine, *_as_likely(causes))
        shapes = [found for rule in _SHAPES for found in rule(fair)]
        causes = [*(found for found in shapes if not causes or found.code != "new-statement"), *causes]
    return tuple(causes) or (_unexplained(case),)


def _is_all_of_machine(case: Case) -> bool:
    """Whether a request that is alone is slower by no more than the machine is, as a fixed piece of work shows it in
    each round: nothing is left for what was counted."""
    (before, now), reference = case.pair("alone"), case.pair("reference")
    if case.base is None or before is None or now is None or not grew(reference, MAX_EQUAL_FACTOR, 0.0):
        return False
    is_steady = is_in_each_round(case.base, case.head, "reference")
    return is_steady and MAX_EQUAL_FACTOR * before < now <= MAX_EQUAL_FACTOR * before * environment.slowness(case)


def _as_likely(causes: Sequence[Cause]) -> tuple[Cause, ...]:
    return tuple(found if found.code == "memory-growth" else replace(found, confidence="likely") for found in causes)


def _is_no_time(found: Cause) -> bool:
    return found.code not in ("cache-slower", "external-slower")


def _at_rest(case: Case) -> tuple[Cause, ...]:
    """Neither slower alone nor under load. What has been counted may still become a matter of time on a larger load."""
    every = [found for rule in _COUNTS for found in rule(case)]
    counted = [found for found in every if found.confidence == "confirmed" and _is_no_time(found)]
    if case.grew("cpu", _MIN_CPU_FACTOR, MIN_TIME_S):
        counted += [*application.serialisation(case), *application.cpu(case)]
    if grew(case.pair("unread_loaded"), 3, CPU_TURN_S):  # it is others that wait: those that nobody reads meanwhile
        counted += application.blocking(case)
    leaks = list(memory.growth(case))
    if counted or leaks:
        return (*_as_likely(counted), *leaks)
    if machine := environment.kept_from_cpu(case):
        return (machine,)
    return (cause("healthy", "confirmed", "the second pass saw no difference beyond noise"),)


def _sorted(case: Case, causes: list[Cause]) -> list[Cause]:
    """The surest first; of those what explains more than a little; then in the order of the rules."""
    return sorted(causes, key=lambda found: (_ORDER[found.confidence], _explains_little(case, found)))


def _explains_little(case: Case, found: Cause) -> bool:
    if found.code == "memory-growth":
        return True  # no time at all
    if found.code == "reconnecting" and found.layer == "database" and database.outweighs_connecting(case):
        return True
    if found.code in _ALONE_TOO and case.slower_alone <= MIN_TIME_S and (case.growth("loaded") or 0.0) >= _MIN_WAIT_S:
        return True
    if found.code == "cache-lost":
        return found in services.uncacheable(case)
    if found.code in _OF_BYTES:
        return _takes_other_time(case)
    if found.code == "one-after-another" or found.layer not in _OWN_LAYER or not case.knows(found.layer):
        return False
    return case.share(found.layer) < _MIN_OWN_SHARE and not _may_take(case, found)


def _may_take(case: Case, found: Cause) -> bool:
    """Whether what is more may take the time though no clock of its layer shows it, and nothing else takes it: as what
    is computed for it, or as answers that are too quick to be timed."""
    others = [layer for layer in application.OTHER_SERVERS if layer != found.layer]
    if found.code not in _ALONE_TOO or application.takes_most(case) or case.share(*others) >= 0.5:
        return False
    growths = [case.growth(name) for name in _COUNTED_CALLS.get(found.code, ())]
    more = next((growth for growth in growths if growth is not None), 0.0)
    return case.takes(more * UNTIMED_S) or (case.takes(case.growth("cpu")) and not application.computes_beyond(case))


def _takes_other_time(case: Case) -> bool:
    """Whether a request is slower by much more than the bytes of its answer take: by other servers, by computing that
    they do not explain, or by waiting."""
    if case.slower_alone < _MIN_WAIT_S:
        return False
    if case.share("database", "cache", "external") >= _MIN_OTHERS_SHARE:
        return True
    computed, downloaded = case.growth("cpu"), case.growth("download")
    if computed is None or downloaded is None:
        return False
    if application.takes_most(case):
        return True
    return max(0.0, computed) + max(0.0, downloaded) < MIN_EXPLAINING_SHARE * case.slower_alone


def _unexplained(case: Case) -> Cause:
    biggest = case.layers[0].layer if case.layers else "unattributed"
    where = "" if biggest == "unattributed" else f"most of it is {biggest}; "
    return cause("unexplained", "unexplained", f"{where}nothing that was seen explains it", layer=biggest)
