"""What a profile shows: the functions of the application that take longer, by name."""

from __future__ import annotations

from collections.abc import Iterator

from perfgate.diagnose import profile
from perfgate.diagnose.rules.case import MIN_TIME_S, Case, cause, ms
from perfgate.model.diagnosis import Cause

MAX_FUNCTIONS = 3
MIN_CPU_SHARE = 0.15  # of the CPU that a request takes more


def named(case: Case) -> list[profile.FunctionGrowth]:
    """The functions whose CPU per request grew, the one that explains most first."""
    before = case.base.functions if case.base else case.usual_functions
    grown = (case.growth("cpu_loaded") or case.growth("cpu") or 0.0) if case.base else case.head.cpu or 0.0
    return list(profile.grown(before, case.head.functions, max(MIN_TIME_S / 2, MIN_CPU_SHARE * grown))[:MAX_FUNCTIONS])


def described(found: profile.FunctionGrowth, *, compared: bool) -> str:
    change = f", +{ms(found.change)} per request" if compared else f", {ms(found.change)} per request"
    return f"`{found.function.name}` {found.function.share:.0%} of the CPU{change}"


def evidence(case: Case) -> list[str]:
    return [described(item, compared=case.base is not None) for item in named(case)]


def hot(case: Case) -> Iterator[Cause]:
    """Without a base: a function that takes most of what a request computes."""
    if case.base is not None or not case.head.functions:
        return
    found = named(case)
    if found and found[0].function.share >= 0.3 and (case.head.cpu or 0.0) >= 0.3 * (case.head.alone or 0.0):
        yield cause("cpu", "likely", described(found[0], compared=False), evidence(case)[1:], remedy_for(found[0]))


def remedy_for(found: profile.FunctionGrowth) -> str:
    return f"Make `{found.function.name}` cheaper, or call it less often; the flame graphs of base and head show where."
