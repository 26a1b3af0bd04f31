"""What databases show: more statements, rows or bytes, slower statements, and locks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from perfgate.diagnose.codes import CODES
from perfgate.diagnose.facts import Statement
from perfgate.diagnose.rules import connecting, database_waits, services, statements
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
from perfgate.model.diagnosis import Cause

_UNUSED_INDEX = (
    "An index on {column} is there, and this filter does not use it: compare the column itself, without a function, a "
    "cast or a leading %, or create an index on that expression."
)
_BY_KEY = (
    "OFFSET reads every row before the page and drops it: page by key instead (WHERE id > last ORDER BY id LIMIT n)."
)
_OFFSET = re.compile(r"\boffset\s+[$?\d:%]", re.IGNORECASE)  # and no column of that name
MIN_ORDERED_SCAN_SHARE = 0.5  # of the difference
MIN_NEW_QUERIES = 10  # queries per request more
MIN_REPEATED_FACTOR = 1.5  # times per request more, from which a statement is repeated


def repeated(case: Case) -> Iterator[Cause]:
    before, now = case.pair("queries")
    worst = _most_repeated(case)
    evidence = [f"`{worst.fingerprint}` {worst.calls:.4g} times per request"] if worst else []
    if grew((before, now), 1.5, 2) and (now or 0) >= MIN_REPEATED_CALLS and not _is_sent_once(case):
        sentence = f"{counted(now, 'query')} per request instead of {number(before)}"
        yield cause("repeated-statement", "confirmed", sentence, evidence)
    elif case.base is None and now is not None and now >= 4 * MIN_REPEATED_CALLS:
        yield cause("repeated-statement", "likely", f"{number(now)} queries per request", evidence)
    elif now is not None or connecting.is_reconnecting(case, "database"):
        return  # counted, or messages of connections that are opened
    elif case.grew("database_messages", 1.5, 2) and (case.head.database_messages or 0) >= MIN_REPEATED_CALLS:
        was, sent = case.pair("database_messages")
        sentence = f"{number(sent)} messages to the database per request instead of {number(was)}"
        yield cause("repeated-statement", "confirmed", sentence, peers_of(case, "database"))


def _is_sent_once(case: Case) -> bool:
    """Whether the queries that are more are sent once each, or once for each answer that a cache has no longer."""
    return _are_each_new(case) or _fill_cache(case)


def _fill_cache(case: Case) -> bool:
    """Whether a request sends more queries because a cache answers less often, and as many each time."""
    missed = services.more_missed(case)
    if missed is None or not any(services.cache_lost(case)):
        return False
    new = statements.more_often(case)
    if new:
        return all(more < MIN_REPEATED_FACTOR * max(missed, 0.0) for _, more in new)
    return (case.growth("queries") or 0.0) < MIN_NEW_QUERIES * missed


def _are_each_new(case: Case) -> bool:
    """Whether a few queries more are sent once each, as far as statements are known: that is no N+1."""
    growth = case.growth("queries") or 0.0
    return (
        bool(statements.more_often(case))
        and growth < MIN_NEW_QUERIES
        and all(more < MIN_REPEATED_FACTOR for _, more in statements.more_often(case))
    )


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
    if name != "queries" and connecting.is_reconnecting(case, "database"):
        return
    new = statements.more_often(case) if name == "queries" else []
    gain, is_sure = sum(more * statement.seconds for statement, more in new), bool(new)
    if any(statements.WRITES.match(statement.fingerprint) for statement, _ in new):
        gain += max(0.0, case.growth("commit_wait") or 0.0)
    if not case.takes(gain) and not case.takes(case.growth("database")):  # no time of the database, but of asking it
        gain, is_sure = _growth_of_database(case) or 0.0, False
    if not case.takes(gain):
        return
    what = "query" if name == "queries" else "message"
    to = "" if name == "queries" else " to the database"
    sentence = f"{counted(now, what)}{to} per request instead of {number(before)}"
    if new:
        sentence += f", {ms(gain)} for what is new"
    evidence = [statements.described(statement) for statement, _ in new[:2]] or peers_of(case, "database")
    yield cause("new-statement", "confirmed" if is_sure else "likely", sentence, evidence)


def _growth_of_database(case: Case) -> float | None:
    """Seconds per request that queries take longer, by their own count or as connections show it."""
    known = [growth for growth in (_growth_by_count(case), case.growth("database_wait")) if growth is not None]
    return max(known, default=None)


def _growth_by_count(case: Case) -> float | None:
    (queries, more), (each, now) = case.pair("queries"), case.pair("query_seconds")
    return more * now - (queries or 0.0) * (each or 0.0) if more is not None and now is not None else None


def more_rows(case: Case) -> Iterator[Cause]:
    if case.grew("rows", 2, 20) and not case.grew("queries", 1.5, 2):
        before, now = case.pair("rows")
        sentence = f"{number(now)} rows per request instead of {number(before)}"
        yield cause("more-rows", "confirmed", sentence, statements.heaviest(case))


def wide_rows(case: Case) -> Iterator[Cause]:
    """More bytes from the database, which are neither more rows nor more statements."""
    if not case.grew("database_size", 2, 10_000) or case.grew("rows", 1.5, 10) or any(repeated(case)):
        return
    rows = case.pair("rows")
    code = "wide-rows" if None not in rows else "more-rows"
    before, now = case.pair("database_size")
    same = f", {number(rows[1])} rows as before" if code == "wide-rows" else ""
    yield cause(
        code,
        "confirmed",
        f"{kb(now)} from the database per request instead of {kb(before)}{same}",
        statements.heaviest(case),
    )


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
        unused = ", ".join(statement.indexed)
        remedy = _UNUSED_INDEX.format(column=unused) if unused else statement.indexes.get(tables[0], "")
        evidence = [statements.described(statement), *filter(None, [statement.hint, statement.note])]
        sentence = (
            f"reads all of {tables[0]} in the order of an index" if in_order else f"sequential scan of {tables[0]}"
        )
        yield cause("sequential-scan", "confirmed", sentence, evidence, remedy)
        return


def slower(case: Case) -> Iterator[Cause]:
    """Finds as many statements, each slower, though they wait for no lock."""
    if any(database_waits.locks(case)) or any(added(case)):
        return
    is_reconnecting = connecting.is_reconnecting(case, "database")
    longer, opening = _statements_longer(case), connecting.opening_seconds(case, "database")
    if is_reconnecting and not case.takes(longer):
        return  # opening connections is in the application's count of seconds, and no statement
    queries, (messages, more) = case.pair("queries"), case.pair("database_messages")
    own_messages = more - connecting.login_messages(case, "database") if more is not None else None
    if grew(queries if None not in queries else (messages, own_messages), 1.5, 2):
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
        yield cause(
            "slower-statement", "confirmed", sentence, [*statements.heaviest(case), *statements.note(case)], remedy
        )
        return
    waits, waited = case.pair("database_wait"), longer if is_reconnecting else case.growth("database_wait")
    if None in own and grew(waits, 1.3, MIN_TIME_S) and case.takes(waited):
        beside = f"at most {ms(opening)} of it for connections" if is_reconnecting else "with as many messages"
        sentence = f"a request waits {ms(waits[1])} for the database instead of {ms(waits[0])}, {beside}"
        is_sure = outweighs_connecting(case) if is_reconnecting else (waited or 0.0) >= 0.5 * case.slower_alone
        yield cause("slower-statement", "confirmed" if is_sure else "likely", sentence, peers_of(case, "database"))


def outweighs_connecting(case: Case) -> bool:
    """Whether statements take longer by more than opening connections to the database does."""
    return (_statements_longer(case) or 0.0) > connecting.opening_seconds(case, "database")


def _statements_longer(case: Case) -> float | None:
    """Seconds per request that statements themselves take longer, without opening connections."""
    if (own := case.growth("database")) is not None:
        return own
    counted_growth = _growth_by_count(case)
    growth = case.growth("database_wait") if counted_growth is None else counted_growth
    return None if growth is None else growth - connecting.opening_seconds(case, "database")


def unmeasured(case: Case) -> Iterator[Cause]:
    """Statements that were not sent before, where a request waits and nothing shows what for: statements that take next
    to no time may wait for a commit, or for the way there and back."""
    name = "queries" if None not in case.pair("queries") else "database_messages"
    before, now = case.pair(name)
    if not grew((before, now), 1.2, 0.5) or connecting.is_reconnecting(case, "database"):
        return
    if case.head.database_messages and case.head.database_wait and not case.takes(case.growth("database_wait")):
        return  # sockets show that it is not the database
    what = "query" if name == "queries" else "message"
    to = "" if name == "queries" else " to the database"
    sentence = f"it waits, and sends {counted(now, what)}{to} per request instead of {number(before)}"
    yield cause(
        "new-statement", "likely", sentence, [statements.described(item) for item, _ in statements.more_often(case)[:2]]
    )


def _by_key(case: Case) -> str:
    """What to do about a page far behind, where the heaviest statement skips rows."""
    first = next((statement.fingerprint for statement in case.head.statements), "")
    return _BY_KEY if _OFFSET.search(first) else ""
