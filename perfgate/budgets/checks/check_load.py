"""Checks of how much load there is and for how long: one way to say it, stages of one kind, an abort that can come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from perfgate.budgets.convert.draft import Draft, duration
from perfgate.budgets.shape.fields import TO
from perfgate.budgets.shape.load_shape import LEVELS, LoadShape
from perfgate.model.budget_file import Json
from perfgate.model.errors import Mistake
from perfgate.model.metric import Unit
from perfgate.text import units


def check_load(draft: Draft) -> Iterator[Mistake]:
    yield from _load(draft)
    yield from _range(draft)
    yield from _stages(draft)
    yield from _abort(draft)


def check_has_load(draft: Draft) -> Iterator[Mistake]:
    """What is sent needs a load; pages alone, and what another tool sent, need none."""
    top = draft.map()
    is_sending = (
        any(draft.weight(entry) > 0 for entry in draft.endpoints + draft.journeys)
        or draft.has_scenarios
        or not draft.pages
    )
    if top and "load" not in top and is_sending:
        yield draft.document.mistake(
            ("load",),
            "`load` is missing",
            hint="for example `load: {rate: 200/s, warmup: 5s, duration: 30s}`",
            at="key",
            code="PG-B007",
        )


def _load(draft: Draft) -> Iterator[Mistake]:
    load = draft.map("load")
    levels = [key for key in LEVELS if key in load]
    is_read = all(key in LoadShape.model_fields for key in load)  # else one of them may be misspelt
    if not levels and is_read and isinstance(draft.map().get("load"), dict):
        message = "`load` takes one of `rate`, `users`, `stages`, `replay`"
        yield draft.document.mistake(("load",), message, hint="for example `rate: 200/s`", at="key", code="PG-B034")
    for key in levels[1:]:
        message = f"`load` takes either `{levels[0]}` or `{key}`"
        yield draft.document.mistake(("load", key), message, hint="remove one of them", at="key", code="PG-B034")
    if "stages" in load and "duration" in load:
        message = "`duration` does not go with `stages`: it is their sum"
        yield draft.document.mistake(("load", "duration"), message, hint="remove it", at="key", code="PG-B035")
    if levels and not {"stages", "replay", "duration"} & set(load):
        yield draft.document.mistake(
            ("load",), "`duration` is missing in `load`", hint="for example `duration: 30s`", at="key", code="PG-B035"
        )
    if _is_closed(load):
        for key in ("arrivals", "max_users"):
            if key in load:
                message = f"`{key}` goes with a rate, not with users"
                yield draft.document.mistake(("load", key), message, hint="remove it", at="key", code="PG-B034")


def _range(draft: Draft) -> Iterator[Mistake]:
    """Both a range and `extend` would say how long a run may take."""
    written = draft.map("load").get("duration")
    if isinstance(written, str) and TO in written and "extend" in draft.map("gate"):
        message = f"`extend` does not go with `load: {{duration: {written}}}`, which says how long a run may take"
        yield draft.document.mistake(("gate", "extend"), message, hint="remove one of them", at="key", code="PG-B035")


def _is_closed(load: Json) -> bool:
    stages = load.get("stages")
    stages = [stage for stage in stages if isinstance(stage, dict)] if isinstance(stages, list) else []
    return not {"rate", "replay"} & set(load) and (
        "users" in load or (bool(stages) and all("users" in stage for stage in stages))
    )


def _stages(draft: Draft) -> Iterator[Mistake]:
    stages = draft.map("load").get("stages")
    kinds: set[str] = set()
    for index, stage in enumerate(stages if isinstance(stages, list) else ()):
        if not isinstance(stage, dict):
            continue
        here = [key for key in ("rate", "users") if key in stage]
        path = ("load", "stages", index)
        if len(here) != 1:
            message = "a stage takes either `rate` or `users`"
            yield draft.document.mistake(path, message, hint="for example `{rate: 50/s, for: 30s}`", code="PG-B036")
        elif kinds and here[0] not in kinds:
            message = "stages have either all a rate, or all users"
            yield draft.document.mistake(
                (*path, here[0]), message, hint="use the same for all", at="key", code="PG-B036"
            )
        kinds = kinds or set(here)


def _abort(draft: Draft) -> Iterator[Mistake]:
    """An abort that would come after the end never comes."""
    load = draft.map("load")
    wait, length = duration(draft.map("load", "abort").get("for")), _length(load)
    if wait and length and wait >= length:
        message = f"the load is over after {units.format_value(Unit.SECONDS, length)}, before it could be aborted"
        yield draft.document.mistake(("load", "abort", "for"), message, hint="shorten `for`", code="PG-B037")


def _length(load: Mapping[str, Json]) -> float | None:
    """Seconds of the warm-up and all that follows for sure; None if one of them cannot be read."""
    written = load.get("duration")
    stages = load.get("stages", [{"for": written.split(TO)[0] if isinstance(written, str) else written}])
    if not isinstance(stages, list):
        return None
    each = [stage.get("for") if isinstance(stage, dict) else None for stage in stages]
    seconds = [duration(item) for item in (load.get("warmup", "0s"), *each)]
    return None if None in seconds else sum(second for second in seconds if second)
