"""A budget file's load, made longer, shorter or lighter."""

from __future__ import annotations

from dataclasses import replace

from perfgate.model.budget_file import BudgetFile, Stage
from perfgate.model.errors import UsageError


def with_duration(budget_file: BudgetFile, duration: float | None) -> BudgetFile:
    """The budget file with runs of one length, the shortest where it says a range. Stages keep their shares of it."""
    load = replace(budget_file.load, longest=0.0)
    if duration is not None and load.stages:
        times = duration / sum(stage.duration for stage in load.stages)
        stages = tuple(replace(stage, duration=times * stage.duration) for stage in load.stages)
        load = replace(load, stages=stages)
    return replace(budget_file, load=load)


def with_rate(budget_file: BudgetFile, rate: float | None) -> BudgetFile:
    """The budget file with one even rate. Raises UsageError for a load that has none."""
    load = budget_file.load
    if rate is None:
        return budget_file
    if load.model != "open" or load.replay is not None:
        raise UsageError(
            "--rate: the load of this budget file is not a rate of arrivals.",
            hint="Give `load: {rate: ...}` in a budget file for the watch, or leave --rate out.",
            code="PG-L004",
        )
    stage = Stage(level=rate, duration=sum(item.duration for item in load.stages))
    return replace(budget_file, load=replace(load, stages=(stage,)))
