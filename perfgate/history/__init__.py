"""The runs that perfgate remembers: what a store must do, and which stores there are.

A store keeps runs and what people said about them. Which of them make a baseline is the gate's decision, and a store
that cannot be read is an error, never an empty history: nothing may pass because the past got lost.

To add a store: one module, one line in STORES, one line in tests/history/test_contract.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
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
        """As `save` for each, all in one go: with none of them when it raises."""

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
        """As `get` for each of these whole ids; each is read when it is its turn."""

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


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What stores need besides their URL. `say` gets a line for people about each run that had to be left out."""

    root: Path  # relative paths count from here, and a git repository is looked for
    environ: Mapping[str, str] = field(default_factory=dict)  # for git and GitHub: credentials, proxies
    say: Callable[[str], None] = lambda _: None


def _sqlite(url: str, around: Surroundings) -> History:
    from perfgate.history.sql import store

    return store.open_sqlite(url, root=around.root)


def _postgresql(url: str, _: Surroundings) -> History:
    from perfgate.history.sql import store

    return store.open_postgresql(url)


def _branch(url: str, around: Surroundings) -> History:
    from perfgate.history.files import branch

    return branch.open_branch(url, root=around.root, environ=around.environ, say=around.say)


def _github(url: str, around: Surroundings) -> History:
    from perfgate.history.files import github

    return github.open_github(url, environ=around.environ, say=around.say)


def _folder(url: str, around: Surroundings) -> History:
    from perfgate.history.files import folder

    return folder.open_folder(url, root=around.root, say=around.say)


def _objects(url: str, around: Surroundings) -> History:
    from perfgate.history.files import objects

    return objects.open_objects(url, say=around.say)


STORES: dict[str, Callable[[str, Surroundings], History]] = {
    "sqlite": _sqlite,
    "git": _branch,
    "postgresql": _postgresql,
    "folder": _folder,
    "file": _folder,
    "s3": _objects,
    "gs": _objects,
    "az": _objects,
    "abfs": _objects,
    "memory": _objects,
    "github": _github,
}


def open(
    url: str,
    *,
    root: Path,
    environ: Mapping[str, str] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> History:
    """The history at `url`; a path without a scheme is a folder's. Reads and makes nothing yet.

    Raises HistoryError when the URL is not of a known form. Errors never quote a URL, for it may hold a password.
    """
    scheme, colon, _ = url.partition(":")
    around = Surroundings(root=root, environ=environ or {}, say=say)
    if not colon and "/" in url:
        return _folder(url, around)
    if not colon or scheme not in STORES:
        meant = get_close_matches(scheme, STORES, n=1)
        raise HistoryError(
            f'There is no history of the kind "{scheme}"' if colon else "The history URL has no scheme",
            hint=(f"Did you mean {meant[0]}:? " if meant else "")
            + f"The kinds are {', '.join(STORES)}, as in sqlite:///.perfgate/history.db, git:perfgate-data or "
            "folder:PATH",
        )
    return STORES[scheme](url, around)
