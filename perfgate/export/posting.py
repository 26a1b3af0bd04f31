"""One POST of an exporter; neither the path of its address nor its credentials are ever in a message."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from perfgate import __version__
from perfgate.export.contract import ExportError
from perfgate.net import http, proxies
from perfgate.net.http import Reply
from perfgate.net.retrying import Retries, retry_after
from perfgate.text.addresses import without_address

TIMEOUT_S = 5.0  # s
MAX_TRIES = 3
TRYING_S = 8.0  # s after which nothing is sent again: what comes next is newer
REFUSING_STATUSES = (429, 503)  # nothing was taken, for now (OpenTelemetry's protocol: with Retry-After)
MAX_REASON_CHARS = 200  # of their own words
MAX_ANSWER_BYTES = 2**20
REACH = "Is it running, and reachable from here?"
CURES: Mapping[str, str] = {  # by what a library says of a connection that was not made
    "header": "Check the variable with its credentials.",
    "names no": "Mend that variable, or unset it.",
    "CERTIFICATE_VERIFY_FAILED": "SSL_CERT_FILE=ca.pem names the authority that signed its certificate.",
    "WRONG_VERSION_NUMBER": "It speaks no TLS there: http in place of https?",
    "RECORD_LAYER_FAILURE": "It speaks no TLS there: http in place of https?",
}


class UncertainError(ExportError):
    """It may have been taken: no answer came to what was sent, or that of a server that failed meanwhile."""


class Poster:
    """Keeps its connection. `credentials` are the variables that they come from."""

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        credentials: str = "",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url, self._headers = url, {"User-Agent": f"perfgate/{__version__}", **headers}
        self._credentials = credentials
        is_here = proxies.is_this_machine(urlsplit(url).hostname or "")
        self._session = http.HttpSession(timeout=TIMEOUT_S, direct=is_here)
        self._retries = Retries(
            tries=MAX_TRIES, longest_s=TRYING_S, limit_wait=_requested_wait, pause=_pause, sleep=sleep
        )

    def post(self, content: bytes, *, is_repeatable: bool = True) -> Reply:
        """Raises ExportError for anything but an answer of 2xx. Without `is_repeatable` only what was certainly not
        taken is sent again."""
        try:
            reply = self._retries.send(
                lambda: self._session.exchange(
                    "POST", self._url, headers=self._headers, content=content, max_bytes=MAX_ANSWER_BYTES
                ),
                is_repeatable=is_repeatable,
            )
        except http.NoReplyError as error:
            cure = next((cure for words, cure in CURES.items() if words in str(error)), REACH)
            kind = ExportError if isinstance(error, http.NotReachedError) else UncertainError
            raise kind(f"it does not answer: {self.hidden(str(error))}", hint=cure) from error
        if not 200 <= reply.status < 300:
            answer = self.hidden(reply.body.decode(errors="replace")) or "nothing"
            is_uncertain = reply.status >= 500 and reply.status not in REFUSING_STATUSES
            kind = UncertainError if is_uncertain else ExportError
            raise kind(f"it answered {reply.status}: {answer}", hint=self._cure(reply, len(content)))
        return reply

    def close(self) -> None:
        self._session.close()

    def hidden(self, text: str) -> str:
        """Their words, fit to be shown."""
        return without_address(text, self._url, self._headers.values(), limit=MAX_REASON_CHARS)

    def _cure(self, reply: Reply, length: int) -> str:
        status = reply.status
        if status in (401, 403):
            return f"Check {self._credentials}." if self._credentials else "It takes nothing from here."
        if 300 <= status < 400:
            to = self.hidden(reply.headers.get("location", "")) or "elsewhere"
            return f"It redirects to {to}, and redirects are not followed: export to that address."
        if status in (404, 405):
            return "Is the path of its address right? docs/export.md has one for each system."
        if status == 413:
            return f"{length:,} bytes were sent: allow as many there."
        if status == 429:
            requested = self.hidden(reply.headers.get("retry-after", ""))
            until = f" (Retry-After: {requested})" if requested else ""
            return f"It takes no more for now{until}: allow more there."
        return "Its own log says why." if status >= 500 else "Is it of the kind that its URL says?"


def _requested_wait(reply: Reply) -> float | None:
    """Seconds that an answer asks to wait; None where it asks for none."""
    if reply.status not in REFUSING_STATUSES:
        return None
    wait = retry_after(reply)
    return _pause(0) if wait is None else wait


def _pause(attempt: int) -> float:
    return float(0.25 * 2.0**attempt)
