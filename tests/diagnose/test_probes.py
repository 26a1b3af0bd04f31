"""Probes beside real services: PostgreSQL, Redis, and a process that computes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from processes import wait_for
from psycopg.conninfo import make_conninfo
from services import redis_server
from services.needs import lacking

from perfgate.diagnose.facts import ProbeCounts, Statement
from perfgate.diagnose.probes import PostgresProbe, ProcessProbe, RedisProbe, logins
from perfgate.diagnose.probes.planner.planning import Planner
from perfgate.diagnose.probes.redis import totals
from perfgate.loadtest.service.ports import free_ports
from perfgate.model.errors import DiagnosisError

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def database(postgresql_server: str) -> Iterator[str]:
    """With orders and items, as many as make an index worth it; and statements that are counted."""
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute("create extension if not exists pg_stat_statements")
        connection.execute("create table items (id serial primary key, order_id int, sku text)")
        connection.execute(
            "insert into items (order_id, sku) select n % 2000, 'sku' || n from generate_series(1, 20000) n"
        )
        connection.execute("analyze items")
    yield postgresql_server
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute("drop table items")


def select_items(url: str, orders: range) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for order in orders:
            connection.execute("select sku from items where order_id = %s and sku <> 'a secret'", [order]).fetchall()


def counted_selection(url: str) -> ProbeCounts:
    """What a probe counts of the items of twenty orders."""
    probe = PostgresProbe(url)
    probe.begin()
    select_items(url, range(20))
    counts = probe.counted(requests=20)
    probe.close()
    return counts


@pytest.mark.needs("postgresql")
def test_queries_per_request_are_exact_and_the_missing_index_is_named(database: str):
    probe = PostgresProbe(database)
    select_items(database, range(5))
    probe.begin()
    select_items(database, range(200))

    counts = probe.counted(requests=4)
    probe.close()

    assert counts.values["queries"] == 50
    assert counts.values["rows"] == 500
    assert counts.values["database"] > 0
    [statement] = counts.statements
    assert statement.calls == 50
    assert statement.scans == ("items",)
    assert "order_id" in statement.columns
    assert statement.indexes == {"items": "CREATE INDEX ON items (order_id);"}
    assert "secret" not in statement.fingerprint


@pytest.mark.needs("postgresql")
def test_connections_that_are_opened_are_counted(database: str):
    with psycopg.connect(database, autocommit=True) as connection:
        if connection.info.server_version < 140000:
            lacking("PostgreSQL 14")
    probe = PostgresProbe(database)
    probe.begin()
    for _ in range(6):
        select_items(database, range(1))  # each opens one, and closes it

    wait_for(lambda: probe.counted(requests=3).values["database_sessions"] == 2, "the statistics of six sessions")
    probe.close()


@pytest.mark.needs("postgresql")
def test_hypopg_says_what_the_missing_index_would_be_worth(database: str):
    with psycopg.connect(database, autocommit=True) as connection:
        there = connection.execute("select 1 from pg_available_extensions where name = 'hypopg'").fetchone()
        if there is None:
            lacking("hypopg")
        connection.execute("create extension if not exists hypopg")
    probe = PostgresProbe(database)
    probe.begin()
    select_items(database, range(20))
    [statement] = probe.counted(requests=20).statements
    again = probe.counted(requests=20)
    probe.close()

    assert statement.hint.startswith("with an index on items (order_id")
    assert statement.hint.endswith("(HypoPG)")
    assert again.values["queries"] == 1  # what was tried counts nothing


@pytest.mark.needs("postgresql")
def test_a_statement_with_an_index_scans_nothing(database: str):
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create index on items (order_id)")

    assert [one.scans for one in counted_selection(database).statements] == [()]


@pytest.mark.needs("postgresql")
def test_an_index_that_a_function_around_its_column_keeps_from_use_is_told(database: str):
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create index on items (sku)")
        probe = PostgresProbe(database)
        probe.begin()
        connection.execute("select id from items where lower(sku) = 'sku7'").fetchall()
        [statement] = probe.counted(requests=1).statements
        probe.close()

    assert (statement.scans, statement.columns, statement.indexed) == (("items",), ("lower(sku)",), ("sku",))


@pytest.mark.needs("postgresql")
def test_an_order_without_an_index_reads_the_whole_table(database: str):
    found = []
    with psycopg.connect(database, autocommit=True) as connection:
        probe = PostgresProbe(database)
        for _ in range(2):
            probe.begin()
            connection.execute("select id from items order by sku desc limit 5").fetchall()
            connection.execute("select set_config('work_mem', '4MB', false)")  # none of the application's queries
            [statement] = probe.counted(requests=1).statements
            found.append((statement.scans, statement.columns))
            connection.execute("create index on items (sku)")
        probe.close()

    assert found == [(("items",), ("sku",)), ((), ())]


@pytest.mark.needs("postgresql")
def test_a_small_table_may_be_read_as_a_whole(database: str):
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("delete from items where id > 500")
        connection.execute("vacuum analyze items")

    assert [one.scans for one in counted_selection(database).statements] == [()]


@pytest.mark.needs("postgresql")
def test_options_of_the_url_hold_for_plans_too(postgresql_server: str):
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute("create extension if not exists pg_stat_statements")
        connection.execute("create schema elsewhere")
        connection.execute("create table elsewhere.parcels as select n as id from generate_series(1, 5000) n")
    url = f"{postgresql_server}?options=-csearch_path%3Delsewhere"
    probe = PostgresProbe(url)
    probe.begin()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("select * from parcels where id = %s", [7]).fetchall()

    [statement] = probe.counted(requests=1).statements
    probe.close()
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute("drop schema elsewhere cascade")

    assert statement.scans == ("parcels",)
    assert statement.indexes == {"parcels": "CREATE INDEX ON elsewhere.parcels (id);"}


TENANTS = ("tenant_0", '"Tenant 1"', "tenant_2")


@pytest.fixture
def tenants(postgresql_server: str) -> Iterator[str]:
    """Three tenants with parcels of their own, and one table that only one of them has, whose name needs quotes."""
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute("create extension if not exists pg_stat_statements")
        for schema in TENANTS:
            connection.execute(f"create schema {schema}")
            connection.execute(
                f"create table {schema}.parcels as select n as id, n % 500 as place from generate_series(1, 5000) n"
            )
        connection.execute('create table "Tenant 1"."Depots" as select n as id from generate_series(1, 5000) n')
        connection.execute("analyze")
    yield postgresql_server
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        for schema in TENANTS:
            connection.execute(f"drop schema {schema} cascade")


def planned(url: str, query: str, *schemas: str, note: str = "") -> Statement:
    """The statement as the probe counts it, of an application that sets its search_path itself: phase by phase, until
    its note begins so."""
    probe = PostgresProbe(url)
    phases: list[Statement] = []

    def is_noted() -> bool:
        probe.begin()
        with psycopg.connect(url, autocommit=True) as connection:
            for schema in schemas:
                connection.execute(f"set search_path = {schema}")
                connection.execute(query, [7])
        phases.extend(probe.counted(requests=len(schemas)).statements)
        return phases[-1].note.startswith(note)

    wait_for(is_noted, "a plan, or the reason why there is none")
    probe.close()
    return phases[-1]


@pytest.mark.needs("postgresql")
def test_tables_that_the_search_path_does_not_lead_to_are_looked_up(tenants: str):
    only = planned(tenants, 'select d.id from "Depots" d where d.id = %s', TENANTS[1])
    query = 'select p.id from parcels p join "Depots" d on p.id = d.id where p.place = %s'
    beside = planned(tenants, query, TENANTS[1])

    note = 'planned in the schema "Tenant 1"'
    assert (only.scans, only.columns, only.note) == (("Depots",), ("id",), note)
    assert only.indexes == {"Depots": 'CREATE INDEX ON "Tenant 1"."Depots" (id);'}
    assert ("parcels" in beside.scans, beside.note) == (True, note)  # three have parcels, and one of them depots


@pytest.mark.needs("postgresql")
def test_of_several_schemas_the_busiest_is_planned_and_named(tenants: str):
    statement = planned(tenants, "update parcels set id = id where place = %s", "tenant_2", note="planned")

    assert (statement.scans, statement.columns) == (("parcels",), ("place",))
    assert statement.note == "planned in the schema tenant_2, the busiest of 3 that have parcels"


@pytest.mark.needs("postgresql")
def test_a_plan_that_cannot_be_made_says_why(tenants: str):
    statement = planned(tenants, "select id from parcels where place = %s", "tenant_0")

    assert statement.scans == ()
    assert statement.note == (
        "no plan: parcels is in 3 schemas (Tenant 1, tenant_0, tenant_2), none of them in the search_path of "
        "diagnose.postgres: add ?options=-csearch_path%3D%22Tenant%5C%201%22 to its URL"
    )
    option = statement.note.split()[-4]
    assert planned(f"{tenants}{option}", "select id from parcels where place = %s", TENANTS[1]).scans == ("parcels",)


@pytest.mark.needs("postgresql")
def test_a_schema_that_the_user_may_not_use_says_what_to_grant(tenants: str):
    with psycopg.connect(tenants, autocommit=True) as owner:
        owner.execute("drop role if exists planner_only")
        owner.execute("create role planner_only login password 'planner_only' in role pg_read_all_stats")
        probe = PostgresProbe(make_conninfo(tenants, user="planner_only", password="planner_only"))
        probe.begin()
        owner.execute('set search_path = "Tenant 1"')
        owner.execute('select d.id from "Depots" d where d.id = %s', [7])
        [statement] = probe.counted(requests=1).statements
        probe.close()
        owner.execute("drop role planner_only")

    assert statement.note == ('no plan: the user of diagnose.postgres needs GRANT USAGE ON SCHEMA "Tenant 1" TO ...;')


@pytest.mark.needs("postgresql")
def test_a_statement_is_one_however_many_schemas_it_was_sent_in(tenants: str):
    statement = planned(tenants, "select id from parcels where place = %s", *TENANTS)

    assert (statement.calls, statement.rows) == (1, 10)


@pytest.mark.needs("postgresql")
@pytest.mark.parametrize("version", ["1.7", "1.8"])
def test_an_extension_that_was_not_updated_with_its_server_counts_too(postgresql_server: str, version: str):
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute("drop extension if exists pg_stat_statements")
        connection.execute(f"create extension pg_stat_statements version '{version}'")
        try:
            probe = PostgresProbe(postgresql_server)
            probe.begin()
            for _ in range(4):
                connection.execute("select 7 as of_an_older_version")
            values = probe.counted(requests=2).values
            probe.close()
        finally:
            connection.execute("drop extension pg_stat_statements")
            connection.execute("create extension pg_stat_statements")

    assert values["queries"] == 2
    assert values["database"] > 0


@pytest.mark.needs("postgresql")
def test_a_database_without_an_encoding_is_read_all_the_same(postgresql_server: str):
    with psycopg.connect(postgresql_server, autocommit=True) as owner:
        owner.execute("create database plain template template0 encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C'")
        url = make_conninfo(postgresql_server, dbname="plain")
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("create extension pg_stat_statements")
                probe = PostgresProbe(url)
                probe.begin()
                connection.execute("select 7 as without_encoding")
                [statement] = probe.counted(requests=1).statements
                probe.close()
        finally:
            owner.execute("drop database plain with (force)")

    assert statement.fingerprint == "select $1 as without_encoding"


@pytest.mark.needs("postgresql")
def test_a_statement_of_two_users_counts_for_both(database: str):
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("drop role if exists twin")
        connection.execute("create role twin")
        probe = PostgresProbe(database)
        probe.begin()
        for role, spaces in (("none", " "), ("twin", "  ")):  # each has an entry, with the text as it was first sent
            connection.execute(f"set role {role}")
            for _ in range(2):
                connection.execute(f"select{spaces}7 - 7 - 7 - 7 as of_two_users")
        counts = probe.counted(requests=1)
        probe.close()
        connection.execute("set role none")
        connection.execute("drop role twin")

    assert counts.values["queries"] == 4
    assert [(item.fingerprint, item.calls) for item in counts.statements] == [
        ("select $1 - $2 - $3 - $4 as of_two_users", 4)
    ]


@pytest.mark.needs("postgresql")
def test_values_that_a_procedure_is_called_with_are_not_shown(postgresql_server: str):
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute("create extension if not exists pg_stat_statements")
        connection.execute("create procedure pay(card text, amount int) language plpgsql as $$ begin end $$")
        probe = PostgresProbe(postgresql_server)
        probe.begin()
        for card in ("secret 4242", "secret 4343"):
            connection.execute(f"call pay('{card}', 4444)")
        [statement] = probe.counted(requests=1).statements
        probe.close()
        connection.execute("drop procedure pay")

    assert statement.calls == 2
    assert statement.fingerprint in ("call pay(?, ?)", "call pay($1, $2)")


@pytest.mark.needs("postgresql")
def test_a_plan_that_fails_for_a_value_does_not_quote_it(postgresql_server: str):
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        planned = Planner(connection, psycopg.Error).plan("select 1 from pg_class where oid = 's3cret'")

    assert planned == (None, "no plan: InvalidTextRepresentation")


@pytest.mark.needs("postgresql")
def test_parameters_that_only_a_driver_of_another_language_knows_are_left_out(database: str):
    PostgresProbe(f"{database}?schema=public&connection_limit=1&application_name=shop").close()


def test_what_keeps_a_probe_from_logging_in_says_what_to_do():
    pooler = psycopg.OperationalError("FATAL:  unsupported startup parameter in options: statement_timeout")

    assert logins.postgres_refusal(pooler).hint == logins.POOLER
    with pytest.raises(DiagnosisError) as failure:
        PostgresProbe("postgresql://[::1/s3cret?schema=public")
    assert failure.value.hint == logins.MALFORMED
    assert "s3cret" not in str(failure.value)


@pytest.mark.needs("postgresql")
def test_nothing_of_the_application_is_executed_for_a_plan(database: str):
    with psycopg.connect(database, autocommit=True) as connection:
        probe = PostgresProbe(database)
        probe.begin()
        connection.execute("delete from items where order_id = %s", [1])
        connection.execute("select sku from items where id = %s", [5])
        probe.counted(requests=1)
        probe.close()
        [left] = connection.execute("select count(*) from items").fetchone() or ()

    assert left == 20_000 - 10


@pytest.mark.needs("postgresql")
def test_a_database_that_counts_nothing_says_what_to_grant(postgresql_server: str):
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute("create extension if not exists pg_stat_statements")
        connection.execute("drop extension pg_stat_statements")

    with pytest.raises(DiagnosisError, match="CREATE EXTENSION pg_stat_statements"):
        PostgresProbe(postgresql_server)


@pytest.mark.needs("postgresql")
def test_a_database_that_refuses_a_second_connection_has_none_left(database: str):
    activity = "select count(*) from pg_stat_activity where usename = 'only_one'"
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("create role only_one login password 'only_one' connection limit 1")
        try:
            with pytest.raises(DiagnosisError, match="cannot connect") as refusal:
                PostgresProbe(make_conninfo(database, user="only_one", password="only_one"))
            wait_for(lambda: owner.execute(activity).fetchone() == (0,), "the end of the first", 2.0)
        finally:
            owner.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'only_one'")
            owner.execute("drop role only_one")
    assert refusal.value.hint


@pytest.mark.needs("postgresql")
def test_statements_of_another_user_that_are_hidden_say_what_to_grant(database: str):
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("drop role if exists looker")
        owner.execute("create role looker login password 'looker'")
        try:
            probe = PostgresProbe(make_conninfo(database, user="looker", password="looker"))
            probe.begin()
            for _ in range(10):
                owner.execute("select 7 as hidden_from_looker")
            with pytest.raises(DiagnosisError, match="another user's") as failure:
                probe.counted(10)
            assert "GRANT pg_read_all_stats" in failure.value.hint
            probe.close()
        finally:
            owner.execute("drop role looker")


def test_a_database_that_is_not_there_never_shows_its_password():
    [port] = free_ports(1)
    with pytest.raises(DiagnosisError) as failure:
        PostgresProbe(f"postgresql://ada:s3cret@127.0.0.1:{port}/shop")

    assert "s3cret" not in str(failure.value)


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    with redis_server.serving(tmp_path) as url:
        yield url


@pytest.mark.needs("redis")
def test_a_redis_user_without_the_right_says_what_to_grant(redis_url: str):
    with redis.Redis.from_url(redis_url) as client:
        client.execute_command("ACL", "SETUSER", "looker", "on", ">s3cret", "+ping")

    with pytest.raises(DiagnosisError, match="NoPermissionError") as failure:
        RedisProbe(redis_url.replace("://", "://looker:s3cret@"))

    assert "+info" in failure.value.hint
    assert "s3cret" not in str(failure.value)


@pytest.mark.needs("redis")
@pytest.mark.parametrize("user", ["", ":wrong@", "ada:wrong@"])
def test_a_redis_with_a_password_says_where_to_write_it(redis_url: str, user: str):
    with redis.Redis.from_url(redis_url) as client:
        client.config_set("requirepass", "s3cret")

    with pytest.raises(DiagnosisError, match="Authentication") as failure:
        RedisProbe(redis_url.replace("://", f"://{user}"))

    assert "redis://:PASSWORD@" in failure.value.hint
    assert "wrong" not in str(failure.value)


def test_a_redis_that_is_not_there_says_what_to_check():
    [port] = free_ports(1)

    with pytest.raises(DiagnosisError, match="ConnectionError") as failure:
        RedisProbe(f"redis://:s3cret@127.0.0.1:{port}")

    assert "Is Redis there" in failure.value.hint
    assert "s3cret" not in str(failure.value)


@pytest.mark.needs("redis")
def test_redis_commands_per_request_and_hits(redis_url: str):
    client = redis.Redis.from_url(redis_url)
    client.set("here", 1)
    probe = RedisProbe(redis_url)
    probe.begin()
    for _ in range(30):
        client.get("here")
    for _ in range(10):
        client.get("gone")

    counts = probe.counted(requests=10)
    probe.close()
    client.close()

    assert (counts.values["cache_hits"], counts.values["cache_lookups"]) == (0.75, 4)
    assert counts.values["cache_calls"] == pytest.approx(4, abs=0.2)
    assert counts.values["cache_sessions"] == 0


@pytest.mark.needs("redis")
def test_connections_to_redis_are_counted_and_what_opens_them_is_no_command(redis_url: str):
    probe = RedisProbe(redis_url)
    probe.begin()
    for _ in range(4):
        with redis.Redis.from_url(f"{redis_url.rstrip('/')}/1", client_name="shop") as client:
            client.get("here")

    counts = probe.counted(requests=4)
    probe.close()

    assert (counts.values["cache_sessions"], counts.values["cache_calls"]) == (1, 1)


def test_a_server_that_is_only_like_redis_counts_what_it_tells():
    every = {"cmdstat_get": {"calls": 3, "usec": 2_000_000}, "cmdstat_lpush": {"calls": 1}, "cmdstat_odd": "?"}
    of_version_6 = {"cmdstat_client": {"calls": 9, "usec": 9}}

    assert totals({"keyspace_hits": 2}, {**every, **of_version_6}) == (2, 0, 4, 1, 2.0, 0)


def test_cpu_of_the_whole_process_tree_counts():
    work = "import time\nuntil = time.process_time() + 0.5\nwhile time.process_time() < until: pass\nprint('done', flush=True)\ninput()"
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys; input(); subprocess.run([sys.executable, '-c', sys.argv[1]])",
            work,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert parent.stdin is not None
    assert parent.stdout is not None
    try:
        probe = ProcessProbe(parent.pid)
        probe.begin()
        parent.stdin.write(b"\n")
        parent.stdin.flush()
        assert parent.stdout.readline() == b"done\n"
        counts = probe.counted(requests=10)
    finally:
        parent.communicate(b"\n")

    assert counts.values["cpu"] == pytest.approx(0.05, rel=0.5)


def test_cpu_of_a_program_that_a_request_starts_and_awaits_counts():
    work = "import time; until = time.process_time() + 0.5\nwhile time.process_time() < until: pass"
    code = f"import subprocess, sys\ninput()\nsubprocess.run([sys.executable, '-c', {work!r}])\nprint('done', flush=True)\ninput()"
    service = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert service.stdin is not None
    assert service.stdout is not None
    try:
        probe = ProcessProbe(service.pid)
        probe.begin()
        service.stdin.write(b"\n")
        service.stdin.flush()
        assert service.stdout.readline() == b"done\n"
        counts = probe.counted(requests=10)
    finally:
        service.communicate(b"\n")

    assert counts.values["cpu"] == pytest.approx(0.05, rel=0.5)


def test_a_process_that_is_gone_costs_nothing():
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    probe = ProcessProbe(process.pid)
    probe.begin()

    assert probe.counted(requests=5).values["cpu"] == 0
