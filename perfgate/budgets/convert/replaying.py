"""An access log -> the recorded arrivals of the endpoints that it has requests of."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from perfgate.budgets.shape.texts import split_request
from perfgate.model.budget_file.activity import RecordedArrival
from perfgate.text import log_lines, template
from perfgate.text.log_lines import LogLine
from perfgate.text.template import TemplateError, Value, Variable

GZIP = b"\x1f\x8b"  # how it begins
MAX_SHOWN_HOSTS = 5
PLACEMENT_SEED = 1  # of where in its second a request came, when the log tells whole seconds only


@dataclass(frozen=True, kw_only=True)
class RecordedTraffic:
    """What a log comes to, at its own speed; or what is wrong with it."""

    arrivals: tuple[RecordedArrival, ...] = ()
    left_out: int = 0
    hosts: int = 1  # that its requests went to, as far as it says so
    problem: str = ""
    hint: str = ""


class SendableRequest(NamedTuple):
    """An endpoint that can be started on its own: its name and its `request`."""

    endpoint: str
    line: str


class _RequestPattern(NamedTuple):
    endpoint: str
    method: str
    path: re.Pattern[str]
    query: dict[str, re.Pattern[str]]
    literal: int  # characters: the more, the more particular


def recorded_traffic(
    path: Path, requests: Iterable[SendableRequest], target: str, hosts: Collection[str] = ()
) -> RecordedTraffic:
    """What a log, plain or gzipped, has of these hosts (of none: of all). Raises nothing: what is wrong is the result's
    `problem`."""
    try:
        lines = list(log_lines.lines(_text(path)))
    except (OSError, EOFError, zlib.error) as error:
        return RecordedTraffic(problem=f"cannot be read: {getattr(error, 'strerror', '') or error}")
    known = [line for line in lines if line is not None]
    if not known:
        return RecordedTraffic(
            problem="has no line of an access log", hint="nginx, Apache, Caddy and JSON lines are known"
        )
    if any(line.time is None for line in known):
        return RecordedTraffic(
            problem="does not say when its requests came", hint="a log with a time in each line is needed"
        )
    wanted = {host.lower() for host in hosts}
    chosen = [line for line in known if not wanted or line.host in wanted]
    if not chosen:
        there = sorted({line.host for line in known if line.host})
        shown = ", ".join(f"`{host[:60]}`" for host in there[:MAX_SHOWN_HOSTS]) or "no host"
        return RecordedTraffic(problem=f"has no request to {', '.join(hosts)}", hint=f"it names {shown}")
    patterns = sorted(filter(None, map(_pattern, requests)), key=lambda pattern: -pattern.literal)
    arrivals = list(_arrivals(chosen, patterns, urlsplit(target).path.rstrip("/")))
    if not arrivals:
        return RecordedTraffic(
            problem="has no request of any endpoint", hint="the method and the path before `?` must be the same"
        )
    begin = arrivals[0].due
    return RecordedTraffic(
        arrivals=tuple(arrival._replace(due=arrival.due - begin) for arrival in arrivals),
        left_out=len(lines) - len(arrivals),
        hosts=len({line.host for line in chosen if line.host}) or 1,
    )


def _text(path: Path) -> str:
    """Raises OSError, EOFError or zlib.error."""
    content = path.read_bytes()
    if content.startswith(GZIP):
        content = gzip.decompress(content)
    return content.decode(errors="replace")


def _arrivals(known: Sequence[LogLine], patterns: Sequence[_RequestPattern], base: str) -> Iterator[RecordedArrival]:
    for time, line in _timed(known):
        for pattern in patterns if line.uri.startswith(base) else ():
            values = _match(pattern, line.method, line.uri.removeprefix(base))
            if values is not None:
                yield RecordedArrival(time, pattern.endpoint, values)
                break


def _timed(known: Sequence[LogLine]) -> list[tuple[float, LogLine]]:
    """Returns the requests in order of time. Where a log has whole seconds, they are spread over each at random, in
    their order."""
    times = [line.time or 0.0 for line in known]
    if all(time == int(time) for time in times):
        random = Random(PLACEMENT_SEED)
        seconds: dict[float, list[float]] = {}
        for time in times:
            seconds.setdefault(time, []).append(random.random())
        within = {time: iter(sorted(parts)) for time, parts in seconds.items()}
        times = [time + next(within[time]) for time in times]
    return sorted(zip(times, known, strict=True), key=lambda item: item[0])


def _pattern(request: SendableRequest) -> _RequestPattern | None:
    method, text = split_request(request.line)
    path, _, query = text.partition("?")
    try:
        compiled = _compiled(path)
        pairs = {name: _compiled(value, whole=True) for name, value in parse_qsl(query, keep_blank_values=True)}
    except (TemplateError, re.error):
        return None  # another check reports it
    return _RequestPattern(request.endpoint, method, compiled, pairs, len(re.sub(r"\{[^}]*\}", "", text)))


def _compiled(text: str, *, whole: bool = False) -> re.Pattern[str]:
    """`{x}` matches what has no slash (in a query: anything), a variable of the environment too."""
    anything = ".*" if whole else "[^/]+"
    pattern, named = "", set[str]()
    for part in template.parse(text):
        if isinstance(part, Value) and part.name not in named:
            named.add(part.name)
            pattern += f"(?P<{part.name}>{anything})"
        elif isinstance(part, Value | Variable):
            pattern += anything
        else:
            pattern += re.escape(part.text)
    return re.compile(pattern)


def _match(pattern: _RequestPattern, method: str, uri: str) -> dict[str, str] | None:
    """The values of the path and the query, decoded; None where it is another request."""
    path, _, query = uri.partition("#")[0].partition("?")
    matched = pattern.path.fullmatch(path) if method == pattern.method else None
    if matched is None:
        return None
    values = {name: unquote(value) for name, value in matched.groupdict().items()}
    pairs = dict(parse_qsl(query, keep_blank_values=True)) if pattern.query else {}
    for name, expected in pattern.query.items():
        match = expected.fullmatch(pairs[name]) if name in pairs else None
        if match is None:
            return None
        values |= match.groupdict()
    return values
