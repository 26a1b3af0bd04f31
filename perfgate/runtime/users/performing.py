"""What activities (jobs, streams) need of the virtual user that performs them. Plain requests use none of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from perfgate.runtime.http.responses import Failure, Response
from perfgate.runtime.record.load import Load
from perfgate.runtime.scenario.arms import LoadArm
from perfgate.runtime.scenario.endpoint import Endpoint

if TYPE_CHECKING:
    from perfgate.runtime.users.visitor import Visitor

UNAUTHORIZED = 401


class Activity(Protocol):
    """What takes more than one exchange. `request` is the endpoint whose name it is recorded under."""

    request: Endpoint

    def perform(self, visitor: Visitor) -> bool:
        """Whether it came to a good end. What became of it is recorded."""
        ...


class Performer:
    """The part of a Visitor that activities use."""

    _load: Load
    _arm: LoadArm | None
    _record: Callable[..., None]
    _send: Callable[..., Response]
    _renews: Callable[[], bool]
    values: dict[str, Any]

    @property
    def load(self) -> Load:
        return self._load

    def record(self, label: tuple[str, str], began: int, response: Response, failure: Failure | None) -> None:
        """Records under this visit's arm of an A/B test."""
        self._record(label, began, response, failure)

    def compiled(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint as it is for this visit's target."""
        return self._arm.own(endpoint) if self._arm is not None else endpoint

    def exchange(self, endpoint: Endpoint) -> tuple[Response, Failure | None]:
        """Sends one request that is not recorded, even while the load is stopping. A login is renewed after a 401."""
        own = self.compiled(endpoint)
        response = self._send(own, self.values)
        failure = own.judge(response)
        if failure is not None and response.status == UNAUTHORIZED and self._renews():
            response = self._send(own, self.values)
            failure = own.judge(response)
        return response, failure
