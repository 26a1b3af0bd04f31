"""What the shop sells: lists, details and search. Each query is sound unless a fault says otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, and_, bindparam, func, select

from perfgate.demo.cache import Cache
from perfgate.demo.database import Database, categories, name_parts, products, reviews, rows
from perfgate.demo.errors import RefusedError
from perfgate.demo.faults import Faults

CACHE_SECONDS = 60.0
FOUND_AT_MOST = 20

Json = dict[str, Any]

# Built once: putting a statement together takes as long as running it.
_PAGE = select(products).order_by(products.c.id).limit(bindparam("size")).offset(bindparam("before"))
_PRODUCT = select(products).where(products.c.id == bindparam("number"))
_REVIEWS = (
    select(reviews.c.author, reviews.c.stars, reviews.c.text)
    .where(reviews.c.product_id == bindparam("number"))
    .order_by(reviews.c.id)
)
_RATINGS = (
    select(reviews.c.product_id, func.avg(reviews.c.stars).label("mean"))
    .where(reviews.c.product_id.in_(bindparam("numbers", expanding=True)))
    .group_by(reviews.c.product_id)
)
_BEST_SELLERS = select(products).order_by(products.c.sold.desc()).limit(bindparam("count"))


class Catalogue:
    """Reads products. Category names, the count, single products and the best sellers are cached; lists are not."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._names: Cache[str, Mapping[int, str]] = Cache(CACHE_SECONDS)
        self._counts: Cache[str, int] = Cache(CACHE_SECONDS)
        self._products: Cache[int, Json] = Cache(CACHE_SECONDS)
        self._best: Cache[int, Sequence[Json]] = Cache(CACHE_SECONDS)

    def page(self, page: int, size: int, faults: Faults) -> Json:
        with self._database.connect() as connection:
            found = rows(connection, _PAGE, size=size, before=(page - 1) * size)
            items = self._items(connection, found, faults)
            count = self._counts.get("products", lambda: _count(connection), bypass=faults.no_cache)
        return {"items": items, "page": page, "pages": -(-count // size)}

    def product(self, number: int, faults: Faults) -> Json:
        """One product with its reviews. Raises RefusedError if there is none of that number."""
        return self._products.get(number, lambda: self._load_product(number, faults), bypass=faults.no_cache)

    def best_sellers(self, count: int, faults: Faults) -> Sequence[Json]:
        return self._best.get(count, lambda: self._load_best_sellers(count, faults), bypass=faults.no_cache)

    def search(self, text: str, faults: Faults) -> Json:
        """Products whose names contain each of the first three words of the text."""
        found = select(products, func.count().over().label("found")).order_by(products.c.sold.desc(), products.c.id)
        for word in text.lower().split()[:3]:
            found = found.where(products.c.id.in_(_having(word)))
        with self._database.connect() as connection:
            best = rows(connection, found.limit(FOUND_AT_MOST))
            return {"items": self._items(connection, best, faults), "found": best[0]["found"] if best else 0}

    def _items(self, connection: Connection, found: Sequence[RowMapping], faults: Faults) -> list[Json]:
        """Add category and rating: one query for all the ratings, unless the fault asks for every row."""
        names = self._names.get("categories", lambda: _category_names(connection), bypass=faults.no_cache)
        numbers = [row["id"] for row in found]
        ratings: dict[int, float] = {}
        for asked in [[number] for number in numbers] if faults.n_plus_one else [numbers]:
            ratings |= _ratings(connection, asked)
        return [_item(row, names[row["category_id"]], ratings) for row in found]

    def _load_product(self, number: int, faults: Faults) -> Json:
        with self._database.connect() as connection:
            found = rows(connection, _PRODUCT, number=number)
            if not found:
                raise RefusedError(404, f"there is no product {number}")
            (item,) = self._items(connection, found, faults)
            written = [dict(review) for review in rows(connection, _REVIEWS, number=number)]
        return {**item, "description": found[0]["description"], "reviews": written}

    def _load_best_sellers(self, count: int, faults: Faults) -> Sequence[Json]:
        with self._database.connect() as connection:
            return self._items(connection, rows(connection, _BEST_SELLERS, count=count), faults)


def _item(row: RowMapping, category: str, ratings: Mapping[int, float]) -> Json:
    return {
        "id": row["id"],
        "name": row["name"],
        "price": row["cents"] / 100,
        "category": category,
        "rating": ratings.get(row["id"]),
    }


def _having(word: str) -> Select[tuple[int]]:
    """Numbers of the products whose name contains this word: all parts that start with it, a range of the index."""
    after = word + "\U0010ffff"
    return select(name_parts.c.product_id).where(and_(name_parts.c.part >= word, name_parts.c.part < after))


def _ratings(connection: Connection, numbers: Sequence[int]) -> Mapping[int, float]:
    """Mean stars by product; a product nobody has reviewed is left out."""
    found = rows(connection, _RATINGS, numbers=numbers)
    return {row["product_id"]: round(row["mean"], 1) for row in found}


def _category_names(connection: Connection) -> Mapping[int, str]:
    return {row["id"]: row["name"] for row in rows(connection, select(categories))}


def _count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(products)).scalar_one()
