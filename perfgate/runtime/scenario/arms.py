"""The arms of an A/B test: which of the two targets a virtual user's next task goes to.

The draw is made once per task, so that a journey, or a request and the login before it, stays at one arm as a whole:
ids and sessions belong to one database. Every arm has its own connection, cookies and captured values in every user.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from random import Random
from typing import Any

from perfgate.recording.handover import Duet
from perfgate.recording.windows import BASE, HEAD
from perfgate.runtime.http.dialling import origin
from perfgate.runtime.scenario.endpoint import Endpoint

NS_PER_SECOND = 1_000_000_000

Record = Callable[..., None]


class LoadArm:
    """One of the two, for all virtual users of this process."""

    def __init__(self, name: str, target: str, record: Record) -> None:
        self.name, self.origin = name, origin(target)
        self._record = record
        self._endpoints: dict[Endpoint, Endpoint] = {}

    def own(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint compiled for this arm's target: one compiled for both would be made anew at every change."""
        own = self._endpoints.get(endpoint)
        if own is None:
            own = self._endpoints[endpoint] = copy(endpoint)
        return own

    def record(self, label: tuple[str, str], *what: Any) -> None:
        """Records like `Load.record`, under this arm."""
        self._record((*label, self.name), *what)


class Arms:
    """Draws between base and head: each task for itself, or in blocks of time in random order within pairs."""

    def __init__(self, duet: Duet, record: Record) -> None:
        self.both = (LoadArm(BASE, duet.base, record), LoadArm(HEAD, duet.head, record))
        self._block, self._seed = int(duet.block * NS_PER_SECOND), duet.seed
        self._random = Random()  # not the plan's: every run draws anew, so that no luck repeats itself

    def draw(self, offset: int) -> LoadArm:
        """The arm of a task that is due `offset` ns after the measured time began; both are warmed up alike."""
        if not self._block or offset < 0:
            return self.both[self._random.random() < 0.5]
        pair, second = divmod(offset // self._block, 2)
        first = Random(f"{self._seed}/{pair}").random() < 0.5  # the same in every process
        return self.both[first ^ bool(second)]
