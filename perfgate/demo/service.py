"""What every request goes through besides its own work: the time a real service would take, and the faults."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from functools import wraps
from time import perf_counter
from typing import ParamSpec

from fastapi.params import Depends
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response

from perfgate.demo.faults import Faults

# Seconds of work that a shop like this does and this one does not: ranking, hashing passwords, asking for the payment.
BASE_SECONDS: Mapping[str, float] = {
    "home": 0.002,
    "products": 0.002,
    "product": 0.0015,
    "search": 0.006,
    "login": 0.005,
    "basket": 0.001,
    "orders": 0.004,
    "exports": 0.001,
}
SPREAD = 0.2  # sigma of the log-normal factor on the base time: the 95th percentile is 1.4 times the median
BLOCKED_SECONDS = 0.02
BIG = 20  # times as large

Arguments = ParamSpec("Arguments")
Handler = Callable[Arguments, Response]


class Service:
    """Wraps handlers. They run in worker threads and wait by sleeping, which leaves the processor to the others."""

    def __init__(self, faults: Mapping[str, Faults], stopping: threading.Event) -> None:
        self.faults = faults
        self._stopping = stopping
        self._chance = random.Random(1)  # the same spread and errors at every start

    def performs(self, endpoint: str) -> Callable[[Handler[Arguments]], Handler[Arguments]]:
        """A decorator: the handler takes its base time and what its faults add."""
        faults, base = self.faults[endpoint], BASE_SECONDS[endpoint]

        def decorate(handler: Handler[Arguments]) -> Handler[Arguments]:
            @wraps(handler)
            def performed(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Response:
                started = perf_counter()
                time.sleep(base * self._chance.lognormvariate(0, SPREAD))
                try:
                    if self._chance.random() < faults.errors:
                        return JSONResponse({"error": f"{endpoint}:errors={faults.errors * 100:g}% is on"}, 500)
                    response = handler(*args, **kwargs)
                    return _bigger(response) if faults.big else response
                finally:
                    if faults.slow > 1:
                        # Not a plain sleep: a server that is told to stop does not wait for it.
                        self._stopping.wait((faults.slow - 1) * (perf_counter() - started))

            return performed

        return decorate

    def before(self, endpoint: str) -> list[Depends]:
        """What the event loop itself does before it calls the handler: nothing, or the mistake of blocking."""

        async def block() -> None:
            time.sleep(BLOCKED_SECONDS)  # the fault itself: everybody waits

        return [Depends(block)] if self.faults[endpoint].block else []


def _bigger(response: Response) -> Response:
    """Pads a page or JSON object with something that nobody wants."""
    if isinstance(response, FileResponse):
        return response
    body = bytes(response.body)
    ballast = b"x" * (len(body) * (BIG - 1))
    if isinstance(response, HTMLResponse):
        body += b"<!-- " + ballast + b" -->"
    elif body.endswith(b"}") and len(body) > 2:
        body = body[:-1] + b',"debug":"' + ballast + b'"}'
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    return Response(body, response.status_code, headers)
