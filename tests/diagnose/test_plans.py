"""Plans as PostgreSQL tells them, and what an index would have to be on."""

from __future__ import annotations

import pytest

from perfgate.diagnose.probes.planner.planning import Planner
from perfgate.diagnose.probes.planner.plans import Scan, bare, scans


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("(order_id = $1)", ("order_id",)),
        ("((state = $1) AND (opened >= $2))", ("state", "opened")),
        ("((name)::text = ($1)::text)", ("name",)),
        ("((code)::character varying(20) ~~ $1)", ("code",)),
        ("(upper((email)::text) = upper($1))", ("upper(email)",)),
        ("(lower(t.name) ~~ $1)", ("lower(name)",)),
        ("(id = ANY ($1))", ("id",)),
        ("((trail ->> 'at'::text) = $1)", ()),
        ("(state <> 2)", ()),
    ],
)
def test_the_columns_of_a_filter(text: str, columns: tuple[str, ...]):
    plan = [{"Plan": {"Node Type": "Seq Scan", "Relation Name": "t", "Alias": "t", "Filter": text}}]

    assert list(scans(plan)) == [Scan("t", columns)]


def test_a_filter_on_rows_in_the_order_of_an_index_reads_the_whole_table():
    """`WHERE lower(email) = $1 ORDER BY id LIMIT 20`: the index on id gives the order, and finds nothing."""
    node = {"Node Type": "Index Scan", "Relation Name": "t", "Filter": "(lower(email) = lower($1))"}
    limit = [{"Plan": {"Node Type": "Limit", "Plans": [node]}}]

    assert list(scans(limit)) == [Scan("t", ("lower(email)",), is_in_order=True)]
    assert list(scans([{"Plan": {**node, "Index Cond": "(id > 7)"}}])) == []


def test_a_function_or_a_direction_is_no_part_of_the_column():
    assert [bare(text) for text in ("upper(email)", "opened DESC", "id")] == ["email", "opened", "id"]


def seq_scan(table: str, alias: str) -> dict[str, object]:
    return {"Node Type": "Seq Scan", "Relation Name": table, "Alias": alias}


@pytest.mark.parametrize(
    ("keys", "columns"),
    [
        (["t.touched DESC"], ("touched",)),
        (["t.touched DESC", "t.id DESC"], ("touched", "id")),
        (["t.touched DESC", "t.id"], ("touched DESC", "id")),
        (["t.touched DESC", "c.name"], None),  # no index is on two tables
        (["(lower(t.name))"], None),
    ],
)
def test_a_table_that_is_sorted_for_a_few_rows_lacks_an_index_on_its_order(keys: list[str], columns: object):
    join = {"Node Type": "Hash Join", "Plans": [seq_scan("ticket", "t"), seq_scan("customer", "c")]}
    sort = {"Node Type": "Sort", "Sort Key": keys, "Plans": [join]}

    assert list(scans([{"Plan": sort}])) == []  # all rows are wanted
    found = list(scans([{"Plan": {"Node Type": "Limit", "Plans": [sort]}}]))
    assert found == ([Scan("ticket", columns, is_for_order=True)] if columns else [])


class LostConnection:
    """Tells its search_path, and then of an error of its driver."""

    class Error(Exception):
        diag = None

    def __init__(self) -> None:
        self.is_lost = False

    def execute(self, *_: object) -> LostConnection:
        if self.is_lost:
            raise self.Error("terminating connection due to administrator command")
        return self

    def fetchone(self) -> list[str]:
        return ["public"]


def test_a_connection_that_is_lost_costs_the_plan_alone():
    connection = LostConnection()
    planner = Planner(connection, LostConnection.Error)
    connection.is_lost = True
    planner.begin()
    planner.end()

    assert planner.plan("select 1") == (None, "no plan: Error")
