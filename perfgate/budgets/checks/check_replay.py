"""Checks of `load: {replay: ...}`: a log that can be read, and nothing that a recording decides itself."""

from __future__ import annotations

from collections.abc import Iterator

from perfgate.budgets.convert.data_files import RELATIVE, file_problem
from perfgate.budgets.convert.draft import Draft
from perfgate.budgets.shape.fields import TO
from perfgate.model.errors import Mistake

DAY_S = 86_400.0  # s
MAX_DAYS = 100  # of a recording that is replayed as a whole


def check_replay(draft: Draft) -> Iterator[Mistake]:
    load = draft.map("load")
    for key in ("speed", "host"):
        if key in load and "replay" not in load:
            message = f"`{key}` is that of a `replay`, and there is none"
            yield draft.document.mistake(
                ("load", key), message, hint="add `replay: access.log`", at="key", code="PG-B047"
            )
    if not isinstance(file := load.get("replay"), str):
        return
    problem, hint = _problem(draft, file, is_whole="duration" not in load)
    if problem:
        yield draft.document.mistake(("load", "replay"), f"`{file}` {problem}", hint=hint, code="PG-B047")
    if isinstance(load.get("duration"), str) and TO in load["duration"]:
        message = "a replay has one length: `duration` cannot be a range"
        yield draft.document.mistake(
            ("load", "duration"), message, hint="remove it, or say how much to replay", code="PG-B047"
        )
    for section, key in (("gate", "extend"), ("load", "seed")):
        if key in draft.map(section):
            message = f"`{key}` does not go with `replay`: the recording decides that"
            yield draft.document.mistake((section, key), message, hint="remove it", at="key", code="PG-B047")
    if draft.map("gate", "ab").get("restarts"):
        message = "`restarts` does not go with `replay`: the recording is sent in one piece"
        yield draft.document.mistake(("gate", "ab", "restarts"), message, hint="remove it", at="key", code="PG-B047")
    for endpoint in draft.endpoints:
        if "clients" in endpoint.keys and draft.weight(endpoint) > 0:
            message = f"a recording does not say which client sent a request, and `{endpoint.name}` has `clients`"
            yield draft.document.mistake(endpoint.at("clients"), message, hint="remove it", at="key", code="PG-B047")
    for journey in draft.journeys:
        if draft.weight(journey) > 0:
            message = f"a recording starts no journeys, and `{journey.name}` is one"
            yield draft.document.mistake(
                journey.path, message, hint="give it `weight: 0`, or remove it", at="key", code="PG-B047"
            )


def _problem(draft: Draft, file: str, *, is_whole: bool) -> tuple[str, str]:
    """What is wrong with the log, or nothing, and a hint. `is_whole`: all of it is sent."""
    if problem := file_problem(draft.folder / file):
        return problem, RELATIVE
    if draft.traffic is None:
        return "", ""
    days = draft.traffic.arrivals[-1].due / DAY_S if draft.traffic.arrivals else 0.0
    if is_whole and days > MAX_DAYS:
        problem = f"spans {days:,.0f} days: some line has a wrong time, or it is of several logs"
        return problem, "`duration` replays its beginning"
    return draft.traffic.problem, draft.traffic.hint
