"""Puts the shop together: endpoints, error answers, counters, and the two layers of measuring around them."""

# No `from __future__ import annotations` here: FastAPI reads these annotations at run time.

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from perfgate.demo import routes
from perfgate.demo.catalogue import Catalogue
from perfgate.demo.checkout import Checkout
from perfgate.demo.counter import Counted
from perfgate.demo.database import Database
from perfgate.demo.errors import RefusedError
from perfgate.demo.exports import Exports
from perfgate.demo.faults import Faults
from perfgate.demo.meter import Metered
from perfgate.demo.service import Service


@dataclass(frozen=True, kw_only=True)
class Shop:
    """The application, and the part of it that has to be closed."""

    app: ASGIApp
    exports: Exports


def build(database: Database, folder: Path, faults: Mapping[str, Faults], stopping: Event) -> Shop:
    """`folder` takes the exported files; `stopping` ends all that waits."""
    exports = Exports(database, folder, stopping, slow=faults["exports"].slow)
    service = Service(faults, stopping)
    app = FastAPI(title="perfgate demo shop", docs_url=None, redoc_url=None)
    counted = Counted(Metered(app))
    routes.add_catalogue(app, service, Catalogue(database))
    routes.add_checkout(app, service, Checkout(database))
    routes.add_exports(app, service, exports)
    _add_operations(app, counted)
    _add_error_answers(app)
    return Shop(app=counted, exports=exports)


def _add_operations(app: FastAPI, counted: Counted) -> None:
    """Async, so that they answer in the event loop: even when all worker threads are busy."""

    @app.get("/healthz")
    async def healthz() -> Response:
        return JSONResponse({"status": "ok"})

    @app.get("/stats")
    async def stats() -> Response:
        return JSONResponse(counted.stats())

    @app.post("/stats/reset")
    async def reset_stats() -> Response:
        counted.reset()
        return JSONResponse(counted.stats())


def _add_error_answers(app: FastAPI) -> None:
    """Every answer that is not a page or a file is JSON, and every refusal has the form {"error": TEXT}."""

    @app.exception_handler(RefusedError)
    async def refused(_: Request, error: RefusedError) -> Response:
        return JSONResponse({"error": str(error)}, error.status)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        mistakes = [f"{'.'.join(map(str, mistake['loc']))}: {mistake['msg']}" for mistake in error.errors()]
        return JSONResponse({"error": "; ".join(mistakes)}, 400)

    @app.exception_handler(HTTPException)
    async def no_route(_: Request, error: HTTPException) -> Response:
        return JSONResponse({"error": error.detail}, error.status_code, error.headers)
