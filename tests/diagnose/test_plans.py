"""Plans as PostgreSQL tells them, and what an index would have to be on."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from perfgate.diagnose.probes import mysql, postgres
from perfgate.diagnose.probes.planner.planning import POOLED, Planner
from perfgate.diagnose.probes.planner.plans import Scan, bare, index, scans


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
        ('(("orderId" = $1) AND (o."order" >= $2))', ('"orderId"', '"order"')),
        ('(lower((o."eMail")::text) = $1)', ('lower("eMail")',)),
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
    texts = ("upper(email)", "opened DESC", "id", '"orderId" DESC', 'lower("a ""b")')

    assert [bare(text) for text in texts] == ["email", "opened", "id", "orderId", 'a "b']


def test_an_index_is_told_as_sql_writes_it():
    query = "select * from items where name ilike $1"

    assert index('shop."Items"', ('"orderId"', "lower(sku)"), "select 1") == (
        'CREATE INDEX ON shop."Items" ("orderId", lower(sku));'
    )
    assert index("items", ("name",), query).endswith("CREATE INDEX ON items USING gin (name gin_trgm_ops);")
    assert index("items", (), query) == ""


def scan(table: str, columns: tuple[str, ...], schema: str) -> tuple[Scan, str]:
    """As the probe has it from a plan, which tells the schema."""
    node = {"Node Type": "Seq Scan", "Relation Name": table, "Schema": schema, "Alias": "t"}
    [found] = scans([{"Plan": {**node, "Filter": " AND ".join(f"(t.{column} = $1)" for column in columns)}}])
    return found, f"{schema}.{table}"


@pytest.mark.parametrize(
    ("schema", "is_usual_path", "table"),
    [("public", True, "items"), ("public", False, "public.items"), ("billing", True, "billing.items")],
)
def test_an_index_names_the_schema_of_its_table(schema: str, is_usual_path: bool, table: str):
    found = postgres._indexes([scan("items", ("order_id",), schema)], "select 1", is_usual_path=is_usual_path)

    assert found == {"items": f"CREATE INDEX ON {table} (order_id);"}


def test_an_index_is_on_the_columns_of_its_own_table():
    both = [scan("items", ("order_id",), "public"), scan("orders", ("state", "day"), "public")]

    assert postgres._indexes(both, "select 1", is_usual_path=True) == {
        "items": "CREATE INDEX ON items (order_id);",
        "orders": "CREATE INDEX ON orders (state, day);",
    }


@pytest.mark.parametrize(
    ("query", "alias", "statement"),
    [
        (
            "SELECT `sku` FROM `items` WHERE `order_id` = ?",
            "items",
            "ALTER TABLE `items` ADD INDEX (`order_id`);",
        ),
        (
            "SELECT `i` . `sku` FROM `shop` . `order` AS `o` JOIN `items` `i` ON `i` . `of` = `o` . `id` "
            "WHERE `o` . `state` = ? AND `i` . `kind` IN (...)",
            "o",
            "ALTER TABLE `shop`.`order` ADD INDEX (`state`);",
        ),
        ("SELECT a FROM items i , parts p WHERE p . b > ?", "p", "ALTER TABLE `parts` ADD INDEX (`b`);"),
        ("SELECT `a` FROM `items` ORDER BY `b`", "items", ""),
    ],
)
def test_an_index_of_mysql_names_the_table_and_no_alias(query: str, alias: str, statement: str):
    table = mysql.table_of(query, alias)

    assert mysql.index(table, alias, mysql._FILTER_COLUMN.findall(query)) == statement


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
        (['t."openedAt" DESC', "t.id DESC"], ('"openedAt"', "id")),
    ],
)
def test_a_table_that_is_sorted_for_a_few_rows_lacks_an_index_on_its_order(keys: list[str], columns: object):
    join = {"Node Type": "Hash Join", "Plans": [seq_scan("ticket", "t"), seq_scan("customer", "c")]}
    sort = {"Node Type": "Sort", "Sort Key": keys, "Plans": [join]}

    assert list(scans([{"Plan": sort}])) == []  # all rows are wanted
    found = list(scans([{"Plan": {"Node Type": "Limit", "Plans": [sort]}}]))
    assert found == ([Scan("ticket", columns, is_for_order=True)] if columns else [])


class LostConnection:
    """Tells its search_path and its process, and then of an error of its driver."""

    class Error(Exception):
        diag = None

    def __init__(self, process: int = 7) -> None:
        self.is_lost, self.info = False, SimpleNamespace(backend_pid=process)
        self.answers: list[object] = ["public", 7]

    def execute(self, *_: object) -> LostConnection:
        if self.is_lost:
            raise self.Error("terminating connection due to administrator command")
        return self

    def fetchone(self) -> list[object]:
        return [self.answers.pop(0)]


def test_a_connection_that_is_lost_costs_the_plan_alone():
    connection = LostConnection()
    planner = Planner(connection, LostConnection.Error)
    connection.is_lost = True
    planner.begin()
    planner.end()

    assert planner.plan("select 1") == (None, "no plan: Error")


def test_nothing_is_planned_behind_a_pooler_which_may_lend_the_session_to_the_application():
    planner = Planner(LostConnection(process=8), LostConnection.Error)

    assert planner.plan("select 1") == (None, POOLED)
