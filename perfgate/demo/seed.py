"""Fills the database with the same shop every time: products with reviews, categories and users."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, exc, insert, inspect, select

from perfgate.demo import database
from perfgate.demo.checkout import password_hash
from perfgate.demo.database import Database
from perfgate.demo.errors import DemoError

SEED = 20240601
PRODUCTS = 4000
REVIEWS = 6  # per product, on average
USERS = 200  # user1, user2 ... all with the password "demo"

_CATEGORIES = ("Tea", "Coffee", "Kitchen", "Table", "Garden", "Bath", "Bedroom", "Office", "Workshop", "Travel")
_SIZES = ("Small", "Large", "Tall", "Round", "Slim", "Folding", "Stacking", "Everyday")
_COLOURS = ("Blue", "Green", "Amber", "White", "Charcoal", "Copper", "Ivory", "Plum", "Sand", "Teal")
_MATERIALS = ("Oak", "Steel", "Glass", "Ceramic", "Linen", "Bamboo", "Walnut", "Enamel", "Marble", "Cork")
_THINGS = (
    *("Teapot", "Teacup", "Kettle", "Lantern", "Cushion", "Basket", "Notebook", "Blanket", "Pitcher", "Saucer"),
    *("Ladder", "Mirror", "Planter", "Tray", "Stool", "Grinder", "Whisk", "Bottle", "Hook", "Shelf"),
)
_OPINIONS = (
    "Does what it says, and looks good doing it.",
    "A little smaller than I thought, but well made.",
    "Second one I have bought. The first went to my sister.",
    "Arrived quickly. The finish could be smoother.",
    "We use it every day and it still looks new.",
    "Nice enough, though the colour is darker than in the picture.",
)


def fill(shop: Database, path: Path, *, indexed: bool) -> None:
    """Create and fill the tables, or take up those of an earlier start without its sessions, baskets and orders.

    Without `indexed` the index of the search is missing. Raises DemoError if the file is something else's.
    """
    try:
        with shop.write() as connection:
            _refuse_foreign_tables(connection, path)
            database.tables.create_all(connection)
            if connection.execute(select(database.products.c.id).limit(1)).first() is None:
                _insert_everything(connection)
            for table in (database.sessions, database.basket_lines, database.order_lines, database.orders):
                connection.execute(table.delete())
            database.name_parts_index.drop(connection, checkfirst=True)
            if indexed:
                database.name_parts_index.create(connection)
            connection.exec_driver_sql("ANALYZE")
    except exc.DatabaseError as error:
        raise DemoError(f"{path} cannot be used as the shop's database: {error.orig}. Name another file.") from error


def _refuse_foreign_tables(connection: Connection, path: Path) -> None:
    foreign = set(inspect(connection).get_table_names()) - set(database.tables.tables)
    if foreign:
        raise DemoError(
            f"{path} holds something else ({', '.join(sorted(foreign))}), not the demo shop. Name another file."
        )


def _insert_everything(connection: Connection) -> None:
    chance = random.Random(SEED)
    goods = list(_products(chance))
    connection.execute(insert(database.categories), [{"id": n, "name": name} for n, name in enumerate(_CATEGORIES, 1)])
    connection.execute(insert(database.products), goods)
    connection.execute(insert(database.reviews), list(_reviews(chance)))
    connection.execute(insert(database.name_parts), [part for product in goods for part in _name_parts(product)])
    connection.execute(insert(database.users), list(_users()))


def _products(chance: random.Random) -> Iterator[dict[str, Any]]:
    for number in range(1, PRODUCTS + 1):
        size, colour = chance.choice(_SIZES), chance.choice(_COLOURS)
        material, thing = chance.choice(_MATERIALS), chance.choice(_THINGS)
        yield {
            "id": number,
            "name": f"{size} {colour} {material} {thing}",
            "description": f"A {thing.lower()} of {material.lower()} in {colour.lower()}, made to last.",
            "cents": chance.randrange(300, 20000, 5),
            "category_id": chance.randrange(len(_CATEGORIES)) + 1,
            "sold": int(chance.paretovariate(1.2) * 10),
        }


def _reviews(chance: random.Random) -> Iterator[dict[str, Any]]:
    for _ in range(PRODUCTS * REVIEWS):
        yield {
            "product_id": chance.randrange(PRODUCTS) + 1,
            "author": f"user{chance.randrange(USERS) + 1}",
            "stars": chance.choice((2, 3, 4, 4, 5, 5)),
            "text": chance.choice(_OPINIONS),
        }


def _name_parts(product: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for word in product["name"].lower().split():
        for start in range(len(word) - 1):
            yield {"part": word[start:], "product_id": product["id"]}


def _users() -> Iterator[dict[str, Any]]:
    for number in range(1, USERS + 1):
        name = f"user{number}"
        yield {"id": number, "name": name, "password_hash": password_hash(name, "demo")}
