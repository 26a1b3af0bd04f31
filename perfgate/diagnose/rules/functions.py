"""What a profile shows: the functions of the application that take longer, by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from perfgate.diagnose import profile
from perfgate.diagnose.rules.case import MIN_TIME_S, Case, cause, ms
from perfgate.model.diagnosis import Cause

MAX_FUNCTIONS = 3
MIN_CPU_SHARE = 0.15  # of the CPU that a request takes more


def named(case: Case) -> list[profile.FunctionGrowth]:
    """The functions whose CPU per request grew, the one that explains most first."""
    return list(profile.grown(_usual(case), case.head.functions, _least(case))[:MAX_FUNCTIONS])


def _usual(case: Case) -> Sequence[profile.FunctionTime]:
    return case.base.functions if case.base else case.usual_functions


def _least(case: Case) -> float:
    """Seconds per request, of which less is no explanation."""
    grown = (case.growth("cpu_loaded") or case.growth("cpu") or 0.0) if case.base else case.head.cpu or 0.0
    return max(MIN_TIME_S / 2, MIN_CPU_SHARE * grown)


def described(found: profile.FunctionGrowth, *, compared: bool) -> str:
    change = f", +{ms(found.change)} per request" if compared else f", {ms(found.change)} per request"
    return f"`{found.function.name}` {found.function.share:.0%} of the CPU{change}"


def evidence(case: Case) -> list[str]:
    found = named(case)
    garbage = () if any(item.function.key == profile.COLLECTOR for item in found) else _collecting(case)
    return [*(described(item, compared=case.base is not None) for item in found), *garbage]


def _collecting(case: Case) -> Iterator[str]:
    """More garbage: what computes allocates more."""
    before, now = (
        sum(item.seconds for item in functions if item.key == profile.COLLECTOR)
        for functions in (_usual(case), case.head.functions)
    )
    if case.base is not None and now - before >= _least(case):
        yield f"the garbage collector takes {ms(now)} per request instead of {ms(before)}: more is allocated"


def hot(case: Case) -> Iterator[Cause]:
    """Without a base: a function that takes most of what a request computes."""
    if case.base is not None or not case.head.functions:
        return
    found = named(case)
    if found and found[0].function.share >= 0.3 and (case.head.cpu or 0.0) >= 0.3 * (case.head.alone or 0.0):
        remedy = remedy_for(found[0], compared=False)
        yield cause("cpu", "likely", described(found[0], compared=False), evidence(case)[1:], remedy)


def remedy_for(found: profile.FunctionGrowth, *, compared: bool = True) -> str:
    """Empty for what is no function: threads, the garbage collector, the engine itself."""
    if profile.NO_FUNCTION.match(found.function.key):
        return ""
    graphs = "graphs of base and head show" if compared else "graph shows"
    return f"Make `{found.function.name}` cheaper, or call it less often; the flame {graphs} where."
