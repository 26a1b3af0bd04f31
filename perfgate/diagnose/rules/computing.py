"""Whether a request is slower by what it computes."""

from __future__ import annotations

from perfgate.diagnose.rules.case import MIN_EXPLAINING_SHARE, Case

MIN_COMPUTED_SHARE = 0.3  # of the difference: less of it is what waiting costs


def stretch(case: Case) -> float:
    """How many times as long as it computes a fixed piece of work takes, on both sides: whoever computes on so busy a
    machine waits as well, and so does who sends to it."""
    sides = [facts for facts in (case.base, case.head) if facts is not None]
    ratios = [item.reference / item.reference_cpu for item in sides if item.reference and item.reference_cpu]
    return max(1.0, min(ratios, default=1.0))


def explains_by_computing(case: Case, computed: float, times: float = 1.0) -> bool:
    """Whether so much more CPU (s) explains a request that is slower alone. Who computes on a busy machine waits for a
    CPU as well, or takes so many `times` as long as it computes."""
    waited = max(0.0, case.growth("cpu_delay") or 0.0)
    return (
        computed >= MIN_EXPLAINING_SHARE * case.slower_alone
        and max(computed + waited, computed * times) >= MIN_COMPUTED_SHARE * case.slower_alone
    )
