"""The tables of a history in a SQL database, and the steps that lift older ones to them."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

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
SCHEMA = sa.Table("perfgate_schema", TABLES, sa.Column("version", sa.Integer, nullable=False))

Step = Callable[[sa.Connection], None]


def _part_distributions(connection: sa.Connection) -> None:
    """Runs of version 1 keep theirs in their documents."""
    DISTRIBUTIONS.create(connection, checkfirst=True)


STEPS: tuple[Step, ...] = (  # the first lifts a history of version 1 to version 2; new histories need none
    _part_distributions,
)
