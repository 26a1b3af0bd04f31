"""Which endpoint of the budget file a recorded request belongs to, and whether its answer was a good one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from perfgate.measure.importers.samples import BAD, NOT_SAID, REJECTED, RecordingSource, RequestLabel, Summary, useless
from perfgate.model.budget_file import Endpoint, Part, Request, Test
from perfgate.model.errors import UsageError
from perfgate.model.metric import ResultKind
from perfgate.model.plan import Plan
from perfgate.text import template

HOLE = re.compile(r"\{[^{}]*\}")
_ADDRESS = re.compile(r"(?:([A-Z]+) )?((?:https?://|/)\S*)")


@dataclass(frozen=True, kw_only=True)
class CountedAs:
    """Where a recorded request is counted. `statuses` are the accepted ones, None: all below 400."""

    kind: ResultKind
    name: str
    statuses: frozenset[int] | None = None
    timeout: float = float("inf")  # s
    follows_redirects: bool = False

    def accepts(self, status: int, text: int) -> bool:
        """Follows what the budget file expects; without a word of it, by what the tool said."""
        if status == 0 or text == REJECTED:
            return False
        if self.statuses is not None:
            return status in self.statuses
        return status < 400 if text == NOT_SAID else text != BAD


@dataclass(frozen=True, kw_only=True)
class _EndpointPattern:
    """A request template to hold a URL against."""

    place: CountedAs
    method: str
    path: re.Pattern[str]
    query: Mapping[str, str | None]  # None: any value
    holes: int  # in the path: the fewer, the more exact

    def matches(self, label: RequestLabel) -> bool:
        parts = _split(label.url)
        sent = dict(parse_qsl(parts.query, keep_blank_values=True))
        return (
            label.method.upper() in ("", self.method)
            and self.path.fullmatch(unquote(parts.path) or "/") is not None
            and all(key in sent and value in (None, sent[key]) for key, value in self.query.items())
        )


Matcher = Callable[[RequestLabel], CountedAs | None]  # what a request counts as; None: it is left out


def matcher(plan: Plan, host: str = "") -> Matcher:
    """Matches by the name; else by method and path, the most exact template first: of requests to this host (with its
    port), if there is one. None for what is in no budget. A transaction can only be a journey: the requests in it are
    counted. A part of a request is only what has its very name."""
    places = {endpoint.name: _place(endpoint) for endpoint in plan.endpoints}
    places |= {journey.name: CountedAs(kind="journey", name=journey.name) for journey in plan.journeys}
    lines = {f"{item.request.method} {item.request.path}": places[item.name] for item in plan.endpoints if item.request}
    prefix = urlsplit(HOLE.sub("", plan.target)).path.rstrip("/") if "${" not in plan.target else ""
    unsorted = [_pattern(item.request, places[item.name], prefix) for item in plan.endpoints if item.request]
    patterns = sorted((item for item in unsorted if item), key=lambda item: (item.holes, -len(item.query)))

    def match(label: RequestLabel) -> CountedAs | None:
        if named := places.get(label.name) or lines.get(label.name):
            return named if named.kind == "journey" or not label.is_transaction else None
        if label.is_transaction or label.is_part:
            return None
        label = _addressed(label)
        if not label.url or (host and host_of(label) not in ("", host)):
            return None
        fitting = [pattern for pattern in patterns if pattern.matches(label)]
        is_unclear = not label.method and len({item.method for item in fitting}) > 1  # GET or POST of the same path
        return fitting[0].place if fitting and not is_unclear else None

    return match


def matching_transactions(
    match: Matcher,
) -> Matcher:
    """Matches transactions like requests, where the requests in them have no rows of their own."""
    return lambda label: match(label._replace(is_transaction=False))


def page_matcher(plan: Plan) -> Matcher:
    """Matches views of pages by name, else by path and query; None for what no page or more than one has."""
    prefix = urlsplit(HOLE.sub("", plan.target)).path.rstrip("/") if "${" not in plan.target else ""
    paths = [(page.name, prefix + page.path.partition("#")[0]) for page in plan.pages]

    def match(label: RequestLabel) -> CountedAs | None:
        parts = _split(label.url)
        address = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        names = [name for name, path in paths if label.name == name or address == path]
        return CountedAs(kind="page", name=names[0]) if len(names) == 1 else None

    return match


def application(plan: Plan, labels: Mapping[RequestLabel, int]) -> str:
    """The host, with its port, of the application that was recorded: the budget file's target where some of the labels
    are of it, else the one with the most requests that could be its endpoints'. Empty where no label has any."""
    match = matcher(plan)
    hosts: Counter[str] = Counter()
    for label, requests in labels.items():
        if (host := host_of(label)) and match(label):
            hosts[host] += requests
    with suppress(ValueError):
        if (target := urlsplit(HOLE.sub("", template.expand(plan.target, {}))).netloc.lower()) in hosts:
            return target
    return hosts.most_common(1)[0][0] if hosts else ""


def _split(url: str) -> SplitResult:
    """The parts of a URL; none of what is no URL."""
    with suppress(ValueError):
        return urlsplit(url)
    return urlsplit("")


def host_of(label: RequestLabel) -> str:
    """Where a request went; empty where the recording does not say."""
    return _split(_addressed(label).url).netloc.rpartition("@")[2].lower()


def _addressed(label: RequestLabel) -> RequestLabel:
    """A name that is a path or a URL, with a method before it or without, is an address where there is no other."""
    match = None if label.url else _ADDRESS.fullmatch(label.name)
    return label._replace(method=match[1] or label.method, url=match[2]) if match else label


def _place(endpoint: Endpoint) -> CountedAs:
    if endpoint.request is None:
        return CountedAs(kind="endpoint", name=endpoint.name)
    accepted = [
        frozenset(item.argument)
        for item in endpoint.request.expect
        if item.part is Part.STATUS and item.test is Test.EQUALS
    ]
    return CountedAs(
        kind="endpoint",
        name=endpoint.name,
        statuses=accepted[0] if accepted else None,
        timeout=endpoint.request.timeout,
        follows_redirects=endpoint.request.follow_redirects,
    )


def _pattern(request: Request, place: CountedAs, prefix: str) -> _EndpointPattern | None:
    """Returns None for a path that is one hole: everything would match. `prefix`: the path of the target."""
    path, _, query = request.path.partition("?")
    parts = template.parse(path)
    if not any(isinstance(part, template.Literal) for part in parts):
        return None
    text = "".join(re.escape(unquote(part.text)) if isinstance(part, template.Literal) else "[^/]+" for part in parts)
    return _EndpointPattern(
        place=place,
        method=request.method,
        path=re.compile(f"(?:{re.escape(prefix)})?{text}"),
        query={key: None if HOLE.search(value) else value for key, value in parse_qsl(query, keep_blank_values=True)},
        holes=sum(not isinstance(part, template.Literal) for part in parts),
    )


def summary_matcher(summary: Summary, source: RecordingSource, plan: Plan, endpoint: str) -> Matcher:
    """Matches the rows of a summary: with `endpoint`, all are that page's. Raises UsageError when it is none."""
    if not summary.is_of_pages:
        host = application(plan, {row.label: row.requests for row in summary.rows})
        return unnamed_matcher(matcher(plan, host), source, plan, endpoint)
    names = [page.name for page in plan.pages]
    if not endpoint:
        return page_matcher(plan)
    if endpoint not in names:
        hint = f"Pages: {', '.join(names)}."
        raise UsageError(f"--endpoint {endpoint}: not a page of {plan.source.name}", hint=hint, code="PG-I004")
    return lambda _: CountedAs(kind="page", name=endpoint)


def unnamed_matcher(match: Matcher, source: RecordingSource, plan: Plan, endpoint: str) -> Matcher:
    """Matches requests that a recording does not name, too: they belong to `endpoint`, else to the only one there is;
    with `endpoint` all do. Raises UsageError when it is none, and, once called, when there are several."""
    names = [item.name for item in plan.endpoints]
    if endpoint:
        if endpoint not in names:
            raise UsageError(
                f"--endpoint {endpoint}: not in {plan.source.name}", hint=f"It has: {', '.join(names)}.", code="PG-U007"
            )
        return lambda label: None if label.is_transaction or label.is_part else match(RequestLabel(endpoint))

    def match_label(label: RequestLabel) -> CountedAs | None:
        if any(label):
            return match(label)
        if len(names) != 1:
            raise useless(
                source,
                "it does not say which endpoint was requested",
                hint=f"--endpoint NAME; one of: {', '.join(names)}.",
            )
        return match(RequestLabel(names[0]))

    return match_label
