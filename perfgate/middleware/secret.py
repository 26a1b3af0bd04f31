"""Who may see timings: requests that carry the secret. A Server-Timing header tells strangers what they can slow."""

from __future__ import annotations

import os
from hmac import compare_digest

VARIABLE = "PERFGATE_TIMING_SECRET"
HEADER = "X-Perfgate-Timing"


class Secret:
    """`given` is instead of the environment variable's. Without either nobody sees anything."""

    def __init__(self, provided: str | None = None) -> None:
        self._bytes = (os.environ.get(VARIABLE, "") if provided is None else provided).encode()

    def __bool__(self) -> bool:
        return bool(self._bytes)

    def is_in(self, value: bytes) -> bool:
        """Whether a header's value is the secret."""
        return bool(self._bytes) and compare_digest(value, self._bytes)
