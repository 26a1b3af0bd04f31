"""Endpoint: one kind of request, compiled once into bytes with holes, its expectations and its captures."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from perfgate import __version__
from perfgate.runtime.http.client import SendOptions, Timeouts
from perfgate.runtime.http.cookies import CookieOrigin
from perfgate.runtime.http.dialling import Origin
from perfgate.runtime.http.responses import Failure, Response
from perfgate.runtime.scenario.bodies import File, body_maker
from perfgate.runtime.scenario.captures import Capture, from_json
from perfgate.runtime.scenario.expectations import Expectation, StatusExpectation
from perfgate.runtime.scenario.graphql import Body, GraphqlOperation, PersistedBody, query_path
from perfgate.runtime.scenario.graphql_answers import graphql_errors, mentions_errors
from perfgate.runtime.scenario.json_paths import MISSING
from perfgate.runtime.scenario.session import Session
from perfgate.runtime.scenario.texts import (
    LINE_BREAK,
    Text,
    Values,
    path_filler,
    path_text,
    percent_encoded,
    redirect_target,
)
from perfgate.runtime.scenario.values import Rows, Source

DEFAULT_HEADERS = {"User-Agent": f"perfgate/{__version__}", "Accept": "*/*", "Accept-Encoding": "gzip, deflate, br"}
BODY_HEADERS = frozenset({"content-type", "content-encoding", "content-language", "content-location", "digest"})
OK, REDIRECTED = 200, 300  # statuses between them are successes
GRAPHQL_TYPES = "application/json, application/graphql-response+json;q=0.9"
BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")


class Frame(NamedTuple):
    """The parts of a request that do not vary. `whole` is the message, when nothing does; `first` and `rest` are it
    where only the path does: what comes before the first hole, and each hole with what follows it."""

    base: str
    block: str  # the constant header lines
    varying: Mapping[str, Text]  # the other headers
    whole: bytes | None = None
    first: str = ""
    rest: tuple[tuple[str, str], ...] = ()


class Hop(NamedTuple):
    """Where a redirect leads: the method, and the path with its query."""

    method: str
    target: str


class Endpoint:
    """`Endpoint("search", "GET", "/search?q={word}", values={"word": choice("tea", "pot")}, expect=[status(200)])`

    The body is one of `json`, `form` (str -> str), `multipart` (str -> str or `file(...)`), `body` (text) and
    `graphql` (the query, with `variables` beside it; an answer with `errors` is a failure unless `expect` speaks of
    them). `values` are drawn anew for every request, and one row of `data` for each iteration; later requests of the
    iteration may use them too. `capture` takes values from the response for what the same visitor sends
    next: a JSONPath, or `from_header("Location")` and its like.
    """

    def __init__(
        self,
        name: str,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any = MISSING,
        form: Mapping[str, str] | None = None,
        multipart: Mapping[str, str | File] | None = None,
        body: str | None = None,
        graphql: str | GraphqlOperation | None = None,
        variables: Mapping[str, Any] | None = None,
        values: Mapping[str, Source] | None = None,
        data: Rows | None = None,
        expect: Sequence[Expectation] = (),
        capture: Mapping[str, str | Capture] | None = None,
        timeout: float = 10.0,
        connect_timeout: float | None = None,
        first_byte_timeout: float | None = None,
        follow_redirects: bool = False,
    ) -> None:
        self.name, self.method, self.follow_redirects = name, method, follow_redirects
        timeout_s = Timeouts(*(int((limit or 0) * 1e9) for limit in (timeout, connect_timeout, first_byte_timeout)))
        self.series = ("endpoint", name)
        self._origin: Origin | None = None  # of the frame; there is one target in a run
        self._frame = Frame("", "", {})
        self._values, self._data = dict(values or {}), data
        self.draws = bool(values) or data is not None
        self._path_text = path_text(path)
        self._written_path, self._path = path, path_filler(path)
        content_type, content = body_maker(json, form, multipart, body, graphql, variables)
        self.persisted = content if isinstance(content, PersistedBody) else None
        self._has_query = graphql is not None and method == "GET"  # what is asked stands in the URL
        self._carry(content)
        defaults = DEFAULT_HEADERS | ({"Accept": GRAPHQL_TYPES} if graphql is not None else {})
        defaults |= {"Content-Type": content_type} if content_type and self.body else {}
        self._headers = _headers(defaults, headers or {})
        host = next((text for header, text in self._headers.items() if header == "Host"), None)
        self.has_host, self._host = host is not None, host or Text("")
        self._statuses, self._expect = _split(expect)
        has_answer = graphql is not None and method != "HEAD"
        self._reads_errors = has_answer and not any(mentions_errors(item.what) for item in expect)
        self._capture = {
            key: from_json(what) if isinstance(what, str) else what for key, what in (capture or {}).items()
        }
        readers: list[Expectation | Capture] = [*self._expect, *self._capture.values()]
        self.captures = bool(self._capture)
        needs_body = self._reads_errors or any(reader.needs_body for reader in readers)
        closes = any(key.lower() == "connection" and _is_close(text) for key, text in self._headers.items())
        self.options = SendOptions(method, timeout_s, needs_body, name, closes)

    def _carry(self, content: Body | None) -> None:
        self.body: Body | None = None if self._has_query else content
        if self._has_query and content is not None:
            self._path = query_path(path_filler(self._written_path), content)

    def with_query(self) -> Endpoint:
        """An endpoint that sends the text of the persisted query beside its hash. Raises TypeError without one."""
        if self.persisted is None:
            raise TypeError("PersistedQuery takes an endpoint with `graphql=operation(..., persisted=True)`")
        full = copy(self)
        full._origin = None  # its frame is compiled anew
        full._carry(self.persisted.full)
        return full

    def host(self, values: Values) -> str:
        """The Host header, where the endpoint sets one."""
        text = self._headers.get("Host")
        return text.fill(values) if text else ""

    def manner_of(self, hop: Hop) -> SendOptions:
        return self.options._replace(method=hop.method)

    def draw(self, session: Session) -> None:
        """Gives the visit what this request needs: its row, then values of its own. Raises values.OutOfRows."""
        if self._data is not None:
            session.use_row(self._data)
        for name, source in self._values.items():
            session.values[name] = source()

    def place(self, origin: Origin, values: Values, hop: Hop | None = None) -> CookieOrigin:
        """Where a request with these values goes, as far as cookies care."""
        target = redirect_target(hop.target) if hop else self._path(values, origin.base)
        host = urlsplit(f"//{self._host.fill(values)}").hostname if self.has_host else None
        return CookieOrigin(host or origin.host, target.partition("?")[0], origin.tls)

    def message(self, origin: Origin, values: Values, cookies: str, hop: Hop | None = None) -> bytes:
        """The bytes of one request, or of the one that a redirect asks for.

        Raises KeyError (a value nobody set) or ValueError (one that no header may hold).
        """
        if origin is not self._origin:
            self._origin, self._frame = origin, self._framed(origin)
        frame = self._frame
        if not cookies and hop is None:
            if frame.whole is not None:
                return frame.whole
            if frame.rest:
                message = frame.first
                for name, after in frame.rest:
                    message += percent_encoded(values[name]) + after
                return message.encode("latin-1")
        return self._filled(frame, values, cookies, hop)

    def _framed(self, origin: Origin) -> Frame:
        """What is the same in every request to this origin, made once."""
        lines = [] if "Host" in self._headers else [f"Host: {origin.authority}"]
        lines += [f"{name}: {text.fill({})}" for name, text in self._headers.items() if text.constant]
        block = "".join(f"{_checked(line)}\r\n" for line in lines)
        frame = Frame(origin.base, block, {name: text for name, text in self._headers.items() if not text.constant})
        try:
            return frame._replace(whole=self._filled(frame, {}, "", None))
        except KeyError:  # it has holes
            is_path = self.body is None and not self._has_query  # all that varies
            return self._in_pieces(frame) if is_path and not frame.varying else frame

    def _in_pieces(self, frame: Frame) -> Frame:
        """The whole message as one text with holes, where it can be."""
        template = self._path_text
        fits = all(ord(character) < 256 for character in frame.block)  # else _filled says what is wrong
        if not fits or not template.literals[0]:  # the first value is a URL reference
            return frame
        length = "Content-Length: 0\r\n" if self.method in BODY_METHODS else ""
        last = len(template.names) - 1
        end = f" HTTP/1.1\r\n{frame.block}{length}\r\n"
        holes = zip(template.names, template.literals[1:], strict=True)
        rest = [(name, after + end * (number == last)) for number, (name, after) in enumerate(holes)]
        return frame._replace(first=f"{self.method} {frame.base}{template.literals[0]}", rest=tuple(rest))

    def _filled(self, frame: Frame, values: Values, cookies: str, hop: Hop | None) -> bytes:
        method = hop.method if hop else self.method
        target = redirect_target(hop.target) if hop else self._path(values, frame.base)
        body = self.body(values) if self.body is not None and method == self.method else b""
        head = f"{method} {target} HTTP/1.1\r\n{frame.block}"
        for name, text in frame.varying.items():
            head += _checked(f"{name}: {text.fill(values)}") + "\r\n"
        if method != self.method:
            head = _without_body_headers(head)
        if cookies and "Cookie" not in self._headers:
            head += f"Cookie: {cookies}\r\n"
        if body or method in BODY_METHODS:
            head += f"Content-Length: {len(body)}\r\n"
        try:
            return f"{head}\r\n".encode("latin-1") + body
        except UnicodeEncodeError as error:
            unfit = error.object[error.start]
            raise ValueError(f"{unfit!r} cannot be sent in a header; percent-encode the value") from error

    def judge(self, response: Response) -> Failure | None:
        """The first thing wrong with a response, if any."""
        if response.failure is not None:
            return response.failure
        if self._statuses is None:
            if response.status >= 400:
                return Failure("status", f"status: {response.status}")
        elif response.status not in self._statuses.statuses:
            return Failure("status", self._statuses(response) or "")
        if (
            self._reads_errors
            and (self._statuses is None or OK <= response.status < REDIRECTED)
            and (complaint := graphql_errors(response))
        ):
            return Failure("expectation", complaint)
        for expectation in self._expect:
            if complaint := expectation(response):
                return Failure("expectation", complaint)
        return None

    def captured(self, response: Response) -> tuple[dict[str, Any], Failure | None]:
        """What the response gives to later requests, or the first capture that found nothing."""
        values = {}
        for name, capture in self._capture.items():
            value = capture(response)
            if value is MISSING:
                return {}, Failure("expectation", f"capture {name}: {capture.complaint(response)}")
            values[name] = value
        return values, None


def _checked(line: str) -> str:
    if LINE_BREAK.search(line):
        raise ValueError(f"the header {line.partition(':')[0]} has a line break in it")
    return line


def _is_close(text: Text) -> bool:
    return text.constant and "close" in text.literals[0].lower()


def _without_body_headers(head: str) -> str:
    """What a redirect to a GET leaves out, along with the body (RFC 9110, section 15.4)."""
    lines = head.split("\r\n")
    return "\r\n".join(line for line in lines if line.partition(":")[0].lower() not in BODY_HEADERS)


def _split(expect: Sequence[Expectation]) -> tuple[StatusExpectation | None, list[Expectation]]:
    statuses = next((item for item in expect if isinstance(item, StatusExpectation)), None)
    return statuses, [item for item in expect if item is not statuses]


def _headers(defaults: Mapping[str, str], own: Mapping[str, str]) -> dict[str, Text]:
    """Own headers replace defaults of the same name in any case. Raises ValueError for what is not a header's name,
    and for those that follow from the body."""
    lowered = {name.lower() for name in own}
    merged = {name: value for name, value in defaults.items() if name.lower() not in lowered} | dict(own)
    for name in merged:
        if not _TOKEN.match(name):
            raise ValueError(f"not a header's name: {name!r}")
        if name.lower() in ("content-length", "transfer-encoding"):
            raise ValueError(f"perfgate sets {name} itself: leave it out")
    return {name.title() if name.lower() in ("cookie", "host") else name: Text(value) for name, value in merged.items()}
