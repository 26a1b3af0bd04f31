"""Redis: commands per request and the share of look-ups that hit, as differences of INFO. Nothing is reset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from perfgate.diagnose.facts import ProbeCounts
from perfgate.diagnose.probes import logins
from perfgate.model.errors import DiagnosisError

QUEUES = ("lpush", "rpush", "publish", "spublish", "xadd")  # put jobs or results somewhere
_HINTS = (  # by the name of an exception, which tells no secret
    (("NoPermissionError",), "The user of the URL needs `ACL SETUSER ... +info`."),
    (
        ("AuthenticationError", "AuthenticationWrongNumberOfArgsError", "ResponseError"),
        "Redis wants another user or password: `redis://USER:PASSWORD@...` (`redis://:PASSWORD@...` without a user), "
        "from an environment variable.",
    ),
    (("ValueError",), logins.MALFORMED),
    (("ConnectionError", "TimeoutError"), "Is Redis there, and does it speak TLS (`rediss://`)?"),
)
_UNCOUNTED = ("info", "llen", "client|setinfo", "client|setname", "hello", "auth", "select")
_UNCOUNTED_BEFORE_7 = ("client",)  # where Redis does not tell its subcommands apart
OWN = tuple(f"cmdstat_{name}" for name in (*_UNCOUNTED, *_UNCOUNTED_BEFORE_7))  # of probes, and of clients that connect


class RedisProbe:
    """`url` as redis:// or rediss://. Raises DiagnosisError when it cannot be reached."""

    def __init__(self, url: str) -> None:
        try:
            import redis
        except ImportError as error:
            raise DiagnosisError("diagnose.redis needs the package redis: pip install redis", code="PG-X002") from error
        self._error: type[Exception] = redis.RedisError
        try:
            self._client = redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5)
            self._before = self._now()
        except (redis.RedisError, ValueError) as error:
            raise _refusal(error) from error

    def begin(self) -> None:
        self._before = self._now()

    def counted(self, requests: int) -> ProbeCounts:
        grown = [now - before for now, before in zip(self._now(), self._before, strict=True)]
        hits, misses, commands, queued, seconds, opened = grown
        values = {}
        if requests:
            each = {
                "cache_calls": commands,
                "cache_lookups": hits + misses,
                "queue_calls": queued,
                "cache_seconds": seconds,
                "cache_sessions": opened,
            }
            values = {name: value / requests for name, value in each.items()}
        if hits + misses:
            values["cache_hits"] = hits / (hits + misses)
        return ProbeCounts(values=values)

    def close(self) -> None:
        self._client.close()

    def _now(self) -> tuple[float, ...]:
        """Hits, misses, commands, those of queues, seconds that Redis has computed, and connections opened."""
        try:
            stats = self._client.info("stats")
            every = self._client.info("commandstats")
        except self._error as error:
            raise _refusal(error) from error
        return totals(stats, every)


def _refusal(error: Exception) -> DiagnosisError:
    name = type(error).__name__
    hint = next((hint for names, hint in _HINTS if name in names), "")
    return DiagnosisError(f"diagnose.redis: cannot read INFO: {name}", hint=hint, code="PG-X001")


def totals(stats: Mapping[str, Any], every: Mapping[str, Any]) -> tuple[float, ...]:
    """Hits, misses, commands, those of queues, seconds that Redis has computed, and connections opened, of INFO's
    sections `stats` and `commandstats`. What a server that is only like Redis leaves out counts as nothing."""
    others = {name: command for name, command in every.items() if name not in OWN and isinstance(command, Mapping)}
    queued = [command for name, command in others.items() if name.removeprefix("cmdstat_") in QUEUES]
    looked_up = [float(stats.get(f"keyspace_{name}", 0)) for name in ("hits", "misses")]
    opened = float(stats.get("total_connections_received", 0))
    return (
        *looked_up,
        _sum("calls", others.values()),
        _sum("calls", queued),
        _sum("usec", others.values()) / 1e6,
        opened,
    )


def _sum(field: str, commands: Iterable[Mapping[str, Any]]) -> float:
    return float(sum(command.get(field, 0) for command in commands))
