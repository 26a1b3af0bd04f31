"""One POST of an exporter; neither its address nor its credentials are ever in a message."""

from __future__ import annotations

from collections.abc import Mapping

from perfgate import __version__
from perfgate.export.contract import ExportError
from perfgate.net import http
from perfgate.text.address_hiding import without_address

TIMEOUT_S = 5.0  # s
MAX_REASON_CHARS = 200  # of their own words
MAX_ANSWER_BYTES = 2**20


class Poster:
    """Keeps its connection."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._url, self._headers = url, {"User-Agent": f"perfgate/{__version__}", **headers}
        self._session = http.HttpSession(timeout=TIMEOUT_S)

    def post(self, content: bytes) -> None:
        """Raises ExportError for anything but an answer of 2xx."""
        try:
            reply = self._session.exchange(
                "POST", self._url, headers=self._headers, content=content, max_bytes=MAX_ANSWER_BYTES
            )
        except http.NoReplyError as error:
            raise ExportError(f"it does not answer: {self._hidden(str(error))}") from error
        if not 200 <= reply.status < 300:
            answer = self._hidden(reply.body.decode(errors="replace"))
            raise ExportError(f"it answered {reply.status}: {answer or 'nothing'}")

    def close(self) -> None:
        self._session.close()

    def _hidden(self, text: str) -> str:
        return without_address(text, self._url, self._headers.values(), limit=MAX_REASON_CHARS)
