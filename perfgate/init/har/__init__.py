"""HAR recordings of a browser: one journey per page with its think times, static files apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from perfgate.init import naming, recorded
from perfgate.init.har import bodies
from perfgate.init.proposal import Endpoint, FileProposal, InitSource, Json, Omission, ProposalOptions, ProposedJourney
from perfgate.init.recorded import METHODS, Recorded
from perfgate.init.secrets import Secrets
from perfgate.init.templating import split_url
from perfgate.model.errors import UsageError
from perfgate.text.plurals import counted

MIN_THINK_S, MAX_THINK_S = 0.2, 30.0  # seconds: less is the browser at work, more is a coffee
MAX_SHOWN_CHARS = 80  # of a URL that is left out
STATIC_TYPES = ("script", "stylesheet", "image", "font", "media", "manifest")
REDIRECTS = (301, 302, 303, 307, 308)
STATIC_MEDIA = ("image/", "font/", "text/css", "text/javascript", "application/javascript", "video/", "audio/")


@dataclass(frozen=True, kw_only=True)
class _Exchange:
    request: Recorded
    origin: str
    page: str
    start: float  # seconds since 1970, 0 where the recording does not say it
    end: float
    is_static: bool
    cookies: str
    status: int
    parts: Mapping[str, str]  # of a multipart body without files


def recognizes(source: InitSource) -> bool:
    document = source.document
    return isinstance(document, dict) and isinstance(document.get("log"), dict) and "entries" in document["log"]


def convert(source: InitSource, options: ProposalOptions) -> FileProposal:
    omissions: list[Omission] = []
    entries = list(_entries(source.document["log"], omissions))
    if not entries:
        why = f": {omissions[0].why}" if omissions else ""
        message = f"{source.name} has no request that could be sent{why}"
        raise UsageError(message, hint="record again with the page open", code="PG-N003")
    origin_name = _origin(entries, options)
    foreign = Counter(entry.origin for entry in entries if entry.origin != origin_name)
    omissions += [
        Omission(f"{counted(number, 'request')} to {host}", "another host; `--target URL` chooses which")
        for host, number in foreign.items()
    ]
    return _proposal(
        [entry for entry in entries if entry.origin == origin_name], origin_name, omissions, source, options
    )


def _proposal(
    entries: list[_Exchange], origin: str, omissions: list[Omission], source: InitSource, options: ProposalOptions
) -> FileProposal:
    secrets, names = Secrets(), naming.UniqueNames()
    pages = _titles(source.document["log"])
    journeys: list[ProposedJourney] = []
    endpoints: dict[object, Endpoint] = {}
    for page in dict.fromkeys(entry.page for entry in entries):
        of_page = sorted((entry for entry in entries if entry.page == page), key=lambda entry: entry.start)
        title = naming.plain(pages.get(page, "")) or "visit"
        for is_static, name in ((False, title), (True, f"{title}: static files")):
            alike = [entry for entry in of_page if entry.is_static is is_static]
            steps = list(_steps(alike, endpoints, names, secrets))
            if steps:
                comment = "styles, scripts, images and fonts, apart from the rest" if is_static else ""
                journeys.append(ProposedJourney(name=name, steps=tuple(steps), comment=comment))
    if any(entry.cookies for entry in entries):
        omissions.append(Omission("recorded cookies", "perfgate keeps those that the answers of a visit set"))
    journey_names = naming.UniqueNames([endpoint.name for endpoint in endpoints.values()])
    return FileProposal(
        target=options.target or origin,
        endpoints=tuple(endpoints.values()),
        journeys=tuple(
            ProposedJourney(name=journey_names.take(journey.name), steps=journey.steps, comment=journey.comment)
            for journey in journeys
        ),
        omissions=tuple(dict.fromkeys(omissions)),
        variables=secrets.variables,
        notes=_note(origin),
        rate=max(1.0, 20.0 / max(1, len(endpoints))),
    )


def _origin(entries: list[_Exchange], options: ProposalOptions) -> str:
    """The host that is meant: the target, where it was recorded, else the one with most requests."""
    known = Counter(entry.origin for entry in entries)
    common = Counter(entry.origin for entry in entries if not entry.is_static) or known
    return recorded.chosen_origin([common.most_common(1)[0][0], *known], options.target)


def _note(origin: str) -> tuple[str, ...]:
    is_local = any(f"//{host}" in origin for host in ("127.0.0.1", "localhost", "[::1]"))
    return () if is_local else (f"Recorded at {origin}: load goes there only with its host under `allow`.",)


def _steps(
    entries: list[_Exchange], endpoints: dict[object, Endpoint], names: naming.UniqueNames, secrets: Secrets
) -> Iterator[str | float]:
    """Endpoints and pauses of one page; a request that was there before is the same endpoint."""
    end = 0.0
    for entry in entries:
        request = entry.request
        key = (request.method, request.path, request.query, request.body)
        if key not in endpoints:
            preferred = recorded.name_of(request, secrets)
            name = names.take(preferred, naming.with_query(preferred, f"?{request.query}"))
            endpoints[key] = _endpoint(entry, name, secrets)
        pause = round(min(MAX_THINK_S, entry.start - end), 1)
        if end and entry.start and pause >= MIN_THINK_S and not entry.is_static:
            yield pause
        yield endpoints[key].name
        end = max(end, entry.end)


def _endpoint(entry: _Exchange, name: str, secrets: Secrets) -> Endpoint:
    endpoint = recorded.endpoint(entry.request, name, secrets)
    if entry.parts:
        endpoint = replace(endpoint, body_key="multipart", body=secrets.fields(entry.parts))
    # a redirect is expected: one that leads to a login is no success
    return replace(endpoint, expect={"status": entry.status}) if entry.status in REDIRECTS else endpoint


def _titles(log: Json) -> dict[str, str]:
    pages = log.get("pages")
    titles: dict[str, str] = {}
    for page in pages if isinstance(pages, list) else ():
        if isinstance(page, dict):
            title = str(page.get("title", ""))
            _, path, _ = split_url(title) if "://" in title else ("", title, "")
            titles[str(page.get("id", ""))] = recorded.readable(re.sub(r"\?\S*=\S*", "", path), Secrets())
    return titles


def _entries(log: Json, omissions: list[Omission]) -> Iterator[_Exchange]:
    written = log.get("entries")
    for item in written if isinstance(written, list) else ():
        request = item.get("request") if isinstance(item, dict) else None
        if not isinstance(request, dict):
            continue
        method, url = str(request.get("method", "")).upper(), str(request.get("url", ""))
        origin, path, query = split_url(url) if "://" in url else ("", "", "")
        if not origin or method not in METHODS:
            shown = re.sub(r"//[^/@]*@", "//", url.partition("?")[0])
            shown = recorded.readable(shown, Secrets())[:MAX_SHOWN_CHARS]
            omissions.append(Omission(f"{method} {shown}", "no HTTP request that perfgate sends"))
            continue
        if why := _why_not(item, request):
            shown = recorded.readable(path, Secrets())[:MAX_SHOWN_CHARS]
            omissions.append(Omission(f"{method} {shown}", why))
            continue
        start = _seconds(item.get("startedDateTime"))
        length = item.get("time")
        headers = _headers(request)
        body, media_type = bodies.text_of(request.get("postData"))
        parts = bodies.parts_of(request.get("postData"))
        yield _Exchange(
            request=Recorded(method=method, path=path, query=query, headers=headers, body=body, media_type=media_type),
            origin=origin,
            page=str(item.get("pageref", "")),
            start=start,
            end=start + (length / 1000 if isinstance(length, int | float) and length > 0 else 0),
            is_static=_is_static(item, path),
            cookies=next((value for name, value in headers.items() if name.lower() == "cookie"), ""),
            status=_status(item),
            parts=parts,
        )


def _why_not(entry: Mapping[str, Json], request: Mapping[str, Json]) -> str:
    """Why an HTTP request is no part of the load; empty where it is."""
    status, headers = _status(entry), {name.lower() for name in _headers(request)}
    if str(request.get("method")).upper() == "OPTIONS" and "access-control-request-method" in headers:
        return "a preflight, which browsers send by themselves"
    if status == 101 or entry.get("_resourceType") == "websocket":
        return "a WebSocket: write it by hand under `websocket`"
    if "event-stream" in _media(entry):
        return "its answer is a stream without an end: write it by hand under `events`"
    if status < 0:
        return ""
    if status == 0:
        return "it had no answer when it was recorded"
    return (
        f"it was answered {status} when it was recorded" if status >= 400 else bodies.why_not(request.get("postData"))
    )


def _status(entry: Mapping[str, Json]) -> int:
    """The status of the answer; 0 where there was none, -1 where the recording does not say."""
    response = entry.get("response")
    status = response.get("status") if isinstance(response, dict) else None
    return status if isinstance(status, int) else -1


def _headers(request: Mapping[str, Json]) -> dict[str, str]:
    written = request.get("headers")
    pairs = [item for item in written if isinstance(item, dict)] if isinstance(written, list) else []
    return {str(pair.get("name", "")): str(pair.get("value", "")) for pair in pairs}


def _is_static(entry: Mapping[str, Json], path: str) -> bool:
    kind = str(entry.get("_resourceType", ""))
    return kind in STATIC_TYPES or _media(entry).startswith(STATIC_MEDIA) or recorded.is_static(path)


def _media(entry: Mapping[str, Json]) -> str:
    """The media type of the answer."""
    response = entry.get("response")
    content = response.get("content") if isinstance(response, dict) else None
    return str(content.get("mimeType", "")) if isinstance(content, dict) else ""


def _seconds(text: Json) -> float:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return 0.0
