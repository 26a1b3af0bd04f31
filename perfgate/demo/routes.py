"""The shop's endpoints: HTTP in, HTTP out. What they do is in catalogue, checkout and exports.

Handlers are plain functions, so FastAPI runs each in a worker thread. Against querying SQLite on the event
loop that costs some 60 microseconds, and buys what a demonstration needs: a slow endpoint does not slow the others,
unless a fault (`block`) says so. Sleeping and SQLite's own work both give up the interpreter's lock.
"""

# No `from __future__ import annotations` here: FastAPI reads these annotations at run time.

from typing import Annotated, Any

from fastapi import Cookie, Depends, FastAPI, Header, Path, Query
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from pydantic import BaseModel, Field

from perfgate.demo.catalogue import Catalogue
from perfgate.demo.checkout import Checkout
from perfgate.demo.errors import RefusedError
from perfgate.demo.exports import Export, Exports
from perfgate.demo.faults import of_page
from perfgate.demo.page import BEST_SELLERS, home_page
from perfgate.demo.service import Service

MAX_INTEGER = 2**53  # integers beyond it are not exact in JSON, nor do much larger ones fit into SQLite

Number = Annotated[int, Path(ge=1, le=MAX_INTEGER)]


class Credentials(BaseModel):
    user: str
    password: str


class Line(BaseModel):
    product: int = Field(ge=1, le=MAX_INTEGER)
    quantity: int = Field(default=1, ge=1, le=100)


class Order(BaseModel):
    product: int | None = Field(default=None, ge=1, le=MAX_INTEGER)  # None: what is in the basket
    quantity: int = Field(default=1, ge=1, le=100)


async def session_token(authorization: Annotated[str, Header()] = "", session: Annotated[str, Cookie()] = "") -> str:
    """The token as a program sends it, or else as a browser does. Async, because it is not worth a worker thread."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else session


Token = Annotated[str, Depends(session_token)]


def add_catalogue(app: FastAPI, service: Service, catalogue: Catalogue) -> None:
    faults = service.faults

    @app.get("/", dependencies=service.before("home"))
    @service.performs("home")
    def home() -> Response:
        page = home_page(catalogue.best_sellers(BEST_SELLERS, faults["home"]))
        return HTMLResponse(of_page.spoiled(page, faults["home"].page))

    @app.get("/assets/{name}")
    def asset(name: str, wait: int = 0) -> Response:
        known = of_page.asset(name, wait) if faults["home"].page else None
        return Response(known[1], media_type=known[0]) if known else JSONResponse({"error": "no such file"}, 404)

    @app.get("/products", dependencies=service.before("products"))
    @service.performs("products")
    def products(
        page: Annotated[int, Query(ge=1, le=100_000)] = 1, size: Annotated[int, Query(ge=1, le=100)] = 20
    ) -> Response:
        return reply(catalogue.page(page, size, faults["products"]))

    @app.get("/products/{product_id}", dependencies=service.before("product"))
    @service.performs("product")
    def product(product_id: Number) -> Response:
        return reply(catalogue.product(product_id, faults["product"]))

    @app.get("/search", dependencies=service.before("search"))
    @service.performs("search")
    def search(q: Annotated[str, Query(min_length=1, max_length=100)]) -> Response:
        return reply({"query": q, **catalogue.search(q, faults["search"])})


def add_checkout(app: FastAPI, service: Service, checkout: Checkout) -> None:
    faults = service.faults

    @app.post("/login", dependencies=service.before("login"))
    @service.performs("login")
    def login(credentials: Credentials) -> Response:
        token = checkout.sign_in(credentials.user, credentials.password)
        response = reply({"token": token})
        response.set_cookie("session", token, httponly=True, samesite="lax")
        return response

    @app.get("/basket", dependencies=service.before("basket"))
    @service.performs("basket")
    def basket(token: Token) -> Response:
        return reply(checkout.basket(token, faults["basket"]))

    @app.post("/basket", dependencies=service.before("basket"))
    @service.performs("basket")
    def add_to_basket(token: Token, line: Line) -> Response:
        return reply(checkout.add(token, line.product, line.quantity, faults["basket"]))

    @app.delete("/basket", dependencies=service.before("basket"))
    @service.performs("basket")
    def empty_basket(token: Token) -> Response:
        checkout.empty(token)
        return Response(status_code=204)

    @app.post("/orders", dependencies=service.before("orders"))
    @service.performs("orders")
    def order(token: Token, order: Order | None = None) -> Response:
        wanted = order or Order()
        return reply(checkout.order(token, wanted.product, wanted.quantity), 201)


def add_exports(app: FastAPI, service: Service, exports: Exports) -> None:
    def existing(number: int) -> Export:
        export = exports.find(number)
        if export is None:
            raise RefusedError(404, f"there is no export {number}; the oldest are forgotten")
        return export

    @app.post("/exports", dependencies=service.before("exports"))
    @service.performs("exports")
    def start_export() -> Response:
        export = exports.start()
        response = reply({"id": export.number, "state": export.state}, 202)
        response.headers["Location"] = f"/exports/{export.number}"
        return response

    @app.get("/exports/{export_id}", dependencies=service.before("exports"))
    @service.performs("exports")
    def export_state(export_id: Number) -> Response:
        export = existing(export_id)
        done = {"rows": export.rows, "url": f"/exports/{export_id}/file"} if export.state == "done" else {}
        return reply({"state": export.state, **done})

    @app.get("/exports/{export_id}/file", dependencies=service.before("exports"))
    @service.performs("exports")
    def export_file(export_id: Number) -> Response:
        export = existing(export_id)
        if export.state != "done":
            raise RefusedError(409, f"export {export_id} is {export.state}; ask /exports/{export_id} until it is done")
        return FileResponse(export.file, media_type="text/csv", filename=export.file.name)


def reply(content: dict[str, Any], status: int = 200) -> Response:
    return JSONResponse(content, status)
