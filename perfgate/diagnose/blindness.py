"""Probes that see nothing of the application: a count of nothing is none, where the wrong database may have counted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from perfgate.diagnose.facts import ProbeCounts
from perfgate.model.note import Note
from perfgate.text.notes import note

_STATEMENTS = frozenset(
    {"queries", "rows", "database", "query_seconds", "lock_wait", "commit_wait", "database_sessions"}
)
COUNTS_OF: Mapping[str, frozenset[str]] = {  # key of `diagnose:` -> what nobody but its probe counts
    "postgres": _STATEMENTS,
    "mysql": _STATEMENTS,
    "redis": frozenset(
        {"cache_calls", "cache_hits", "cache_sessions", "cache_lookups", "cache_seconds", "queue_calls"}
    ),
}
_SEEN = ("queries", "cache_calls")  # any of these: the probe sees the application
_MESSAGES = {"postgres": "database_messages", "mysql": "database_messages", "redis": "cache_messages"}
_WHAT = {"redis": ("command", "Redis")}


@dataclass(kw_only=True)
class ProbeSight:
    """Which probes were asked, which have counted anything yet, and what sockets show of the messages to each kind of
    server (absent: nobody looked at sockets)."""

    asked: set[str] = field(default_factory=set)
    seeing: set[str] = field(default_factory=set)
    messages: dict[str, float] = field(default_factory=dict)

    def note(self, key: str, values: Mapping[str, float]) -> None:
        """`key` is that of `diagnose:`, empty for probes of sockets and processes."""
        if key in COUNTS_OF:
            self.asked.add(key)
            if any(values.get(name) for name in _SEEN):
                self.seeing.add(key)
        for name in _MESSAGES.values():
            if name in values:
                self.messages[name] = self.messages.get(name, 0.0) + values[name]

    @property
    def blind(self) -> frozenset[str]:
        return frozenset(self.asked - self.seeing)

    @property
    def contradicted(self) -> frozenset[str]:
        """The blind ones but those whose kind of server the service has sent no message to, by its sockets."""
        return frozenset(key for key in self.blind if self.messages.get(_MESSAGES[key], 1.0))


def uncounted(blind: Collection[str], seeing: Collection[str]) -> frozenset[str]:
    """Counts that nobody has where these probes are blind and those see."""
    return _counted_by(blind) - _counted_by(seeing)


def _counted_by(keys: Iterable[str]) -> frozenset[str]:
    return frozenset[str]().union(*(COUNTS_OF.get(key, ()) for key in keys))


def without(counts: ProbeCounts, names: Collection[str]) -> ProbeCounts:
    return replace(counts, values={name: value for name, value in counts.values.items() if name not in names})


def warning(key: str) -> Note:
    """What to check where a probe has counted nothing at all."""
    what, where = _WHAT.get(key, ("statement", "database"))
    return note(
        "PG-X006",
        f"diagnose.{key} counted no {what} while endpoints were sent, which is no data: is its URL that of the {where} "
        "that the application uses?",
    )
