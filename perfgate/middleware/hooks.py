"""Hooks into the libraries that applications call databases, caches and other services with. Each is put in once, as
soon as the application has imported the library; none is imported for its sake."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

from perfgate.middleware import meter
from perfgate.middleware.meter import CACHE, DATABASE, EXTERNAL, SERIALISATION
from perfgate.middleware.wrapping import connecting, connecting_async, patch, timed

_waiting: dict[str, Callable[[Any], None]] = {}
_DRIVERS = ("sqlalchemy.engine", "psycopg", "asyncpg", "pymysql")  # that nothing imports but who uses a database


def install() -> None:
    """Puts in what can be put in by now."""
    for name in [name for name in _waiting if name in sys.modules]:
        module = sys.modules[name]
        if getattr(getattr(module, "__spec__", None), "_initializing", False):
            continue  # half imported: the next request will do
        if (hook := _waiting.pop(name, None)) is None:
            continue
        try:
            hook(module)
        except Exception:  # noqa: BLE001, S112 - a version that nobody has seen is not measured, and works as before
            continue
        if name in _DRIVERS:
            meter.watched.add(DATABASE)


def _sqlalchemy(module: Any) -> None:
    from sqlalchemy import event

    def before(_connection: Any, _cursor: Any, _sql: str, _values: Any, context: Any, _many: bool) -> None:
        if context is not None:
            context._perfgate_span = meter.enter(DATABASE)

    def after(_connection: Any, _cursor: Any, _sql: str, _values: Any, context: Any, _many: bool) -> None:
        _leave(context)

    def failed(error: Any) -> None:
        _leave(error.execution_context)

    event.listen(module.Engine, "before_cursor_execute", before)
    event.listen(module.Engine, "after_cursor_execute", after)
    event.listen(module.Engine, "handle_error", failed)
    dialect = module.default.DefaultDialect
    dialect.connect = connecting(DATABASE, dialect.connect)


def _leave(context: Any) -> None:
    span = getattr(context, "_perfgate_span", None)
    if span is not None:
        context._perfgate_span = None
        span.leave()


def _psycopg(module: Any) -> None:
    patch(DATABASE, module.Cursor, "execute", "executemany")
    patch(DATABASE, module.AsyncCursor, "execute", "executemany", is_async=True)
    for owner, wrap in ((module.Connection, connecting), (module.AsyncConnection, connecting_async)):
        owner.connect = classmethod(wrap(DATABASE, owner.connect.__func__))
    module.connect = module.Connection.connect


def _django(module: Any) -> None:
    """Connections that are opened, whatever the driver: no query, though Django sends some of its own."""
    wrapper = module.BaseDatabaseWrapper
    wrapper.connect = connecting(DATABASE, wrapper.connect)


def _asyncpg(module: Any) -> None:
    names = ("execute", "executemany", "fetch", "fetchrow", "fetchval", "fetchmany")
    for owner in (
        module.connection.Connection,
        module.pool.PoolConnectionProxy,
        module.prepared_stmt.PreparedStatement,
    ):
        patch(DATABASE, owner, *names, is_async=True)
    reset = module.connection.Connection.reset

    @wraps(reset)
    async def unmeasured(*args: Any, **kwargs: Any) -> Any:
        """A pool sends it whenever a connection comes back: none of the application's statements."""
        with meter.paused():
            return await reset(*args, **kwargs)

    module.connection.Connection.reset = unmeasured
    module.connect = module.connection.connect = connecting_async(DATABASE, module.connection.connect)


def _pymysql(module: Any) -> None:
    patch(DATABASE, module.cursors.Cursor, "execute", "executemany")
    owner = module.connections.Connection
    owner.connect = connecting(DATABASE, owner.connect)


def _sqlite3(module: Any) -> None:
    """Connections that are opened from now on: their classes are written in C, and cannot be patched. Those of ORMs
    are left as they are, for ORMs are watched themselves."""
    connect = module.connect

    class TimedCursor(module.Cursor):  # type: ignore[misc]
        execute = timed(DATABASE, module.Cursor.execute)
        executemany = timed(DATABASE, module.Cursor.executemany)

    class TimedConnection(module.Connection):  # type: ignore[misc]
        execute = timed(DATABASE, module.Connection.execute)
        executemany = timed(DATABASE, module.Connection.executemany)

        def cursor(self, factory: Any = TimedCursor) -> Any:
            return super().cursor(factory)

    @wraps(connect)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        caller = str(sys._getframe(1).f_globals.get("__name__", "")).partition(".")[0]
        if len(args) < 6 and caller not in ("sqlalchemy", "django"):  # the sixth is a class of the application's own
            kwargs.setdefault("factory", TimedConnection)
            meter.watched.add(DATABASE)
        return connect(*args, **kwargs)

    module.connect = module.dbapi2.connect = wrapper


def _aiohttp(module: Any) -> None:
    patch(EXTERNAL, module.ClientSession, "_request", is_async=True)


def _redis(module: Any) -> None:
    patch(CACHE, module.Redis, "execute_command")
    patch(CACHE, module.client.Pipeline, "execute")


def _redis_async(module: Any) -> None:
    patch(CACHE, module.Redis, "execute_command", is_async=True)
    patch(CACHE, module.client.Pipeline, "execute", is_async=True)


def _redis_connection(module: Any) -> None:
    """`connect` is called for connections that are open too, and does nothing then."""
    owner = getattr(module, "AbstractConnection", module.Connection)
    connect = owner.connect
    opening = connecting(CACHE, connect)

    @wraps(connect)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        is_open = getattr(self, "_sock", None) is not None
        return (connect if is_open else opening)(self, *args, **kwargs)

    owner.connect = wrapper


def _redis_async_connection(module: Any) -> None:
    owner = getattr(module, "AbstractConnection", module.Connection)
    connect = owner.connect
    opening = connecting_async(CACHE, connect)

    @wraps(connect)
    async def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        return await (connect if self.is_connected else opening)(self, *args, **kwargs)

    owner.connect = wrapper


def _requests(module: Any) -> None:
    patch(EXTERNAL, module.Session, "send")


def _urllib(module: Any) -> None:
    patch(EXTERNAL, module.OpenerDirector, "open")


def _urllib3(module: Any) -> None:
    """Counts what `requests` and the AWS clients send by it too, once each."""
    patch(EXTERNAL, module.HTTPConnectionPool, "urlopen")


def _httpx(module: Any) -> None:
    patch(EXTERNAL, module.Client, "send")
    patch(EXTERNAL, module.AsyncClient, "send", is_async=True)


def _json(module: Any) -> None:
    """`load` calls `loads`: what it reads from before may be a connection that it waits for."""
    patch(SERIALISATION, module, "dumps", "dump", "loads")


def _fastapi(module: Any) -> None:
    patch(SERIALISATION, module, "serialize_response", is_async=True)


def _anyio(module: Any) -> None:
    """CPU time that handlers take in worker threads."""
    run_sync = module.run_sync

    @wraps(run_sync)
    async def wrapper(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        own = meter.current()
        if own is None:
            return await run_sync(call, *args, **kwargs)

        def counted(*inner: Any) -> Any:
            with meter.cpu(own):
                return call(*inner)

        return await run_sync(counted, *args, **kwargs)

    module.run_sync = wrapper


_waiting.update(
    {
        "sqlalchemy.engine": _sqlalchemy,
        "psycopg": _psycopg,
        "django.db.backends.base.base": _django,
        "asyncpg": _asyncpg,
        "pymysql": _pymysql,
        "sqlite3": _sqlite3,
        "aiohttp.client": _aiohttp,
        "redis": _redis,
        "redis.asyncio": _redis_async,
        "redis.connection": _redis_connection,
        "redis.asyncio.connection": _redis_async_connection,
        "requests": _requests,
        "urllib.request": _urllib,
        "urllib3.connectionpool": _urllib3,
        "httpx": _httpx,
        "json": _json,
        "orjson": _json,
        "fastapi.routing": _fastapi,
        "anyio.to_thread": _anyio,
    }
)
