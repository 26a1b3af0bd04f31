"""Statements without literals, and what spans' attributes mean, in conventions old and new."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfgate.diagnose.probes import statements
from perfgate.diagnose.traces.conventions import operation
from perfgate.diagnose.traces.fingerprints import command, statement
from perfgate.diagnose.traces.spans import SpanOperation


@pytest.mark.parametrize(
    ("text", "system", "expected"),
    [
        ("SELECT * FROM users WHERE id = 42", "", "SELECT * FROM users WHERE id = ?"),
        ("SELECT 1 FROM t2 WHERE a1 = -3.5e7", "", "SELECT ? FROM t2 WHERE a1 = ?"),
        ("select a from b where c = 'it''s secret' and d = ''", "", "select a from b where c = ? and d = ?"),
        ("select $1, %s, %(name)s, :name, @p1, a::text", "postgresql", "select ?, ?, ?, ?, ?, a::text"),
        ("INSERT INTO a VALUES (1, 'x'), (2, 'y')", "", "INSERT INTO a VALUES (...)"),
        ("select 1 where a in ($1, $2,\n $3)", "postgresql", "select ? where a in (...)"),
        ("select pause(3)", "", "select pause(?)"),
        ("select a -- secret\nfrom b /* secret */ c", "", "select a from b c"),
        ("select $$secret$$, $tag$ secret $tag$", "postgresql", "select ?, ?"),
        ('select "orders"."id" from "orders"', "postgresql", 'select "orders"."id" from "orders"'),
        ('select a from b where c = "secret"', "mysql", "select a from b where c = ?"),
        ('select a from b where c = "a secret"', "postgresql", "select a from b where c = ?"),
        ('{"find": "users", "filter": {"password": "secret"}}', "mongodb", "{?: ?, ?: {?: ?}}"),
        ('select a from b where c = "secret"', "other_sql", "select a from b where c = ?"),
        ("select a from b where c = 'secret", "", "select a from b where c = ?"),
        ("select 'C:\\', 'secret', d", "", "select ?, d"),
        ("select a -- it's\nfrom b where c = 'secret'", "", "select a"),
        ("select a # it's\nfrom b where c = 'secret'", "mysql", "select a # it?"),
        ("select a /* /* */ it's */ from b where c = 'secret'", "postgresql", "select a it?"),
        ("/* it's */ select \"a\" from b where c = 'x' /*traceparent='00-secret-01'*/", "postgresql",
         'select "a" from b where c = ?'),
        ("select \"it's\" from b where c = 'secret'", "postgresql", "select ? from b where c = ?"),
        ("select $$it's$$, 'secret'", "postgresql", "select ?, ?"),
        ("select 'it\\'s secret' from b", "mysql", "select ? from b"),
        ("select X'DEADBEEF', N'secret', 0xDEAD", "", "select ?, ?, ?"),
        ("select\x1b[31m a\u202e", "", "select [31m a"),
    ],
)  # fmt: skip
def test_fingerprints(text, system, expected):
    assert statement(text, system) == expected


@given(
    st.sampled_from(["'{}'", "E'{}'", "$${}$$", "'x' || '{}'", "/* {} */ 1", "('{}', 2)"]),
    st.text(st.characters(codec="ascii", exclude_characters="'$*/"), max_size=20),
    st.sampled_from(["postgresql", "mysql", "sqlite", ""]),
)
def test_no_literal_is_left_whatever_is_in_it(form, value, system):
    written = form.format(f"SECRET{value}SECRET")

    assert "SECRET" not in statement(f"select a from b where c = {written} and d = '{value}'", system)


def test_long_statements_are_cut():
    assert len(statement("select " + ", ".join(f"column_{at}" for at in range(9000)))) == 160


@pytest.mark.parametrize(
    ("text", "expected"),
    [("GET user:42 secret", "GET"), ("get ?", "GET"), ("JSON.SET k v", "JSON.SET"), ("\x1b[1m", ""), ("", "")],
)
def test_commands_of_caches(text, expected):
    assert command(text) == expected


@pytest.mark.parametrize(
    ("kind", "name", "attributes", "expected"),
    [
        ("client", "SELECT", {"db.system": "postgresql", "db.statement": "SELECT 1"}, ("database", "SELECT ?")),
        ("client", "SELECT a", {"db.system.name": "mysql", "db.query.text": "SELECT 'x'"}, ("database", "SELECT ?")),
        ("internal", "prisma", {"db.system": "postgresql", "db.statement": "SELECT 1"}, ("database", "SELECT ?")),
        ("client", "find", {"db.system": "mongodb", "db.operation": "find", "db.mongodb.collection": "carts"},
         ("database", "find carts")),
        ("client", "find", {"db.system.name": "mongodb", "db.operation.name": "find", "db.collection.name": "carts"},
         ("database", "find carts")),
        ("client", "find", {"db.system": "mongodb", "db.operation": "find", "db.mongodb.collection": "carts",
          "db.statement": '{"find": "carts", "filter": {"owner": "secret"}}'}, ("database", "find carts")),
        ("client", "GET", {"db.system": "redis", "db.statement": "GET user:42", "net.peer.name": "r"}, ("cache", "GET")),
        ("client", "get", {"db.system": "memcached", "db.operation": "get"}, ("cache", "GET")),
        ("client", "GET", {"db.system.name": "valkey", "db.operation.name": "GET"}, ("cache", "GET")),
        ("client", "GET", {"http.method": "GET", "http.url": "http://u:secret@rates.example:80/a?token=secret"},
         ("external", "rates.example")),
        ("client", "GET", {"http.request.method": "GET", "server.address": "rates.example"},
         ("external", "rates.example")),
        ("client", "Rates/Get", {"rpc.system": "grpc", "rpc.service": "Rates"}, ("external", "Rates")),
        ("producer", "send", {"messaging.system": "kafka", "messaging.destination": "orders"},
         ("external", "kafka orders")),
        ("internal", "fastapi.serialization", {}, ("serialisation", "")),
    ],
)  # fmt: skip
def test_conventions(kind, name, attributes, expected):
    found = operation(kind, name, attributes)

    assert found is not None
    assert (found.layer, found.what) == expected


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        ("internal", {}),
        ("client", {}),
        ("internal", {"server.address": "rates.example"}),
        ("server", {"http.method": "GET", "http.host": "shop.example"}),
        ("consumer", {"messaging.system": "kafka"}),
        ("client", {"url.full": "http://[broken"}),
    ],
)
def test_what_nobody_knows_is_the_application(kind, attributes):
    assert operation(kind, "work", attributes) is None


def test_opening_a_connection_is_no_query():
    assert operation("client", "connect", {"db.system": "sqlite"}) == SpanOperation("database", is_call=False)


DJANGO = (
    'SELECT "desk_ticket"."id", "desk_ticket"."subject", EXTRACT(\'day\' FROM "desk_ticket"."opened"), '
    '"desk_ticket"."touched", "desk_ticket"."customer_id", "desk_ticket"."agent_id" FROM "desk_ticket"'
)


@pytest.mark.parametrize("fingerprint", [statements.fingerprint, lambda text: statement(text, "postgresql")])
def test_of_a_long_statement_the_columns_are_cut_before_its_filter(fingerprint):
    tail = 'WHERE "desk_ticket"."state" = $1 ORDER BY "desk_ticket"."id" DESC LIMIT $2 OFFSET $3'
    left = fingerprint(f"{DJANGO} {tail} /* route='secret' */").replace("?", "$1")

    assert left.startswith('SELECT "desk_ticket"."id", … FROM "desk_ticket" WHERE "desk_ticket"."state" =')
    assert left.endswith(("LIMIT $2 OFFSET $3", "LIMIT $1 OFFSET $1"))
    assert " limit " in fingerprint(f"{DJANGO} where {' and '.join(['a = $1'] * 90)} limit $2")[-10:]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('select "a b"  from t1 where c = $1 limit $2', 'select "a b" from t1 where c = $1 limit $2'),
        ("call pay('it''s secret', 4242, -1.5)", "call pay(?, ?, -?)"),
        ("select E'it\\'s secret', $$it's secret$$, $tag$ secret $tag$", "select ?, ?, ?"),
        ("select 'C:\\', 'secret', d", "select ?, d"),
        ("/* user='secret' */ select a -- it's secret\nfrom b", "select a from b"),
        ("select a /* /* */ it's */ from b where c = 'secret'", "select a"),
        ("select a from b where c in ($1 /*, ... */)", "select a from b where c in ($1, ...)"),
        ("alter user ada password 'secret", "alter user ada password ?"),
        ("select \"it's\", 'secret' from b", 'select "it\'s", ? from b'),
        ('select a #>> $1 from "b" -- it\'s', 'select a #>> $1 from "b"'),
    ],
)
def test_literals_that_postgresql_keeps_in_its_texts(text, expected):
    assert statements.masked(text) == expected
