"""A small client of GitHub's REST API: patient with rate limits and hiccups, within bounds.

Headers and waits follow GitHub's "Best practices for using the REST API".
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from perfgate import __version__
from perfgate.model.errors import PerfgateError
from perfgate.net import http
from perfgate.net.retrying import Retries, retry_after
from perfgate.text.sanitize import one_line

API_VERSION = "2022-11-28"
AGENT = f"perfgate/{__version__}"
TIMEOUT_S = 20.0  # seconds for each answer
MAX_TRIES = 5
MAX_WAITS_S = 120.0  # seconds that all waits together may take: a limit that needs longer is not waited for
DEFAULT_LIMIT_WAIT_S = 60.0  # seconds to wait at a secondary limit that does not say how long
PAGE_ITEMS = 100  # items; the most that GitHub gives
MAX_PAGES = 100
REDIRECTS = (301, 302, 307, 308)
MAX_ANSWER_CHARS = 300  # characters of GitHub's own words


class RefusedError(PerfgateError):
    """GitHub said no."""

    code = "PG-P001"

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"GitHub answered {status}: {text}")
        self.status = status
        self.text = text


class UnansweredError(PerfgateError):
    """No answer, or none that makes sense; what was asked may have been done all the same."""

    code = "PG-P006"


@dataclass
class Api:
    """`sleep` and `chance` (0 to 1) are passed in by tests."""

    url: str
    token: str = field(repr=False)
    session: http.HttpSession
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    waited: float = 0.0

    def get(self, path: str) -> Any:
        return self.call("GET", path)

    def all(self, path: str) -> Iterator[Any]:
        """The items of a list, from all its pages."""
        url = f"{path}{'&' if '?' in path else '?'}per_page={PAGE_ITEMS}"
        for _ in range(MAX_PAGES):
            reply = self._exchange("GET", url, None, repeatable=True)
            items = _answer(reply)
            if not isinstance(items, list):
                raise UnansweredError(f"GitHub's answer to {path} is not a list")
            yield from items
            following = re.search(r'<([^>]+)>;\s*rel="next"', reply.headers.get("link", ""))
            if following is None:
                return
            url = following[1]

    def call(self, method: str, path: str, body: Any = None, *, repeatable: bool = True) -> Any:
        """The answer's JSON; None for an empty one.

        With `repeatable` off, only what GitHub certainly did not do is asked again.
        Raises RefusedError, UnansweredError.
        """
        return _answer(self._exchange(method, path, body, repeatable=repeatable))

    def file(self, path: str, *, max_bytes: int) -> bytes:
        """What lies at another host, to which this path leads. That host gets no token: the address is the key.

        Raises RefusedError, UnansweredError; the latter for more than `max_bytes` bytes, too.
        """
        reply = self._exchange("GET", path, None, repeatable=True, away=True)
        if reply.status not in REDIRECTS:
            raise UnansweredError(f"GitHub's answer to {path} leads to no file")
        address, headers = reply.headers["location"], {"User-Agent": AGENT}
        retries = Retries(tries=MAX_TRIES, pause=self._growing, sleep=self.sleep)
        reply = retries.send(lambda: self._download(address, headers, max_bytes))
        if reply.status != 200:
            raise UnansweredError(f"GitHub's store of files answered {reply.status}")
        return reply.body

    def _download(self, address: str, headers: Mapping[str, str], max_bytes: int) -> http.Reply:
        try:
            return self.session.exchange("GET", address, headers=headers, max_bytes=max_bytes)
        except http.NoReplyError as error:
            raise UnansweredError(f"GitHub's store of files does not answer: {error}") from error

    def pause(self, seconds: float) -> None:
        """Waits half to one and a half times so long: jobs that run side by side part ways."""
        self.sleep(self._jittered(seconds))

    def _growing(self, attempt: int) -> float:
        return self._jittered(2.0**attempt)

    def _jittered(self, seconds: float) -> float:
        wait = seconds * (0.5 + self.chance())
        self.waited += wait
        return wait

    def _limit_wait(self, reply: http.Reply) -> float | None:
        """Seconds to wait for a rate limit; None where there is none, or one that takes too long."""
        wait = _limited(reply)
        if wait is None or self.waited + wait > MAX_WAITS_S:
            return None
        self.waited += wait
        return wait + self.chance()

    def _exchange(self, method: str, path: str, body: Any, *, repeatable: bool, away: bool = False) -> http.Reply:
        """`away`: a redirect to another host is an answer."""
        url = self._own(path)
        for _ in range(MAX_TRIES):
            reply = self._send(method, url, body, repeatable=repeatable)
            if reply.status < 300:
                return reply
            if reply.status not in REDIRECTS or "location" not in reply.headers:
                raise _refusal(reply)
            target = urljoin(url, reply.headers["location"])  # the repository has another name now
            if away and not self._is_own(target):
                return reply
            url = self._own(target)
        raise UnansweredError(f"GitHub sends {method} {path} from one address to the next")

    def _send(self, method: str, url: str, body: Any, *, repeatable: bool) -> http.Reply:
        retries = Retries(tries=MAX_TRIES, limit_wait=self._limit_wait, pause=self._growing, sleep=self.sleep)
        headers = self._headers()
        try:
            return retries.send(
                lambda: self.session.exchange(method, url, headers=headers, json=body), is_repeatable=repeatable
            )
        except http.NoReplyError as error:
            raise UnansweredError(f"GitHub does not answer: {error}") from error

    def _own(self, path: str) -> str:
        """An address of this API. The token goes nowhere else, whatever an answer says."""
        url = path if "://" in path else f"{self.url}{path}"
        if not self._is_own(url):
            raise UnansweredError(f"GitHub refers to another host: {urlsplit(url).netloc[:100]}")
        return url

    def _is_own(self, url: str) -> bool:
        ours, theirs = urlsplit(self.url), urlsplit(url)
        return (ours.scheme, ours.netloc) == (theirs.scheme, theirs.netloc)

    def _headers(self) -> dict[str, str]:
        return {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self.token}",
            "User-Agent": AGENT,
            "X-GitHub-Api-Version": API_VERSION,
        }


def _refusal(reply: http.Reply) -> RefusedError | UnansweredError:
    if (wait := _limited(reply)) is not None:
        return RefusedError(reply.status, f"{_message(reply)} (it asks to wait {wait:.0f} s)")
    if reply.status >= 500:
        return UnansweredError(f"GitHub answered {reply.status}: {_message(reply)}")
    return RefusedError(reply.status, _message(reply))


def _limited(reply: http.Reply) -> float | None:
    """Seconds that a rate limit asks to wait; None if it is no rate limit. By the server's clock."""
    used_up = reply.headers.get("x-ratelimit-remaining") == "0"
    if reply.status != 429 and not (
        reply.status == 403 and (reply.headers.get("retry-after") or used_up or "rate limit" in _message(reply).lower())
    ):
        return None
    if (wait := retry_after(reply)) is not None:
        return wait
    reset = reply.headers.get("x-ratelimit-reset", "")
    if used_up and reset.isascii() and reset.isdigit():
        try:
            now = parsedate_to_datetime(reply.headers.get("date", "")).timestamp()
        except ValueError:
            return DEFAULT_LIMIT_WAIT_S
        return max(1.0, float(reset[:12]) - now)
    return DEFAULT_LIMIT_WAIT_S


def _message(reply: http.Reply) -> str:
    """GitHub's own words, on one line."""
    try:
        answer = reply.json()
    except ValueError:
        return "no message"
    if not isinstance(answer, dict):
        return "no message"
    details = answer.get("errors")
    more = (
        [detail.get("message") for detail in details if isinstance(detail, dict)] if isinstance(details, list) else []
    )
    words = " ".join(str(part) for part in (answer.get("message"), *more) if part)
    return one_line(words, MAX_ANSWER_CHARS) or "no message"


def _answer(reply: http.Reply) -> Any:
    try:
        return reply.json()
    except ValueError as error:
        raise UnansweredError(f"GitHub's answer is not JSON: {error}") from error
