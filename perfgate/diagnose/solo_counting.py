"""What databases and caches count while one endpoint is sent alone, and which see nothing of the application."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import sleep

from perfgate.diagnose import blindness
from perfgate.diagnose.blindness import ProbeSight
from perfgate.diagnose.probes import Prober, key_of
from perfgate.diagnose.replaying import Replayer, ReplayRequest
from perfgate.model.errors import DiagnosisError
from perfgate.model.metric import CountSource, metrics_counted_by

COUNTED_REQUESTS = 30  # whose queries are counted
PROBED_REQUESTS = 5  # requests that show whether a probe sees anything
QUIET_S = 0.05  # s in which nothing is counted: what came before is over
MAX_CHECKS = 20  # at most, until it is quiet
COUNTS = metrics_counted_by(CountSource.PROBES)


@dataclass(kw_only=True)
class SoloCounter:
    """`metrics` have a budget; `sight` is of the probes of all sides that tell them."""

    replayer: Replayer
    metrics: Collection[str]
    warnings: list[str]
    sight: ProbeSight = field(default_factory=ProbeSight)

    def counted(
        self, order: ReplayRequest, probes: Sequence[Prober], requests: int = COUNTED_REQUESTS
    ) -> dict[str, float]:
        """Counts per request. Two databases of one application are added up. Raises DiagnosisError when requests
        fail."""
        working = list(probes)

        def begin() -> None:
            for probe in probes:
                try:
                    _settle(probe)
                except DiagnosisError as error:
                    working.remove(probe)
                    self.warnings.append(str(error))

        answer = self.replayer.count(order, requests, begin)
        if answer.failures:
            reason = next(iter(answer.failures))
            raise DiagnosisError(
                f"{order.endpoint}: {sum(answer.failures.values())} requests failed ({reason})", code="PG-X003"
            )
        counts: dict[str, float] = {}
        for probe in working:
            try:
                values = _settled(probe, answer.requests)
            except DiagnosisError as error:
                self.warnings.append(str(error))
                continue
            if blindness.uncounted([key_of(probe)], []).intersection(self.metrics):
                self.sight.note(key_of(probe), values)
            for name in COUNTS:
                if name in values:
                    counts[name] = counts.get(name, 0.0) + values[name]
        return counts

    def look_elsewhere(self, orders: Iterable[tuple[ReplayRequest, Sequence[Prober]]]) -> None:
        """Sends a few requests of other endpoints while a probe has counted nothing."""
        for order, probes in orders:
            blind = [probe for probe in probes if key_of(probe) in self.sight.blind]
            if blind:
                with suppress(DiagnosisError):  # that another endpoint fails does not matter here
                    self.counted(order, blind, PROBED_REQUESTS)

    def uncounted(self) -> frozenset[str]:
        """Metrics that nobody has counted, because what could count them sees nothing of the application."""
        self.warnings += [blindness.warning(key) for key in sorted(self.sight.blind)]
        return blindness.uncounted(self.sight.blind, self.sight.seeing)


def _settle(probe: Prober) -> None:
    """Begins to count once nothing is counted any more: an application ends its transactions after it has answered."""
    for _ in range(MAX_CHECKS):
        probe.begin()
        sleep(QUIET_S)
        values = probe.counted(1).values
        if not any(values.get(name) for name in COUNTS):
            return


def _settled(probe: Prober, requests: int) -> Mapping[str, float]:
    values: Mapping[str, float] = {}
    for look in range(MAX_CHECKS):
        before, values = values, probe.counted(requests).values
        if look and _of_budgets(before) == _of_budgets(values):
            break
        sleep(QUIET_S)
    return values


def _of_budgets(values: Mapping[str, float]) -> dict[str, float]:
    return {name: values[name] for name in COUNTS if name in values}
