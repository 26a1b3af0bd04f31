"""The tables of a history in a SQL database, and the steps that lift older ones to them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import sqlalchemy as sa

from perfgate.history import documents
from perfgate.model.errors import HistoryError

TABLES = sa.MetaData()
RUNS = sa.Table(
    "perfgate_runs",
    TABLES,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("commit", sa.Text, nullable=False),
    sa.Column("started", sa.Text, nullable=False),
    sa.Column("moment", sa.BigInteger, nullable=False),  # `started` as microseconds since 1970, to sort by
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("schema", sa.Integer, nullable=False),
    sa.Column("document", sa.LargeBinary, nullable=False),  # last: listings need not read past it
    sa.Index("perfgate_runs_by_name", "name", "moment"),
    sa.Index("perfgate_runs_by_branch", "name", "branch", "moment"),
)
ACCEPTANCES = sa.Table(
    "perfgate_acceptances",
    TABLES,
    sa.Column("number", sa.Integer, primary_key=True),  # in the order of arrival
    sa.Column("run", sa.Text, sa.ForeignKey(RUNS.c.id, ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("endpoint", sa.Text, nullable=False),
    sa.Column("metric", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
)
DISTRIBUTIONS = sa.Table(  # apart from the runs, whose documents are then few pages to read
    "perfgate_distributions",
    TABLES,
    sa.Column("run", sa.Text, sa.ForeignKey(RUNS.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("document", sa.LargeBinary, nullable=False),
)
AB_RUNS = sa.Table(  # which runs are A/B tests, for listings
    "perfgate_ab_runs",
    TABLES,
    sa.Column("run", sa.Text, sa.ForeignKey(RUNS.c.id, ondelete="CASCADE"), primary_key=True),
)
SCHEMA = sa.Table("perfgate_schema", TABLES, sa.Column("version", sa.Integer, nullable=False))

Step = Callable[[sa.Connection], None]


def _part_distributions(connection: sa.Connection) -> None:
    """Runs of version 1 keep theirs in their documents."""
    DISTRIBUTIONS.create(connection, checkfirst=True)


def _list_ab_runs(connection: sa.Connection) -> None:
    """Runs of version 2 say in their documents alone whether they are A/B tests. One that cannot be read stays as it
    is: reading it tells."""
    AB_RUNS.create(connection, checkfirst=True)
    for run_id, document in connection.execute(sa.select(RUNS.c.id, RUNS.c.document)).all():
        with suppress(HistoryError):
            if documents.unpack(document, run_id=run_id, origin=run_id, hint="").run.arms:
                connection.execute(sa.insert(AB_RUNS).values(run=run_id))


STEPS: tuple[Step, ...] = (  # the first lifts a history of version 1 to version 2, and so on; new ones need none
    _part_distributions,
    _list_ab_runs,
)
