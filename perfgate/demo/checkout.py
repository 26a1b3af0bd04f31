"""What customers do: sign in, fill a basket, order."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, delete, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from perfgate.demo.database import Database, basket_lines, order_lines, orders, products, rows, sessions, users
from perfgate.demo.errors import RefusedError
from perfgate.demo.faults import Faults

LINES_KEPT = 20

Json = dict[str, Any]


class Checkout:
    """A basket belongs to a session, not to a user: visitors who share a login do not share a basket."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sign_in(self, user: str, password: str) -> str:
        """The token of a new session."""
        with self._database.connect() as connection:
            found = rows(connection, select(users).where(users.c.name == user))
        if not found or not secrets.compare_digest(found[0]["password_hash"], password_hash(user, password)):
            raise RefusedError(401, "wrong user or password")
        token = secrets.token_urlsafe(16)
        with self._database.write() as connection:
            connection.execute(insert(sessions).values(token=token, user_id=found[0]["id"]))
        return token

    def basket(self, token: str, faults: Faults) -> Json:
        with self._database.connect() as connection:
            _user(connection, token)
            return _basket(connection, token, faults)

    def add(self, token: str, product: int, quantity: int, faults: Faults) -> Json:
        """Put a product into the basket. It keeps the last lines only, so that no load test makes it ever slower."""
        line = upsert(basket_lines).values(token=token, product_id=product, quantity=quantity)
        more = line.on_conflict_do_update(set_={"quantity": basket_lines.c.quantity + quantity})
        lines = select(basket_lines.c.product_id).where(basket_lines.c.token == token)
        kept = lines.order_by(basket_lines.c.id.desc()).limit(LINES_KEPT)
        older = delete(basket_lines).where(basket_lines.c.token == token, basket_lines.c.product_id.not_in(kept))
        with self._database.write() as connection:
            _user(connection, token)
            _require(connection, [product])
            connection.execute(more)
            connection.execute(older)
            return _basket(connection, token, faults)

    def empty(self, token: str) -> None:
        with self._database.write() as connection:
            _user(connection, token)
            connection.execute(delete(basket_lines).where(basket_lines.c.token == token))

    def order(self, token: str, product: int | None, quantity: int) -> Json:
        """Order one product, or without one what is in the basket, which is empty afterwards."""
        with self._database.write() as connection:
            user = _user(connection, token)
            wanted = {product: quantity} if product is not None else _quantities(connection, token)
            if not wanted:
                raise RefusedError(409, "the basket is empty: name a product, or put one into the basket first")
            cents = _require(connection, list(wanted))
            total = sum(cents[number] * count for number, count in wanted.items())
            placed = connection.execute(insert(orders).values(user_id=user, cents=total))
            (order,) = placed.inserted_primary_key or (0,)
            lines = [{"order_id": order, "product_id": number, "quantity": n} for number, n in wanted.items()]
            connection.execute(insert(order_lines), lines)
            if product is None:
                connection.execute(delete(basket_lines).where(basket_lines.c.token == token))
        return {"id": order, "total": total / 100}


def password_hash(user: str, password: str) -> str:
    # Few rounds: a demo password protects nothing, and the time of a real hash is in the base time of `login`.
    return hashlib.pbkdf2_hmac("sha256", password.encode(), user.encode(), 500).hex()


def _user(connection: Connection, token: str) -> int:
    found = rows(connection, select(sessions.c.user_id).where(sessions.c.token == token))
    if not found:
        raise RefusedError(401, "sign in first: POST /login, then send `Authorization: Bearer TOKEN`")
    return int(found[0]["user_id"])


def _require(connection: Connection, numbers: Sequence[int]) -> Mapping[int, int]:
    """Prices in cents by product."""
    found = rows(connection, select(products.c.id, products.c.cents).where(products.c.id.in_(numbers)))
    cents = {row["id"]: row["cents"] for row in found}
    for number in numbers:
        if number not in cents:
            raise RefusedError(400, f"there is no product {number}")
    return cents


def _quantities(connection: Connection, token: str) -> Mapping[int, int]:
    lines = select(basket_lines).where(basket_lines.c.token == token).order_by(basket_lines.c.id)
    return {row["product_id"]: row["quantity"] for row in rows(connection, lines)}


def _basket(connection: Connection, token: str, faults: Faults) -> Json:
    """The lines of a basket with names and prices: one query, unless the fault asks once more for every line."""
    if faults.n_plus_one:
        items = []
        for product, quantity in _quantities(connection, token).items():
            (row,) = rows(connection, _named().where(products.c.id == product))
            items.append(_line(row, quantity))
    else:
        joined = _named(basket_lines.c.quantity).join(basket_lines, basket_lines.c.product_id == products.c.id)
        found = rows(connection, joined.where(basket_lines.c.token == token).order_by(basket_lines.c.id))
        items = [_line(row, row["quantity"]) for row in found]
    return {"items": items, "total": round(sum(item["price"] * item["quantity"] for item in items), 2)}


def _named(*more: Any) -> Select[Any]:
    return select(products.c.id, products.c.name, products.c.cents, *more)


def _line(row: RowMapping, quantity: int) -> Json:
    return {"product": row["id"], "name": row["name"], "price": row["cents"] / 100, "quantity": quantity}
