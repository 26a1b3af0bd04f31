"""Redis: commands per request and the share of look-ups that hit, as differences of INFO. Nothing is reset."""

from __future__ import annotations

from collections.abc import Mapping

from perfgate.diagnose.facts import ProbeCounts
from perfgate.model.errors import DiagnosisError

QUEUES = ("lpush", "rpush", "publish", "spublish", "xadd")  # put jobs or results somewhere
_HINTS = (  # by the name of an exception, which tells no secret
    (("NoPermissionError",), "The user of the URL needs `ACL SETUSER ... +info`."),
    (
        ("AuthenticationError", "AuthenticationWrongNumberOfArgsError", "ResponseError"),
        "Redis wants another user or password: `redis://USER:PASSWORD@...` (`redis://:PASSWORD@...` without a user), "
        "from an environment variable.",
    ),
    (("ConnectionError", "TimeoutError"), "Is Redis there, and does it speak TLS (`rediss://`)?"),
)
_UNCOUNTED = ("info", "llen", "client|setinfo", "client|setname", "hello", "auth", "select")
OWN = tuple(f"cmdstat_{name}" for name in _UNCOUNTED)  # of probes, and of clients that connect


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
        others = {name: command for name, command in every.items() if name not in OWN}
        queued = {name: command for name, command in others.items() if name.removeprefix("cmdstat_") in QUEUES}
        seconds = sum(command["usec"] for command in others.values()) / 1e6
        looked_up = stats["keyspace_hits"], stats["keyspace_misses"]
        return *looked_up, _commands(others), _commands(queued), seconds, stats.get("total_connections_received", 0)


def _refusal(error: Exception) -> DiagnosisError:
    name = type(error).__name__
    hint = next((hint for names, hint in _HINTS if name in names), "")
    return DiagnosisError(f"diagnose.redis: cannot read INFO: {name}", hint=hint, code="PG-X001")


def _commands(every: Mapping[str, Mapping[str, float]]) -> int:
    return int(sum(command["calls"] for command in every.values()))
