"""Source of a new budget file: a file, stdin, a service on this machine, or what the folder has."""

from __future__ import annotations

import gzip
import io
import json
import os
import sys
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from perfgate import init, loadtest
from perfgate.init import InitSource, page_links, project
from perfgate.model.errors import TargetError, UsageError
from perfgate.net import http
from perfgate.text.plurals import and_more

Say = Callable[[str], None]

USUAL_PATHS = (
    *("/openapi.json", "/swagger.json", "/v3/api-docs", "/api/openapi.json", "/swagger/v1/swagger.json"),
    *("/api/schema/?format=json", "/openapi.yaml", "/api-docs", "/docs/openapi.json", "/v2/api-docs", "/spec.json"),
)
USUAL_FILES = (
    *("openapi.json", "openapi.yaml", "openapi.yml", "swagger.json", "swagger.yaml", "docs/openapi.*", "api/openapi.*"),
    *("*.har", "*.postman_collection.json", "[Ii]nsomnia*.json", "[Ii]nsomnia*.yaml", "*.jmx", "k6.js", "*.k6.js"),
    *("locustfile.py", "access.log"),
)
USUAL_PORT = "8000"
NO_SOURCE = "PG-N001"  # the code of a folder that shows no requests
MAX_SOURCES = 3  # files that are named
GZIP = b"\x1f\x8b"  # what gzipped files begin with
MAX_BYTES = 256 * 2**20
ANSWER_TIMEOUT_S = 10.0  # s


def read_source(name: str, folder: Path, say: Say) -> tuple[InitSource, str]:
    """The source, and the target that it implies: the origin of a URL. Raises UsageError when there is none."""
    if "://" in name:
        return _fetch(name, folder, say)
    if name == "-":
        if not (text := sys.stdin.read()).strip():
            raise UsageError("stdin is empty", hint="paste curl commands, and end them with Ctrl-D", code="PG-N003")
        return init.source("stdin", text), ""
    path = Path(name) if name else _usual(folder)
    if path is None:
        return _of_routes(folder, say) or _nothing(folder), ""
    return replace(init.source(_inside(path, folder), _text(path)), folder=folder), ""


def _usual(folder: Path) -> Path | None:
    return next((path for pattern in USUAL_FILES for path in sorted(folder.glob(pattern))), None)


def _of_routes(folder: Path, say: Say) -> InitSource | None:
    """What the application's sources say, where no document does; None where they say nothing."""
    document = project.routes(folder)
    if not document:
        return None
    files = list(document["x-sources"])  # type: ignore[call-overload]
    name = f"the routes in {', '.join(files[:MAX_SOURCES])}{and_more(len(files), MAX_SOURCES)}"
    say(f"No OpenAPI document is there, so the file begins with {name}. Values in paths are made up: look at `with`.")
    for pattern in document["x-unread"]:  # type: ignore[attr-defined]
        say(f"  left out: {pattern}: a pattern, not one path")
    return init.source(name, json.dumps(document))


def _nothing(folder: Path) -> NoReturn:
    raise UsageError(
        "There is nothing here to begin with.",
        hint=f"{_first_step(folder)}\n"
        "Known: OpenAPI, HAR, access logs, Postman, Insomnia, JMeter, k6, a locustfile, curl commands.",
        code=NO_SOURCE,
    )


def _first_step(folder: Path) -> str:
    """What to do where no file is: start the application that the folder shows, and name its address."""
    for where, command in project.services(folder):
        if project.PORT in command:
            start = command.removeprefix("exec ").replace(project.PORT, USUAL_PORT)
            return (
                f"{where} shows an application. Start it:  {start}\n"
                f"Then, beside it:  perfgate init http://127.0.0.1:{USUAL_PORT} --service"
            )
    return f"Name a file, or a service that runs: perfgate init http://127.0.0.1:{USUAL_PORT}"


def _inside(path: Path, folder: Path) -> str:
    """The path from the budget file's folder, where it is in it: a locustfile is named so."""
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()


def _plain(content: bytes) -> bytes:
    """The content of a rotated log, gzipped or not, as far as it is read."""
    if not content.startswith(GZIP):
        return content
    try:
        with gzip.open(io.BytesIO(content)) as file:
            return file.read(MAX_BYTES)
    except (EOFError, zlib.error) as error:  # an OSError otherwise
        raise OSError(0, f"it is gzipped, and damaged: {error}") from error


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(
                f"{path} has more than {MAX_BYTES:,} bytes",
                hint="give its last part: tail -n 100000",
                code="PG-N006",
            )
        return _plain(path.read_bytes()).decode("utf-8-sig", errors="replace")
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}", hint="name a file, a URL, or - for stdin", code="PG-U008"
        ) from error


def _fetch(url: str, folder: Path, say: Say) -> tuple[InitSource, str]:
    """What a service on this machine says of itself, at that URL or at one of the usual paths."""
    try:
        loadtest.check_allowed(url, ())
    except TargetError as error:
        raise TargetError(
            f"{urlsplit(url).hostname} is not this machine: `perfgate init` asks no other.",
            hint="Save its OpenAPI document, and name the file: perfgate init openapi.json",
            code=error.code,
        ) from error
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    tried = [url] if parts.path.strip("/") else []
    tried += [f"{url.rstrip('/')}{path}" for path in USUAL_PATHS]
    observed = ""
    with http.HttpSession(timeout=ANSWER_TIMEOUT_S) as session:
        for item in tried:
            try:
                reply = session.exchange("GET", item, headers={"Accept": "application/json, */*"})
            except http.NoReplyError as error:
                raise UsageError(
                    f"{origin} does not answer: {error}", hint="start the service first", code="PG-N009"
                ) from error
            provided = init.source(item, reply.body.decode("utf-8", errors="replace"))
            if reply.status == 200 and isinstance(provided.document, dict) and "paths" in provided.document:
                return provided, origin
            observed = observed or f"{item} answers {reply.status}"
        found = _page(url, session, say) or _of_routes(folder, say)
    if found:
        return found, origin
    raise UsageError(
        f"{url} shows no OpenAPI document ({observed})",
        hint=f"tried: {', '.join(urlsplit(item).path for item in tried)}. "
        "Name its URL or file, or paste curl commands: perfgate init -",
        code="PG-N004",
    )


def _page(url: str, session: http.HttpSession, say: Say) -> InitSource | None:
    """A web page instead of a document: it and what it links to. None where there is no page either."""
    headers = {"Accept": "text/html, */*"}
    reply = session.exchange("GET", url, headers=headers)
    body = reply.body.decode("utf-8", errors="replace")
    if reply.status != 200 or "<html" not in body[:10_000].lower():
        return None
    say(f"{url} shows no OpenAPI document, so the file begins with its page and what that links to.")
    return init.source(url, page_links.commands(url, body))
