"""Whether it is the machine that is slower, not the code.

What shows the machine itself decides first: a fixed piece of work, the time in which the service's threads were ready
and had no CPU, and whether somebody had stopped it. Where they are silent, the control endpoint does, which is sound.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import log

from perfgate.diagnose.rules.case import MAX_EQUAL_FACTOR, MIN_TIME_S, Case, cause, is_in_each_round
from perfgate.diagnose.rules.computing import explains_by_computing
from perfgate.model.diagnosis import Cause

MIN_COMMON_SHARE = 0.5  # of the endpoint's movement (in logarithms), by which others moved too: the machine
MAX_CPU_DELAY_SHARE = 0.1  # of what is slower under load: four users wait for one that waits for a CPU
MIN_STOPPED_SHARE = 0.05  # of the time, by which the service was kept from the CPU for longer
MIN_CPU_FACTOR = 1.5  # times as much CPU: no noise of a machine does that
MIN_COMMON_CPU_FACTOR = 2.0  # times as much CPU for all requests, where a fixed piece of work takes as much as before
MAX_REFERENCE_SHARE = 0.2  # of the endpoint's movement (in logarithms), of a machine that is as fast as before
MAX_CONTROL_SHARE = 0.2  # of what the endpoint is slower, by which a control may be slower that only had a busy moment
MIN_DATABASE_FACTOR = 3.0  # times as long as the machine takes longer
_CPU_LOSS_SENTENCES = {
    "stopped": "something stopped the service for {:.0%} of the time",
    "throttled": "the CPU quota of the service's control group was used up in {:.0%} of its periods",
}


def environment(case: Case) -> Cause | None:
    if case.base is None:
        return _of_run(case)
    own = _factor(case, "alone") or _factor(case, "loaded")
    slower = max(_factor(case, "alone") or 1.0, _factor(case, "loaded") or 1.0)
    if own is None or slower <= 1.1:
        return None
    sentences = [*_machine(case, slower), *_control(case)]
    return cause("environment", "environment", sentences[0], sentences[1:]) if sentences else None


def busy(case: Case) -> Cause | None:
    """Names a machine that was busy, where nothing else explains what is slower under load alone."""
    if _has_cpu_under_load(case):
        return None
    slower = max(_factor(case, "alone") or 1.0, _factor(case, "loaded") or 1.0)
    sentences = [*_reference(case, slower), *_delayed_under_load(case)]
    return cause("environment", "environment", sentences[0], sentences[1:]) if sentences else None


def _delayed_under_load(case: Case) -> Iterator[str]:
    """Names time without a CPU, where it is most of what a request is slower under load and it computes no more."""
    delay, slower = case.growth("cpu_delay_loaded") or 0.0, case.growth("loaded") or 0.0
    is_computing = case.grew("cpu_loaded", MIN_CPU_FACTOR, MIN_TIME_S)
    if slower > MIN_TIME_S and delay >= MIN_COMMON_SHARE * slower and not is_computing:
        yield f"under load the service was ready {delay * 1e3:.3g} ms longer per request and had no CPU"


def _has_cpu_under_load(case: Case) -> bool:
    """Whether the service reads requests and has a CPU under load nearly as soon as before: others may wait for one."""
    delay, unread, slower = (case.growth(name) for name in ("cpu_delay_loaded", "unread_loaded", "loaded"))
    if delay is None or unread is None or slower is None or slower <= MIN_TIME_S:
        return False
    return delay <= MAX_CPU_DELAY_SHARE * slower and unread <= 2 * MAX_CPU_DELAY_SHARE * slower


def machine_factor(case: Case) -> float:
    """How many times as long the machine takes, as far as the control endpoint shows it; 1 where nothing does."""
    control = _movement_of_control(case)
    is_silent = _is_machine_well(case) or _is_control_aside(case) or _computes_in_every_request(case)
    return 1.0 if control is None or is_silent else max(1.0, control)


def slowness(case: Case) -> float:
    """How many times as long the machine takes, by the control endpoint or by a fixed piece of work in each round."""
    reference = _factor(case, "reference") or 1.0
    is_steady = case.base is not None and is_in_each_round(case.base, case.head, "reference")
    return max(machine_factor(case), reference if is_steady and reference > MAX_EQUAL_FACTOR else 1.0)


def _machine(case: Case, slower: float) -> list[str]:
    # What slows a fixed piece of work slows a request that is alone as well: the two are measured side by side.
    result = list(_reference(case, slower)) if (_factor(case, "alone") or MAX_EQUAL_FACTOR) >= MAX_EQUAL_FACTOR else []
    delay, computing = case.growth("cpu_delay"), _factor(case, "cpu") or 1.0
    before = case.pair("cpu_delay")[0]
    if delay is not None and before is not None:
        excess = delay - before * max(0.0, computing - 1)  # who computes more also waits more for a CPU
        if (
            case.slower_alone > MIN_TIME_S
            and excess >= MIN_COMMON_SHARE * case.slower_alone
            and not _makes_database_work(case)
        ):
            result.append(f"the service was ready {delay * 1e3:.3g} ms longer per request and had no CPU")
    return [*result, *_cpu_losses(case)]


def _reference(case: Case, slower: float) -> Iterator[str]:
    reference = _factor(case, "reference")
    is_steady = case.base is not None and is_in_each_round(case.base, case.head, "reference")
    if _waits_elsewhere(case):
        return
    if reference and is_steady and reference > MAX_EQUAL_FACTOR and log(reference) >= MIN_COMMON_SHARE * log(slower):
        yield f"the reference workload takes {reference:.2f} times as long beside the head"


def _waits_elsewhere(case: Case) -> bool:
    """Whether it is another service that a request waits for longer, while nothing keeps this one from the CPU: it has
    one as soon as before, the control is as fast, and a fixed piece of work takes as much CPU."""
    waits, delay = case.growth("external_wait"), case.growth("cpu_delay")
    control, computed = _movement_of_control(case), _factor(case, "reference_cpu")
    if waits is None or delay is None or control is None or computed is None:
        return False
    is_waiting = case.slower_alone > MIN_TIME_S and waits >= 0.5 * case.slower_alone
    return (
        is_waiting and delay <= 0.2 * case.slower_alone and control <= MAX_EQUAL_FACTOR and computed <= MAX_EQUAL_FACTOR
    )


def _cpu_losses(case: Case) -> list[str]:
    """What kept the service from the CPU."""
    result: list[str] = []
    if computes_more(case):  # it may be the service itself that uses up its quota
        return result
    for name, sentence in _CPU_LOSS_SENTENCES.items():
        shares = [share for name in (name, f"{name}_loaded") if (share := case.growth(name)) is not None]
        if max(shares, default=0.0) >= MIN_STOPPED_SHARE:
            result.append(
                sentence.format(max(getattr(case.head, name) or 0, getattr(case.head, f"{name}_loaded") or 0))
            )
    return result


def kept_from_cpu(case: Case) -> Cause | None:
    """Names that where the second pass was not slower for it: the run that failed may have been."""
    sentences = _cpu_losses(case)
    return cause("environment", "environment", sentences[0], sentences[1:]) if sentences else None


def _control(case: Case) -> list[str]:
    control, own = _movement_of_control(case), _factor(case, "alone")
    if control is None or own is None or own <= 1.1 or log(control) < MIN_COMMON_SHARE * log(own):
        return []
    if _is_in_every_request(case) or _is_control_aside(case) or _computes_in_every_request(case):
        return []
    return [f"the control endpoint takes {control:.2f} times as long too, this one {own:.2f} times"]


def _movement_of_control(case: Case) -> float | None:
    factor = _control_factor(case, "alone")
    if case.control is None or factor is None:
        return None
    return factor if factor <= 1 or is_in_each_round(*case.control, "alone") else 1.0


def computes_more(case: Case) -> bool:
    """Whether the service computes so much more for this request that no machine explains it: machines that compute
    more slowly do so for the control and for a fixed piece of work as well."""
    name = "cpu" if None not in case.pair("cpu") else "computing"
    factor, reference = _factor(case, name), _factor(case, "reference_cpu")  # who waits for a CPU computes no more
    usual = 1.0 if _computes_in_every_request(case) else max(1.0, _control_factor(case, "cpu") or 1.0)
    is_much = factor is not None and factor >= MIN_CPU_FACTOR * usual
    more = case.growth(name)
    explains = case.takes(more) or (case.slower_alone > MIN_TIME_S and explains_by_computing(case, more or 0.0))
    return is_much and explains and (reference is None or reference <= MAX_EQUAL_FACTOR)


def _makes_database_work(case: Case) -> bool:
    """Whether the database takes so much longer for this request that no machine explains it. Where both are on one
    machine, the service waits for a CPU while the database computes for it."""
    usual = max(1.0, _factor(case, "reference") or 1.0, _movement_of_control(case) or 1.0)
    return any(
        (_factor(case, name) or 1.0) >= MIN_DATABASE_FACTOR * usual and case.takes(case.growth(name))
        for name in ("database", "database_wait")
    )


def _computes_in_every_request(case: Case) -> bool:
    """Whether the code computes something in every request: the control computes about as much more, and so, being
    smaller, many more times as much. A machine that computes more slowly does the reverse."""
    own, control, reference = _factor(case, "cpu"), _control_factor(case, "cpu"), _factor(case, "reference_cpu")
    if case.control is None or own is None or control is None or (reference or 1.0) > MAX_EQUAL_FACTOR:
        return False
    more, computed = _control_growth(case, "cpu"), case.growth("cpu") or 0.0
    if reference is not None and min(own, control) >= MIN_COMMON_CPU_FACTOR and min(more, computed) > MIN_TIME_S:
        return True  # or beside them: a background thread, a debug mode
    is_as_much = computed > MIN_TIME_S and abs(more - computed) <= MIN_COMMON_SHARE * computed
    return is_as_much and own >= MIN_CPU_FACTOR and control >= MIN_CPU_FACTOR * own


def _is_control_aside(case: Case) -> bool:
    """Whether the control is slower by what a busy moment costs any request, and this one by much more, on a machine
    that works as fast and lets the service compute as before. A slow machine shows in its own work too."""
    reference, delay = _factor(case, "reference"), case.growth("cpu_delay")
    own = _factor(case, "alone")
    if case.control is None or reference is None or delay is None or own is None or own <= 1:
        return False
    more = _control_growth(case, "alone")
    is_silent = log(reference) < MAX_REFERENCE_SHARE * log(own) and delay < MIN_COMMON_SHARE * case.slower_alone
    return is_silent and more < MAX_CONTROL_SHARE * case.slower_alone


def _is_in_every_request(case: Case) -> bool:
    """Whether the code does something in every request: all of them take so much longer, not so many times as long,
    while the machine is as fast as before."""
    if case.control is None or not _is_machine_well(case):
        return False
    more = _control_growth(case, "alone")
    return case.slower_alone > MIN_TIME_S and abs(more - case.slower_alone) <= 0.3 * case.slower_alone


def _is_machine_well(case: Case) -> bool:
    """Whether it computes as fast as before, and lets the service do so."""
    reference, delay = _factor(case, "reference"), case.growth("cpu_delay")
    return (
        reference is not None
        and delay is not None
        and reference <= MAX_EQUAL_FACTOR
        and delay <= 0.2 * case.slower_alone
    )


def _control_growth(case: Case, name: str) -> float:
    before, now = (getattr(facts, name) or 0.0 for facts in case.control) if case.control else (0.0, 0.0)
    return float(now - before)


def _control_factor(case: Case, name: str) -> float | None:
    before, now = (getattr(facts, name) for facts in case.control) if case.control else (None, None)
    return now / before if before and now else None


def _factor(case: Case, name: str) -> float | None:
    before, now = case.pair(name)
    return now / before if before and now else None


def _of_run(case: Case) -> Cause | None:
    """Without a base beside it, the run that failed is compared with earlier ones."""
    movement = case.movement
    if movement is None or movement.own is None or movement.own <= 1.1:
        return None
    sentences = []
    for factor, what in (
        (movement.reference, "the runner's reference workload takes {:.2f} times as long as in earlier runs"),
        (movement.others, "the other endpoints take {:.2f} times as long too"),
    ):
        if factor is not None and factor > MAX_EQUAL_FACTOR and log(factor) >= MIN_COMMON_SHARE * log(movement.own):
            sentences.append(what.format(factor))
    if movement.reference is not None and movement.reference <= 1.1:
        return None  # the runner is as fast as ever: what is common to all endpoints is the application's
    return cause("environment", "environment", sentences[0], sentences[1:]) if sentences else None
