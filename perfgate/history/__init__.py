"""The runs that perfgate remembers: what a store must do, and which stores there are.

A store keeps runs and what people said about them. Which of them make a baseline is the gate's decision, and a store
that cannot be read is an error, never an empty history: nothing may pass because the past got lost.

To add a store: one module, one line in STORES, one line in tests/history/test_contract.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from perfgate.history.contract import ConflictError, Entry, History
from perfgate.model.errors import HistoryError

__all__ = ["STORES", "ConflictError", "Entry", "History", "Surroundings", "open"]


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
        suggestions = get_close_matches(scheme, STORES, n=1)
        raise HistoryError(
            f'There is no history of the kind "{scheme}"' if colon else "The history URL has no scheme",
            hint=(f"Did you mean {suggestions[0]}:? " if suggestions else "")
            + f"The kinds are {', '.join(STORES)}, as in sqlite:///.perfgate/history.db, git:perfgate-data or "
            "folder:PATH",
            code="PG-H001",
        )
    return STORES[scheme](url, around)
