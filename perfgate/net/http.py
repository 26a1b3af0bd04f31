"""perfgate's own small HTTP needs (the load itself goes another way): the one door to httpx."""

from __future__ import annotations

import json as codec
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from ssl import SSLContext

    import httpx

MAX_ANSWER_BYTES = 64 * 2**20  # bytes of an answer that are read
MAX_ANSWER_S = 600.0  # seconds from the first byte of an answer to the last: an archive over a slow line takes its time
MAX_PAGE_BYTES = 1 << 20  # bytes of an answer whose status is all that counts
PACKED = {"Accept-Encoding": "gzip"}  # the others have no bound on what a small piece of them becomes
UNPACKED = ("", "identity", "gzip", "deflate")

_NUMBER = re.compile(r"^\[Errno -?[0-9]+\] ")  # of the system's, which the words behind it say better


class NoReplyError(Exception):
    """No answer came, or not all of it. Whether what was asked was done, nobody knows."""


class NotReachedError(NoReplyError):
    """Nothing was sent, so nothing was done."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    def json(self) -> Any:
        """What the body says; None when there is none. Raises ValueError when it is no JSON."""
        try:
            return codec.loads(self.body) if self.body.strip() else None
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


def status_of(url: str, *, timeout: float) -> int | None:
    """The status of a GET over plain HTTP, or None when there is no answer within `timeout` seconds. It is asked of
    every service that starts: by the standard library, which loads in a tenth of the time."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    try:
        connection.request("GET", urlunsplit(("", "", parts.path or "/", parts.query, "")))
        answer = connection.getresponse()
    except (OSError, HTTPException, ValueError):
        return None
    else:
        with suppress(OSError, HTTPException, ValueError):  # what is left unread resets the connection
            _read_rest(answer, monotonic() + timeout)
        return answer.status
    finally:
        connection.close()


def _read_rest(answer: HTTPResponse, deadline: float) -> None:
    """Reads what there is until `deadline` (monotonic s): a stream of events never ends."""
    left = MAX_PAGE_BYTES
    while left and monotonic() < deadline and (piece := answer.read1(left)):
        left -= len(piece)


class HttpSession:
    """Requests over connections that are kept open meanwhile. Proxies and certificates are the environment's, unless
    what is asked is beside the application (`direct`), or `trust` and `server_name` say whom to believe."""

    def __init__(
        self,
        *,
        timeout: float,
        max_answer_s: float = MAX_ANSWER_S,
        direct: bool = False,
        trust: SSLContext | None = None,
        server_name: str = "",
    ) -> None:
        """`timeout` is for each piece of an answer, `max_answer_s` for the whole of it once it has begun."""
        self._timeout, self._max_answer_s, self._direct = timeout, max_answer_s, direct
        self._verify: SSLContext | bool = True if trust is None else trust
        self._extensions = {"sni_hostname": server_name} if server_name else {}
        self._opened: httpx.Client | None = None

    def __enter__(self) -> HttpSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()

    def _client(self) -> httpx.Client:
        """Opened once needed: proxies and certificates of the environment may be wrong. Raises NoReplyError, whose text
        has no value of a variable: a proxy's may have a password."""
        import httpx

        if self._opened is None:
            try:
                self._opened = httpx.Client(
                    timeout=self._timeout,
                    headers=PACKED,
                    verify=self._verify,
                    transport=self._direct_transport() if self._direct else None,
                )
            except OSError as error:
                words = error.strerror or type(error).__name__
                raise NotReachedError(f"SSL_CERT_FILE or SSL_CERT_DIR names no usable certificates: {words}") from error
            except (ValueError, ImportError) as error:
                raise NotReachedError("HTTP_PROXY, HTTPS_PROXY or ALL_PROXY names no proxy that can be used") from error
        return self._opened

    def _direct_transport(self) -> httpx.HTTPTransport:
        """No proxy, and the certificates of the environment where it names any that can be used."""
        import httpx

        try:
            return httpx.HTTPTransport(verify=self._verify)
        except OSError:
            return httpx.HTTPTransport(verify=self._verify, trust_env=False)

    def exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        json: Any = None,
        content: bytes | None = None,
        max_bytes: int = MAX_ANSWER_BYTES,
    ) -> Reply:
        """One request, one answer; redirects are answers too. Its body is `json`, or `content` as it is.

        Raises NoReplyError when no answer came in time, one of more than `max_bytes` bytes, or one without an end.
        """
        import httpx

        _check(headers)
        try:
            with self._client().stream(
                method, url, headers=dict(headers), json=json, content=content, extensions=self._extensions
            ) as response:
                body = _body(response, max_bytes, monotonic() + self._max_answer_s)
                named = {name.lower(): value for name, value in response.headers.items()}
                return Reply(status=response.status_code, headers=named, body=body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            unsent = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
            kind = NotReachedError if isinstance(error, (*unsent, httpx.InvalidURL)) else NoReplyError
            raise kind(_NUMBER.sub("", str(error)) or type(error).__name__) from error


def _body(response: httpx.Response, max_bytes: int, deadline: float) -> bytes:
    """Raises NoReplyError for what cannot be unpacked within `max_bytes` bytes, or goes on after `deadline`, monotonic
    s: each piece may come in time, and the whole never end."""
    if response.headers.get("content-encoding", "").strip().lower() not in UNPACKED:
        raise NoReplyError("unsupported Content-Encoding in the answer")
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > max_bytes:
            raise NoReplyError(f"the answer has more than {max_bytes:,} bytes")
        if monotonic() > deadline:
            raise NoReplyError("the answer does not end")
    return bytes(body)


def _check(headers: Mapping[str, str]) -> None:
    """Checks headers before the library sees them: its errors quote the value, and it may be a token. Raises
    NotReachedError."""
    for name, value in headers.items():
        if not (name.isascii() and name.isprintable()):
            raise NotReachedError("the name of a header cannot be sent, it has letters beyond ASCII")
        if not (value.isascii() and value.isprintable()) or value != value.strip():
            raise NotReachedError(
                f"the header {name} cannot be sent, it has a line break, a space at an end, or letters beyond ASCII"
            )
