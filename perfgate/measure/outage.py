"""A target that was there and went away: from some second on, no request was answered until the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from perfgate.model.note import Note
from perfgate.recording.windows import BASE, HEAD, Key, Window
from perfgate.text.notes import note

NAMES = {"": "the target", BASE: "the base", HEAD: "the head"}  # by arm
MIN_REQUESTS = 10  # without a connection, from which on it is no accident


def outages(windows: Mapping[Key, Window], *, width: int, duration: float) -> Iterator[Note]:
    """What to say of each arm that went away during the load."""
    for arm, name in NAMES.items():
        since, lost = _outage_start(windows, arm, duration)
        if since is not None and lost >= MIN_REQUESTS:
            begins = "From the warm-up on" if since < 0 else f"From second {since} on (to {width} s)"
            yield note(
                "PG-G018",
                f"{begins}, no request to {name} was answered: its connections were refused or closed. "
                "What is measured after that says nothing of its speed; see its log.",
            )


def _outage_start(windows: Mapping[Key, Window], arm: str, duration: float) -> tuple[int | None, int]:
    """The second since which nothing but failed connections is recorded, after others; and how many they are."""
    requests: dict[int, int] = {}
    lost: dict[int, int] = {}
    for (kind, _, of, second), window in windows.items():
        if kind == "endpoint" and of == arm and second < duration:
            requests[second] = requests.get(second, 0) + window.requests
            lost[second] = lost.get(second, 0) + window.failures.get("connection", 0)
    since, number = None, 0
    for second in sorted(requests, reverse=True):
        if lost[second] < requests[second]:
            return since, number
        since, number = second, number + lost[second]
    return None, 0  # it was never there
