"""Run ids: which are allowed, and which run somebody means. For all stores."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from perfgate.model.errors import HistoryError

MAX_ID_CHARS = 200


def check(run_id: str) -> None:
    """Raises HistoryError unless the id can name a file in any store: ids come from imported files too."""
    if not run_id or len(run_id) > MAX_ID_CHARS or run_id.startswith((".", "-")) or not run_id.isprintable():
        problem = f"is empty, begins with . or -, is longer than {MAX_ID_CHARS} characters, or has unprintable ones"
    elif "/" in run_id or "\\" in run_id:
        problem = "has a slash"
    else:
        return
    raise HistoryError(
        f"A run with the id {run_id[:MAX_ID_CHARS]!r} cannot be stored: the id {problem}", code="PG-H006"
    )


def pick(prefix: str, ids: Sequence[str], *, place: str) -> str:
    """The one of `ids` (newest first) that is `wanted` or alone begins with it.

    Raises HistoryError when there is none, naming the closest, and when there are several.
    """
    if prefix in ids:
        return prefix
    matches = [run_id for run_id in ids if prefix and run_id.startswith(prefix)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise HistoryError(
            f'{len(matches)} runs in {place} begin with "{prefix}": {_few(matches)}',
            hint="Give more of the id.",
            code="PG-R006",
        )
    if not ids:
        raise HistoryError(
            f'There is no run "{prefix}": {place} has no runs yet',
            hint="Make one with `perfgate run`.",
            code="PG-R009",
        )
    close = get_close_matches(prefix, ids, n=3, cutoff=0.5)
    raise HistoryError(
        f'There is no run "{prefix}" in {place}',
        hint=(f"Did you mean {_few(close)}?" if close else f"The newest are {_few(ids)}.")
        + " `perfgate history list` shows all.",
        code="PG-R005",
    )


def _few(ids: Sequence[str]) -> str:
    return ", ".join(ids[:3]) + (", ..." if len(ids) > 3 else "")
