"""Plan: exactly what will be sent, with digests, and nothing about what is expected of the answers' speed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from perfgate.model.budget_file import Endpoint, Journey, LoadProfile, PageSpec, Tls


@dataclass(frozen=True, kw_only=True)
class Digests:
    """Short SHA-256 digests by which runs are found comparable. Budgets are not in them, nor any secret's value.

    `load` is of the load profile alone, so that a new endpoint does not throw away the others' baseline.
    `endpoints` (journeys too): name -> part (`request`, `headers`, `body`, `values`, ...) -> digest, so that a
    report can say which part changed.
    """

    load: str
    endpoints: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, kw_only=True)
class Plan:
    name: str
    source: Path  # the budget file
    target: str  # as written, `${X}` unexpanded
    load: LoadProfile
    load_words: str  # the load profile in words, "open 200/s for 30 s after 5 s warm-up"
    endpoints: tuple[Endpoint, ...]
    journeys: tuple[Journey, ...]
    pages: tuple[PageSpec, ...] = ()  # viewed in a browser after the load
    scenarios: tuple[Path, ...]  # hand-written locustfiles, absolute
    digests: Digests
    tls: Tls = Tls()
    client: Literal["fast", "locust"] = "fast"
    rates: Mapping[str, float] = field(default_factory=dict)  # by endpoint and journey, see Conditions

    @property
    def is_sending(self) -> bool:
        """Whether there is any load: only pages need none."""
        return bool(self.load.stages)
