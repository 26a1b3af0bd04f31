"""HAR recordings of a browser: one journey per page with its think times, static files apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from perfgate.init import naming, recorded
from perfgate.init.proposal import Endpoint, FileProposal, InitSource, Json, Omission, ProposalOptions, ProposedJourney
from perfgate.init.recorded import METHODS, Recorded
from perfgate.init.secrets import Secrets
from perfgate.init.templating import split_url
from perfgate.model.errors import UsageError
from perfgate.text.plurals import counted

MIN_THINK_S, MAX_THINK_S = 0.2, 30.0  # seconds: less is the browser at work, more is a coffee
STATIC_TYPES = ("script", "stylesheet", "image", "font", "media", "manifest")
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


def recognizes(source: InitSource) -> bool:
    document = source.document
    return isinstance(document, dict) and isinstance(document.get("log"), dict) and "entries" in document["log"]


def convert(source: InitSource, options: ProposalOptions) -> FileProposal:
    omissions: list[Omission] = []
    entries = list(_entries(source.document["log"], omissions))
    if not entries:
        raise UsageError(
            f"{source.name} has no request that could be sent", hint="record again with the page open", code="PG-N003"
        )
    origin = Counter(entry.origin for entry in entries if not entry.is_static).most_common(1)
    origin_name = (origin or Counter(entry.origin for entry in entries).most_common(1))[0][0]
    foreign = Counter(entry.origin for entry in entries if entry.origin != origin_name)
    omissions += [
        Omission(f"{counted(number, 'request')} to {host}", "another host") for host, number in foreign.items()
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
        omissions=tuple(omissions),
        variables=secrets.variables,
        notes=_note(origin),
        rate=max(1.0, 20.0 / max(1, len(endpoints))),
    )


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
            preferred = naming.of_request(request.method, recorded.readable(request.path))
            name = names.take(preferred, naming.with_query(preferred, f"?{request.query}"))
            endpoints[key] = recorded.endpoint(request, name, secrets)
        pause = round(min(MAX_THINK_S, entry.start - end), 1)
        if end and entry.start and pause >= MIN_THINK_S and not entry.is_static:
            yield pause
        yield endpoints[key].name
        end = max(end, entry.end)


def _titles(log: Json) -> dict[str, str]:
    pages = log.get("pages")
    titles: dict[str, str] = {}
    for page in pages if isinstance(pages, list) else ():
        if isinstance(page, dict):
            title = str(page.get("title", ""))
            _, path, _ = split_url(title) if "://" in title else ("", title, "")
            titles[str(page.get("id", ""))] = path
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
            omissions.append(Omission(f"{method} {url[:80].partition('?')[0]}", "no HTTP request that perfgate sends"))
            continue
        start = _seconds(item.get("startedDateTime"))
        length = item.get("time")
        headers = _headers(request)
        body, media_type = _body(request.get("postData"))
        yield _Exchange(
            request=Recorded(method=method, path=path, query=query, headers=headers, body=body, media_type=media_type),
            origin=origin,
            page=str(item.get("pageref", "")),
            start=start,
            end=start + (length / 1000 if isinstance(length, int | float) and length > 0 else 0),
            is_static=_is_static(item, path),
            cookies=next((value for name, value in headers.items() if name.lower() == "cookie"), ""),
        )


def _headers(request: Mapping[str, Json]) -> dict[str, str]:
    written = request.get("headers")
    pairs = [item for item in written if isinstance(item, dict)] if isinstance(written, list) else []
    return {str(pair.get("name", "")): str(pair.get("value", "")) for pair in pairs}


def _body(data: Json) -> tuple[str, str]:
    if not isinstance(data, dict):
        return "", ""
    media_type, text = str(data.get("mimeType", "")), data.get("text")
    if isinstance(text, str) and text:
        return text, media_type
    fields = data.get("params")
    pairs = (
        [(str(field.get("name")), str(field.get("value", ""))) for field in fields] if isinstance(fields, list) else []
    )
    return (urlencode(pairs), recorded.FORM) if pairs else ("", "")


def _is_static(entry: Mapping[str, Json], path: str) -> bool:
    response = entry.get("response")
    content = response.get("content") if isinstance(response, dict) else None
    media = str(content.get("mimeType", "")) if isinstance(content, dict) else ""
    kind = str(entry.get("_resourceType", ""))
    return kind in STATIC_TYPES or media.startswith(STATIC_MEDIA) or recorded.is_static(path)


def _seconds(text: Json) -> float:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return 0.0
