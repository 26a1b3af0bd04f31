"""Bodies of traces -> the team's own collector, unchanged and in a thread of its own: a slow one delays nothing."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from queue import Full, Queue
from types import TracebackType
from urllib.parse import urlsplit

from perfgate.diagnose.traces.receiver import TRACES
from perfgate.net.http import HttpSession, NoReplyError

MAX_QUEUED_BODIES = 64  # bodies in the queue
TIMEOUT_S, DRAIN_TIMEOUT_S = 5.0, 10.0  # s for one body; s for those that wait at the end
# Of one connection only (RFC 9110, section 7.6.1), or set anew by the client.
_OWN = frozenset(
    {"host", "connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "content-length"}
)


class Forwarder:
    """A context: bodies are sent inside. `problem` says what went wrong first; empty while nothing has."""

    def __init__(self, url: str) -> None:
        self.problem = ""
        self._url = url if urlsplit(url).path.rstrip("/").endswith(TRACES) else f"{url.rstrip('/')}{TRACES}"
        self._bodies: Queue[tuple[bytes, Mapping[str, str]] | None] = Queue(MAX_QUEUED_BODIES)
        self._thread = threading.Thread(target=self._send_all, daemon=True)

    def __enter__(self) -> Forwarder:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._bodies.put(None, timeout=DRAIN_TIMEOUT_S)
            self._thread.join(DRAIN_TIMEOUT_S)
        except Full:
            self.problem = self.problem or "it takes too long"

    def forward(self, body: bytes, headers: Mapping[str, str]) -> None:
        try:
            self._bodies.put_nowait((body, {name: text for name, text in headers.items() if name not in _OWN}))
        except Full:
            self.problem = self.problem or "it takes too long, and some bodies were left out"

    def _send_all(self) -> None:
        with HttpSession(timeout=TIMEOUT_S) as session:
            while (item := self._bodies.get()) is not None:
                body, headers = item
                try:
                    reply = session.exchange("POST", self._url, headers=headers, content=body)
                except NoReplyError as error:
                    self.problem = self.problem or f"no answer ({type(error.__cause__ or error).__name__})"
                else:
                    if reply.status >= 400:
                        self.problem = self.problem or f"it answered {reply.status}"
