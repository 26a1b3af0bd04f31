"""Length of a task queue (Celery's, or any other on Redis lists or RabbitMQ): what waits, and how fast that grows.

Nothing is taken from a queue and nothing is put into it: `LLEN` on Redis, on RabbitMQ a passive
declaration or the management interface.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from perfgate.diagnose.facts import ProbeCounts
from perfgate.diagnose.probes import logins
from perfgate.model.errors import DiagnosisError
from perfgate.net.http import HttpSession, NoReplyError

DEFAULT_QUEUE = "celery"
PRIORITIES = ("", "\x06\x163", "\x06\x166", "\x06\x169")  # Celery keeps priorities on Redis in lists of their own
UNACKED = "unacked"  # Celery's jobs on Redis that a worker has fetched and not begun
MANAGEMENT_PORT = 15672
TIMEOUT_S = 5.0  # s
OK, NOT_FOUND = 200, 404
GRANT = (
    "It needs RabbitMQ's management interface (`rabbitmq-plugins enable rabbitmq_management`, port 15672) and the tag "
    "`monitoring`: `rabbitmqctl set_user_tags USER monitoring`."
)


class QueueProbe:
    """`url` as redis://, rediss:// or amqp://, http:// and https:// for RabbitMQ's management interface. Raises
    DiagnosisError when the queue cannot be looked at."""

    def __init__(self, url: str, queues: Sequence[str] = (DEFAULT_QUEUE,)) -> None:
        kind = urlsplit(url).scheme
        if kind.startswith("redis"):
            self._lengths, self._close = _on_redis(url, queues)
        elif kind in ("amqp", "amqps", "pyamqp"):
            self._lengths, self._close = _on_amqp(url, queues)
        elif kind in ("http", "https"):
            self._lengths, self._close = _on_management(url, queues)
        else:
            what = f"`{kind}` is not known" if kind else "its URL has no scheme"  # nor any other part that may be shown
            raise DiagnosisError(f"diagnose.celery: {what}; give redis:// or amqp://", code="PG-X001")
        try:
            self._before = self._lengths()
        except DiagnosisError:
            self._close()
            raise

    def begin(self) -> None:
        self._before = self._lengths()

    def counted(self, requests: int) -> ProbeCounts:
        """Jobs that wait at the end, and how many more per request."""
        now = self._lengths()
        values = {"queued": float(now)}
        if requests:
            values["queue_growth"] = (now - self._before) / requests
        return ProbeCounts(values=values)

    def close(self) -> None:
        self._close()


def _on_redis(url: str, queues: Sequence[str]) -> tuple[Callable[[], int], Callable[[], None]]:
    try:
        import redis
    except ImportError as error:
        raise DiagnosisError(
            "diagnose.celery on Redis needs the package redis: pip install redis", code="PG-X002"
        ) from error
    try:
        client: Any = redis.Redis.from_url(url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)
    except ValueError as error:
        raise DiagnosisError("diagnose.celery: not a URL of a Redis", hint=logins.MALFORMED, code="PG-X001") from error
    keys = [f"{queue}{priority}" for queue in queues for priority in PRIORITIES]

    def lengths() -> int:
        try:
            waiting: int = sum(client.llen(key) for key in keys)
            with suppress(redis.ResponseError):  # where it is no hash, or may not be read
                waiting += client.hlen(UNACKED)
            return waiting
        except redis.RedisError as error:
            raise DiagnosisError(
                f"diagnose.celery: cannot read the queue ({type(error).__name__})",
                hint=f"It reads the length of the lists {', '.join(queues)}: grant `LLEN` on them (`+llen ~*`).",
                code="PG-X001",
            ) from error

    return lengths, client.close


def _on_amqp(url: str, queues: Sequence[str]) -> tuple[Callable[[], int], Callable[[], None]]:
    """Asks the broker in its own protocol: a passive declaration tells the length, at once."""
    try:
        import amqp
    except ImportError as error:
        raise DiagnosisError(
            "diagnose.celery on RabbitMQ needs amqp: pip install 'perfgate[rabbitmq]'", code="PG-X002"
        ) from error
    refusals = (amqp.AMQPError, OSError)
    try:
        connection = _connect_to_rabbitmq(url)
    except refusals as error:
        raise DiagnosisError(
            f"diagnose.celery: cannot connect to the broker ({type(error).__name__})", code="PG-X001"
        ) from error

    def length(queue: str) -> int:
        try:
            channel = connection.channel()
            try:
                return int(channel.queue_declare(queue, passive=True).message_count)
            except amqp.NotFound:  # nobody has declared it yet; the broker has closed the channel
                return 0
            finally:
                channel.close()
        except refusals as error:
            raise DiagnosisError(
                f"diagnose.celery: cannot read the queue {queue} ({type(error).__name__})",
                hint="It declares the queue passively: grant its user access to the virtual host.",
                code="PG-X001",
            ) from error

    def close() -> None:
        with suppress(*refusals):
            connection.close()

    return lambda: sum(map(length, queues)), close


def place(url: str, usual_port: int) -> str:
    """Host and port of a URL, an IPv6 address in brackets."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}:{parts.port or usual_port}"


def _connect_to_rabbitmq(url: str) -> Any:
    import amqp

    parts = urlsplit(url)
    is_tls = parts.scheme == "amqps"
    connection = amqp.Connection(
        host=place(url, 5671 if is_tls else 5672),
        userid=unquote(parts.username or "guest"),
        password=unquote(parts.password or "guest"),
        virtual_host=unquote(parts.path[1:]) or "/",
        ssl=is_tls,
        connect_timeout=TIMEOUT_S,
        read_timeout=TIMEOUT_S,
    )
    connection.connect()
    return connection


def _on_management(url: str, queues: Sequence[str]) -> tuple[Callable[[], int], Callable[[], None]]:
    """Asks the management interface, whose figures are some seconds old."""
    parts = urlsplit(url)
    base = f"{parts.scheme}://{place(url, MANAGEMENT_PORT)}"
    user, password = unquote(parts.username or "guest"), unquote(parts.password or "guest")
    headers = {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}
    client = HttpSession(timeout=TIMEOUT_S, direct=True)
    vhost = quote(unquote(parts.path[1:]) or "/", safe="")

    def length(queue: str) -> int:
        path = f"/api/queues/{vhost}/{quote(queue, safe='')}?columns=messages"
        try:
            reply = client.exchange("GET", base + path, headers=headers)
            if reply.status == NOT_FOUND:  # nobody has declared it yet
                return 0
            if reply.status != OK:
                raise DiagnosisError(f"diagnose.celery: RabbitMQ answered {reply.status}", hint=GRANT, code="PG-X001")
            return int((reply.json() or {}).get("messages", 0))
        except (NoReplyError, ValueError, AttributeError) as error:
            raise DiagnosisError(
                f"diagnose.celery: cannot read the queue {queue}", hint=GRANT, code="PG-X001"
            ) from error

    def lengths() -> int:
        return sum(length(queue) for queue in queues)

    return lengths, client.close
