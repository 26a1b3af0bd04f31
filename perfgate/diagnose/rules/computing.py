"""Whether a request is slower by what it computes."""

from __future__ import annotations

from perfgate.diagnose.rules.case import MIN_EXPLAINING_SHARE, Case

MIN_COMPUTED_SHARE = 0.3  # of the difference: less of it is what waiting costs


def explains_by_computing(case: Case, computed: float) -> bool:
    """Whether so much more CPU (s) explains a request that is slower alone. Who computes on a busy machine waits for a
    CPU as well."""
    waited = max(0.0, case.growth("cpu_delay") or 0.0)
    return (
        computed >= MIN_EXPLAINING_SHARE * case.slower_alone
        and computed + waited >= MIN_COMPUTED_SHARE * case.slower_alone
    )
