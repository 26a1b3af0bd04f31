"""How often each endpoint and journey is due by plan: its share of the load, which no digest of its own shows."""

from __future__ import annotations

from collections import Counter, defaultdict

from perfgate.model.budget_file import Endpoint, Journey, LoadProfile, Send


def planned_rates(
    load: LoadProfile, endpoints: tuple[Endpoint, ...], journeys: tuple[Journey, ...], *, others: bool
) -> dict[str, float]:
    """Starts per second (open model) or users at it (closed model) by name, in the mean over the stages.

    Logins are left out: they are sent once per user. None are known where `others`, hand-written scenarios, share the
    load by weights of their own.
    """
    if load.replay is not None:
        counts = Counter(arrival.endpoint for arrival in load.replay.arrivals if arrival.due >= load.warmup)
        return {name: number / load.stages[0].duration for name, number in counts.items()}
    total = sum(item.weight for item in endpoints if item.request) + sum(item.weight for item in journeys)
    length = sum(stage.duration for stage in load.stages)
    if others or not total or not length:
        return {}
    level = sum(stage.level * stage.duration for stage in load.stages) / length
    rates: defaultdict[str, float] = defaultdict(float)
    for endpoint in endpoints:
        if endpoint.request and endpoint.weight:
            rates[endpoint.name] += level * endpoint.weight / total
    for journey in journeys:
        share = level * journey.weight / total
        for step in (journey, *journey.steps) if share else ():
            if isinstance(step, Journey):
                rates[step.name] += share
            elif isinstance(step, Send):
                rates[step.endpoint] += share
    return dict(rates)
