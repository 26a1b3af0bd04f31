"""Which code a run measures, and which one its change began at."""

from __future__ import annotations

from dataclasses import dataclass

FORK_SEPARATOR = ":"  # between owner and branch of a fork ("mallory:main"); no branch of the repository has one


@dataclass(frozen=True, kw_only=True)
class Revision:
    """Which code was measured, as far as the CI environment or git says. Empty when unknown."""

    commit: str = ""
    branch: str = ""
    base: str = ""  # the branch that a pull request wants to enter
    pull_request: int | None = None
    dirty: bool = False  # uncommitted changes
    ci: str = ""  # "github", "gitlab" or ""
    url: str = ""  # of the CI job


@dataclass(frozen=True, kw_only=True)
class JobBase:
    """Where the base of a change is: the first parent of the commit `merge`, if that is what is checked out; else
    `commit`, where it is known; else where the history of the checkout met that of `branch`."""

    branch: str
    commit: str = ""
    merge: str = ""
