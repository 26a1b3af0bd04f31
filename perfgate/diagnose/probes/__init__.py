"""Probes: what counts beside the second pass, with nothing installed in the application. A probe is one module and one
line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from perfgate.diagnose.facts import ProbeCounts
from perfgate.diagnose.probes.postgres import PostgresProbe
from perfgate.diagnose.probes.processes import ProcessProbe
from perfgate.diagnose.probes.redis import RedisProbe


class Prober(Protocol):
    """Begins to count, and says what has been counted since. Raises DiagnosisError for what keeps it from that."""

    def begin(self) -> None: ...

    def counted(self, requests: int) -> ProbeCounts:
        """What came since `begin`, per request."""
        ...

    def close(self) -> None: ...


# key of `diagnose:` -> what makes the probe of its value
BY_KEY: Mapping[str, Callable[[str], Prober]] = {"postgres": PostgresProbe, "redis": RedisProbe}

__all__ = ["BY_KEY", "PostgresProbe", "Prober", "ProcessProbe", "RedisProbe", "merged"]


def merged(counts: Sequence[ProbeCounts]) -> ProbeCounts:
    """Several phases of one endpoint, or several probes: values are averaged, statements taken from the last. Memory is
    the least of the phases: what leaks grows in each, what warms up does not."""
    names = {name for count in counts for name in count.values}
    values = {}
    for name in names:
        known = [count.values[name] for count in counts if name in count.values]
        values[name] = min(known) if name == "memory" else sum(known) / len(known)
    statements = next((count.statements for count in reversed(counts) if count.statements), ())
    return ProbeCounts(values=values, statements=statements)
