"""What statements wait for in the database: locks, and commits for the disk."""

from __future__ import annotations

from collections.abc import Iterator

from perfgate.diagnose.rules import connecting, environment, statements
from perfgate.diagnose.rules.case import MIN_TIME_S, UNTIMED_S, Case, cause, counted, grew, ms, number
from perfgate.model.diagnosis import Cause


def locks(case: Case) -> Iterator[Cause]:
    """Statements that wait for each other: seen by the database itself, or as statements that are slow under load
    only. Who has a lock has it for longer on a slower machine, and others wait for it so many times as long."""
    slowness = environment.slowness(case)
    for name, is_loaded in (("lock_wait", False), ("lock_wait_loaded", True)):
        before, now = case.pair(name)
        if (
            now is not None
            and now >= 2 * MIN_TIME_S
            and (before is None or now >= 2 * before * slowness)
            and case.takes(now, loaded=is_loaded)
        ):
            instead = f" instead of {ms(before)}" if before is not None else ""
            where = " under load" if is_loaded else ""
            sentence = f"statements wait {ms(now)} per request for locks{where}{instead}"
            yield cause("lock-wait", "likely" if before is None else "confirmed", sentence, statements.heaviest(case))
            return
    if case.base is None or case.head.lock_wait_loaded is not None:
        return
    for name in ("query_seconds", "database_wait"):
        alone, loaded = case.pair(name), case.pair(f"{name}_loaded")
        if None in (*alone, *loaded) or grew(alone, 1.5, MIN_TIME_S / 4) or case.grew("queries", 1.5, 2):
            continue
        if (
            grew(loaded, 3, 2 * MIN_TIME_S)
            and not case.grew("cpu", 1.3, MIN_TIME_S)
            and case.takes(case.growth(f"{name}_loaded"), loaded=True)
        ):
            what = "a statement takes" if name == "query_seconds" else "a request waits for the database"
            sentence = (
                f"{what} {ms(loaded[1])} under load instead of {ms(loaded[0])}, and {ms(alone[1])} alone as before"
            )
            yield cause("lock-wait", "likely", sentence)
            return


def commits(case: Case) -> Iterator[Cause]:
    """Finds commits that wait for the disk or a standby, which no count of statements has."""
    for name, is_loaded in (("commit_wait", False), ("commit_wait_loaded", True)):
        before, now = case.pair(name)
        more = case.growth(name)
        if not grew((before, now), 2, 2 * MIN_TIME_S) or not case.takes(more, loaded=is_loaded):
            continue
        where = " under load" if is_loaded else ""
        sentence = f"commits wait {ms(now)} per request for the disk{where} instead of {ms(before)}"
        writes = [item for item, _ in statements.more_often(case) if statements.WRITES.match(item.fingerprint)]
        evidence = [statements.described(item) for item in writes[:2]]
        yield cause("commit-wait", "confirmed" if writes else "likely", sentence, evidence)
        return


def unmeasured(case: Case) -> Iterator[Cause]:
    """Statements that were not sent before, where a request waits and nothing shows what for: statements that take next
    to no time may wait for a commit, or for the way there and back."""
    name = "queries" if None not in case.pair("queries") else "database_messages"
    before, now = case.pair(name)
    if not grew((before, now), 1.2, 0.5) or connecting.is_reconnecting(case, "database"):
        return
    if _is_seen_elsewhere(case) or _is_stated_elsewhere(case):
        return
    what = "query" if name == "queries" else "message"
    to = "" if name == "queries" else " to the database"
    sentence = f"it waits, and sends {counted(now, what)}{to} per request instead of {number(before)}"
    yield cause(
        "new-statement", "likely", sentence, [statements.described(item) for item, _ in statements.more_often(case)[:2]]
    )


def _is_seen_elsewhere(case: Case) -> bool:
    """Whether sockets show that more messages to the database are not what is waited for, even if each were as long as
    an answer may take that is too quick to be timed."""
    waits, more = case.growth("database_wait"), case.growth("database_messages")
    if not case.head.database_wait or waits is None or more is None:
        return False
    return not case.takes(max(0.0, waits) + max(0.0, more) * UNTIMED_S)


def _is_stated_elsewhere(case: Case) -> bool:
    """Whether the application's own clock, which has the statements apart, shows the wait in the application. A commit
    is no statement: where one more writes, the wait may be its."""
    if any(statements.WRITES.match(item.fingerprint) for item, _ in statements.more_often(case)):
        return False
    return None not in case.pair("query_seconds") and case.takes(case.growth("application"))
