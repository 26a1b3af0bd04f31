"""What databases show: more statements, rows or bytes, slower statements, and locks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from perfgate.diagnose.codes import CODES
from perfgate.diagnose.facts import Statement
from perfgate.diagnose.rules import services
from perfgate.diagnose.rules.case import (
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
from perfgate.model.diagnosis import Cause, Confidence

_UNUSED_INDEX = (
    "An index on {column} is there, and this filter does not use it: compare the column itself, without a function, a "
    "cast or a leading %, or create an index on that expression."
)
_BY_KEY = (
    "OFFSET reads every row before the page and drops it: page by key instead (WHERE id > last ORDER BY id LIMIT n)."
)
_OFFSET = re.compile(r"\boffset\s+[$?\d:%]", re.IGNORECASE)  # and no column of that name
MIN_ORDERED_SCAN_SHARE = 0.5  # of the difference


def repeated(case: Case) -> Iterator[Cause]:
    before, now = case.pair("queries")
    worst = _most_repeated(case)
    evidence = [f"`{worst.fingerprint}` {worst.calls:.4g} times per request"] if worst else []
    if grew((before, now), 1.5, 2) and (now or 0) >= MIN_REPEATED_CALLS:
        sentence = f"{counted(now, 'query')} per request instead of {number(before)}"
        yield cause("repeated-statement", "confirmed", sentence, evidence)
    elif case.base is None and now is not None and now >= 4 * MIN_REPEATED_CALLS:
        yield cause("repeated-statement", "likely", f"{number(now)} queries per request", evidence)
    elif (
        now is None
        and case.grew("database_messages", 1.5, 2)
        and (case.head.database_messages or 0) >= MIN_REPEATED_CALLS
    ):
        was, sent = case.pair("database_messages")
        sentence = f"{number(sent)} messages to the database per request instead of {number(was)}"
        yield cause("repeated-statement", "confirmed", sentence, peers_of(case, "database"))


def _most_repeated(case: Case) -> Statement | None:
    """The statement whose calls grew most, of those that are sent often."""
    before = {statement.fingerprint: statement.calls for statement in case.base.statements} if case.base else {}
    often = [statement for statement in case.head.statements if statement.calls >= MIN_REPEATED_CALLS]
    return max(often, key=lambda item: item.calls - before.get(item.fingerprint, 0.0), default=None)


def added(case: Case) -> Iterator[Cause]:
    """A statement or two that were not sent before, whose time explains the difference: a look-up that a cache in the
    application's own memory answered, a count for pages, a check of rights."""
    name = "queries" if None not in case.pair("queries") else "database_messages"
    before, now = case.pair(name)
    if not grew((before, now), 1.2, 0.5) or any(repeated(case)) or any(services.cache_lost(case)):
        return
    new = _more_often(case) if name == "queries" else []
    gain, is_sure = sum(more * statement.seconds for statement, more in new), bool(new)
    if not case.takes(gain) and not case.takes(case.growth("database")):  # no time of the database, but of asking it
        gain, is_sure = _growth_of_database(case) or 0.0, False
    if not case.takes(gain):
        return
    what = "query" if name == "queries" else "message"
    to = "" if name == "queries" else " to the database"
    sentence = f"{counted(now, what)}{to} per request instead of {number(before)}"
    if new:
        sentence += f", {ms(gain)} for what is new"
    evidence = [_described(statement) for statement, _ in new[:2]] or peers_of(case, "database")
    yield cause("new-statement", "confirmed" if is_sure else "likely", sentence, evidence)


def _more_often(case: Case) -> list[tuple[Statement, float]]:
    """Statements that are sent more often than before, and how many times more per request; most time first."""
    before = {statement.fingerprint: statement.calls for statement in case.base.statements} if case.base else {}
    more = [(item, item.calls - before.get(item.fingerprint, 0.0)) for item in case.head.statements]
    return sorted([pair for pair in more if pair[1] >= 0.3], key=lambda pair: -pair[1] * pair[0].seconds)


def _growth_of_database(case: Case) -> float | None:
    """Seconds per request that queries take longer, by their own count or as connections show it."""
    (queries, more), (each, now) = case.pair("queries"), case.pair("query_seconds")
    told = more * now - (queries or 0.0) * (each or 0.0) if more is not None and now is not None else None
    seen = case.growth("database_wait")
    return max((growth for growth in (told, seen) if growth is not None), default=None)


def more_rows(case: Case) -> Iterator[Cause]:
    if case.grew("rows", 2, 20) and not case.grew("queries", 1.5, 2):
        before, now = case.pair("rows")
        sentence = f"{number(now)} rows per request instead of {number(before)}"
        yield cause("more-rows", "confirmed", sentence, _heaviest(case))


def wide_rows(case: Case) -> Iterator[Cause]:
    """More bytes from the database, which are neither more rows nor more statements."""
    if not case.grew("database_size", 2, 10_000) or case.grew("rows", 1.5, 10) or any(repeated(case)):
        return
    rows = case.pair("rows")
    code = "wide-rows" if None not in rows else "more-rows"
    before, now = case.pair("database_size")
    same = f", {number(rows[1])} rows as before" if code == "wide-rows" else ""
    yield cause(
        code, "confirmed", f"{kb(now)} from the database per request instead of {kb(before)}{same}", _heaviest(case)
    )


def reconnecting(case: Case) -> Iterator[Cause]:
    """Connections that are opened for a request, as PostgreSQL counts its sessions."""
    before, now = case.pair("database_sessions")
    if grew((before, now), 2, 0.5):
        sentence = f"{counted(now, 'connection')} to the database opened per request instead of {number(before)}"
        yield cause("reconnecting", "confirmed", sentence)


def scans(case: Case) -> Iterator[Cause]:
    """A statement that reads a whole table."""
    before = {statement.fingerprint: statement for statement in case.base.statements} if case.base else {}
    for statement in case.head.statements:
        old = before.get(statement.fingerprint)
        tables = [table for table in statement.scans if old is None or table not in old.scans]
        seconds = statement.calls * statement.seconds - (old.calls * old.seconds if old else 0.0)
        in_order = bool(tables) and tables[0] in statement.in_order  # which a limit may end after a few rows
        whole = case.slower_alone if case.base else case.head.alone or 0.0
        if (
            not tables
            or seconds < (MIN_ORDERED_SCAN_SHARE if in_order else MIN_EXPLAINING_SHARE) * whole
            or statement.seconds <= MIN_TIME_S / 4
        ):
            continue
        if case.base is None and statement.seconds <= MIN_TIME_S:
            continue
        columns, unused = ", ".join(statement.columns), ", ".join(statement.indexed)
        remedy = f"CREATE INDEX ON {tables[0]} ({columns});" if columns else ""
        if unused:
            remedy = _UNUSED_INDEX.format(column=unused)
        evidence = [_described(statement), *filter(None, [statement.hint])]
        sentence = (
            f"reads all of {tables[0]} in the order of an index" if in_order else f"sequential scan of {tables[0]}"
        )
        yield cause("sequential-scan", "confirmed", sentence, evidence, remedy)
        return


def slower(case: Case) -> Iterator[Cause]:
    """Finds as many statements, each slower, though they wait for no lock."""
    if any(locks(case)) or any(added(case)):
        return
    if any(reconnecting(case)) and not case.takes(case.growth("database")):
        return  # opening connections is in the application's count of seconds, and no statement
    queries, messages = case.pair("queries"), case.pair("database_messages")
    sent = queries if None not in queries else messages
    if grew(sent, 1.5, 2):
        return
    counted_time = case.pair("database")
    is_counted = None not in counted_time and any(counted_time)  # else the service uses another database
    if is_counted and not grew(counted_time, 1.3, MIN_TIME_S / 4):
        return  # the database is as fast as before: it is the application that takes its answers later
    own = case.pair("query_seconds")
    gain = (own[1] - own[0]) * (queries[1] or 0.0) if None not in own else None  # type: ignore[operator]
    if grew(own, 1.5, MIN_TIME_S / 4) and (case.share("database") >= MIN_EXPLAINING_SHARE or case.takes(gain)):
        sentence = (
            f"{ms(own[1])} per query instead of {ms(own[0])}, {counted(queries[1], 'query')} per request as before"
        )
        remedy = " ".join(filter(None, [_by_key(case), CODES["slower-statement"].remedy]))
        yield cause("slower-statement", "confirmed", sentence, _heaviest(case), remedy)
    elif None in own and case.grew("database_wait", 1.3, MIN_TIME_S) and case.takes(case.growth("database_wait")):
        waits = case.pair("database_wait")
        sentence = f"a request waits {ms(waits[1])} for the database instead of {ms(waits[0])}, with as many messages"
        sure: Confidence = "confirmed" if waits[1] - waits[0] >= 0.5 * case.slower_alone else "likely"  # type: ignore[operator]
        yield cause("slower-statement", sure, sentence, peers_of(case, "database"))


def locks(case: Case) -> Iterator[Cause]:
    """Statements that wait for each other: seen by the database itself, or as statements that are slow under load
    only."""
    for name, is_loaded in (("lock_wait", False), ("lock_wait_loaded", True)):
        before, now = case.pair(name)
        if (
            now is not None
            and now >= 2 * MIN_TIME_S
            and (before is None or now >= 2 * before)
            and case.takes(now, loaded=is_loaded)
        ):
            instead = f" instead of {ms(before)}" if before is not None else ""
            where = " under load" if is_loaded else ""
            sentence = f"statements wait {ms(now)} per request for locks{where}{instead}"
            yield cause("lock-wait", "confirmed" if case.base else "likely", sentence, _heaviest(case))
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


def _heaviest(case: Case) -> list[str]:
    return [_described(statement) for statement in case.head.statements[:1]]


def _by_key(case: Case) -> str:
    """What to do about a page far behind, where the heaviest statement skips rows."""
    heaviest = next((statement.fingerprint for statement in case.head.statements), "")
    return _BY_KEY if _OFFSET.search(heaviest) else ""


def _described(statement: Statement) -> str:
    return (
        f"`{statement.fingerprint}` {ms(statement.seconds)} per call, {counted(statement.calls, 'call')} and "
        f"{counted(statement.rows, 'row')} per request"
    )
