"""How probes log in: by URLs as drivers of many languages write them, and what to do where that fails."""

from __future__ import annotations

import re

from perfgate.model.errors import DiagnosisError

POSTGRES_LOGIN = "Is the server there, and may the user of the URL log in (`GRANT CONNECT ON DATABASE ... TO ...;`)?"
POOLER = "A pooler (PgBouncer) answers there: give diagnose.postgres the URL of PostgreSQL itself."
MALFORMED = "Its URL cannot be read: in a password, write / as %2F, @ as %40, ? as %3F and # as %23."


def postgres_conninfo(url: str) -> str:
    """The URL as libpq reads it, without parameters that only some driver knows (Prisma's `schema`, asyncpg's `ssl`).
    Raises psycopg.ProgrammingError for what is no such URL."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict
    from psycopg.pq import Conninfo

    plain = re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql://", url)
    try:
        conninfo_to_dict(plain)
    except ProgrammingError:
        known = {option.keyword.decode() for option in Conninfo.get_defaults()}
        place, _, query = plain.rpartition("?")
        if not place:
            raise
        pairs = [pair for pair in query.split("&") if pair.partition("=")[0] in known]
        plain = f"{place}?{'&'.join(pairs)}" if pairs else place
        conninfo_to_dict(plain)
    return plain


def postgres_refusal(error: Exception) -> DiagnosisError:
    """What to do where no connection can be made. The error's own text is left out: it may quote the URL."""
    hint = POSTGRES_LOGIN
    if "startup parameter" in str(error):
        hint = POOLER
    elif type(error).__name__ == "ProgrammingError":
        hint = MALFORMED
    return DiagnosisError(f"diagnose.postgres: cannot connect ({type(error).__name__})", hint=hint, code="PG-X001")
