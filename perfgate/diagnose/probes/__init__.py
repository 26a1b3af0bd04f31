"""Probes: what counts beside the second pass, with nothing installed in the application. A probe is one module and one
line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from perfgate.diagnose.facts import ProbeCounts
from perfgate.diagnose.probes.mysql import MysqlProbe
from perfgate.diagnose.probes.postgres import PostgresProbe
from perfgate.diagnose.probes.processes import ELSEWHERE, ProcessProbe, answers_elsewhere, programs
from perfgate.diagnose.probes.prometheus import PrometheusProbe
from perfgate.diagnose.probes.queues import QueueProbe
from perfgate.diagnose.probes.redis import RedisProbe
from perfgate.diagnose.probes.waits import WaitProbe


class Prober(Protocol):
    """Begins to count, and says what has been counted since. Raises DiagnosisError for what keeps it from that."""

    def begin(self) -> None: ...

    def counted(self, requests: int) -> ProbeCounts:
        """What came since `begin`, per request."""
        ...

    def close(self) -> None: ...


# key of `diagnose:` -> what makes the probe of its value
BY_KEY: Mapping[str, Callable[[str], Prober]] = {
    "postgres": PostgresProbe,
    "mysql": MysqlProbe,
    "redis": RedisProbe,
    "celery": QueueProbe,
    "prometheus": PrometheusProbe,
}


def key_of(probe: Prober) -> str:
    """The key of `diagnose:` that the probe was made by; empty for what the budget file does not name."""
    return next((key for key, make in BY_KEY.items() if type(probe) is make), "")


MIN_SURPLUS_SHARE = 0.3  # of what is always waited for
MIN_MESSAGES_PER_REQUEST = 0.3  # messages per request

__all__ = [
    "BY_KEY",
    "ELSEWHERE",
    "MysqlProbe",
    "PostgresProbe",
    "Prober",
    "ProcessProbe",
    "PrometheusProbe",
    "QueueProbe",
    "RedisProbe",
    "WaitProbe",
    "answers_elsewhere",
    "key_of",
    "merged",
    "programs",
]


def merged(counts: Sequence[ProbeCounts]) -> ProbeCounts:
    """Several phases of one endpoint, or several probes: values are averaged, statements taken from the last. Memory is
    the least of the phases: what leaks grows in each, what warms up does not."""
    names = {name for count in counts for name in count.values}
    values = {}
    for name in names:
        known = [count.values[name] for count in counts if name in count.values]
        values[name] = min(known) if name == "memory" else sum(known) / len(known)
    statements = next((count.statements for count in reversed(counts) if count.statements), ())
    peers = next((count.peers for count in reversed(counts) if count.peers), ())
    return ProbeCounts(values=_beyond_idle(values), statements=statements, peers=peers)


def _beyond_idle(values: Mapping[str, float]) -> dict[str, float]:
    """Waits less what waits always, such as a worker that listens for work."""
    took = values.get("phase_seconds", 0.0)
    return {
        name: _excess(name, value, values.get(f"idle_{name}", 0.0) * took, values) for name, value in values.items()
    }


def _excess(name: str, value: float, idle: float, values: Mapping[str, float]) -> float:
    """The wait beyond that which is always there. Where one always waits, so little more is an error of sampling; and
    it is nobody's who sends hardly a message, such as a worker that listens."""
    messages = values.get(f"{name.rpartition('_')[0]}_messages")
    if idle > 0 and (
        value - idle < MIN_SURPLUS_SHARE * idle or (messages is not None and messages < MIN_MESSAGES_PER_REQUEST)
    ):
        return 0.0
    return max(0.0, value - idle)
