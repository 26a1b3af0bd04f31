"""The patients' tables: customers with long notes, orders in regions, and stock."""

from __future__ import annotations

import psycopg

TABLES = """
create table customer (id int primary key, name text not null, notes text not null);
insert into customer select n, 'customer ' || n,
  (select string_agg(md5((n * 1000 + k)::text), '') from generate_series(1, 150) k) from generate_series(1, 600) n;
create table purchase (id int primary key, customer_id int not null references customer, region int not null,
  cents int not null, note text not null);
insert into purchase select n, 1 + n % 600, 1 + n % 20, n % 9000, md5(n::text) from generate_series(1, 40000) n;
create index purchase_region on purchase (region, cents, id);
create table stock (id int primary key, pieces int not null);
insert into stock select n, 1000 from generate_series(1, 400) n;
"""


def build(url: str, schema: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create extension if not exists pg_stat_statements")
        connection.execute(f"drop schema if exists {schema} cascade")
        connection.execute(f"create schema {schema}")
        connection.execute(f"set search_path = {schema}")
        for statement in TABLES.split(";"):
            if statement.strip():
                connection.execute(statement)
        connection.execute("analyze")


def set_index(url: str, schema: str, *, exists: bool) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"set search_path = {schema}")
        if exists:
            connection.execute("create index if not exists purchase_region on purchase (region, cents, id)")
        else:
            connection.execute("drop index if exists purchase_region")
