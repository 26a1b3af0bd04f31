"""Which open pull request a commit belongs to, by GitHub's own word.

A fork's artifact could name any pull request; the commit that GitHub says it measured cannot be chosen.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from perfgate.ci.revision import part_of
from perfgate.publish.github.api import Api
from perfgate.publish.github.place import GitHubJob


def look_up(api: Api, place: GitHubJob) -> int:
    """The number of the open pull request whose head is the commit; 0 if there is none (any more).

    Of several, the one that wants to enter the default branch, then the oldest. After another workflow, only one from
    the branch that this one ran for: a fork can push somebody else's commit, and answers for its own pull request
    alone. Raises RefusedError, UnansweredError.
    """
    root = f"/repos/{place.repository}"
    numbered = _with_head(api.all(f"{root}/commits/{place.commit}/pulls"), place)
    if not numbered and place.head:  # a fork's commit is not always associated
        numbered = _with_head(api.all(f"{root}/pulls?state=open&head={quote(place.head, safe=':')}"), place)
    return min(numbered, default=(False, 0))[1]


def _with_head(pulls: Iterable[Any], place: GitHubJob) -> list[tuple[bool, int]]:
    """(leads elsewhere than to the default branch, number) of the open ones; of older commits, the run is outdated."""
    return [
        (_is_elsewhere(pull), int(pull["number"]))
        for pull in pulls
        if isinstance(pull, dict)
        and isinstance(pull.get("number"), int)
        and pull.get("state") == "open"
        and part_of(pull, "head").get("sha") == place.commit
        and place.head in ("", part_of(pull, "head").get("label"))
    ]


def _is_elsewhere(pull: dict[str, Any]) -> bool:
    base = part_of(pull, "base")
    return bool(base.get("ref") != part_of(base, "repo").get("default_branch"))
