"""What a store of runs is: the protocol, and an entry of its list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from perfgate.model.errors import HistoryError
from perfgate.model.outcome import Outcome
from perfgate.model.run import Acceptance, PastRun


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A stored run without its measurements: a line of `perfgate history list`."""

    id: str
    name: str  # of the budget file
    branch: str  # "" if unknown
    commit: str
    started: str  # ISO 8601
    outcome: Outcome
    accepted: bool  # at least once, in whole or in part
    is_ab: bool = False  # an A/B test; files of older versions do not say so


class ConflictError(HistoryError):
    """The history has another run with the same id."""


class History(Protocol):
    """A store of runs. Every method raises HistoryError when the store cannot be opened, read or written.

    A history that does not exist yet is empty. Only `save` makes it exist.
    """

    def save(self, past_run: PastRun) -> bool:
        """Whether the run is new. A run that is there already gains the acceptances it lacks, and nothing else.

        Raises ConflictError when a different run has its id: stored runs never change.
        """

    def save_all(self, past_runs: Sequence[PastRun]) -> tuple[bool, ...]:
        """Saves each, all in one go: with none of them when it raises."""

    def runs(
        self, name: str, *, branch: str | None = None, limit: int = 100, before: str | None = None
    ) -> tuple[PastRun, ...]:
        """Newest first, by start and then by id. No `branch`: all branches; "": runs of an unknown branch.

        Without the distributions of their latencies and phases, which only `get` has: reading those of many runs
        takes long, and metrics and intervals say what comparing needs.

        `before`: only runs that started earlier than this, ISO 8601.
        """

    def get(self, run_id: str) -> PastRun:
        """`run_id` may be the beginning of an id if it is the only one. Raises HistoryError naming the closest ids."""

    def get_all(self, ids: Iterable[str]) -> Iterator[PastRun]:
        """Gets each of these whole ids; each is read when it is its turn."""

    def entries(self, name: str | None = None) -> tuple[Entry, ...]:
        """Newest first, of all names if none is given, without reading any measurement."""

    def names(self) -> tuple[str, ...]:
        """The names of the budget files that have runs, sorted."""

    def accept(self, run_id: str, acceptance: Acceptance) -> None:
        """`run_id` as in `get`. The same acceptance twice counts once."""

    def delete(self, ids: Iterable[str]) -> int:
        """The number of runs that were there. Whole ids only; their acceptances go too."""

    def close(self) -> None:
        """The history can be used again afterwards; it opens itself."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...
