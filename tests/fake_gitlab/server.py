"""A small stateful GitLab on 127.0.0.1: the notes of merge requests, as its REST API describes them.

What is not as GitLab describes it is a problem, for the test to look at.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

LONGEST_NOTE = 1_000_000
_NOTES = re.compile(r"/api/v4/projects/([^/]+)/merge_requests/([0-9]+)/notes(?:/([0-9]+))?")
Answer = tuple[int, Any, dict[str, str]]


@dataclass
class Note:
    id: int
    merge_request: int
    author: int
    body: str
    edits: int = 0
    system: bool = False


JOB_USER = 5  # who started the jobs: their tokens write in this user's name


@dataclass
class FakeGitLab:
    """`tokens`: token -> (user's id, may write). Switches: `failures` are answered first, one after the other."""

    project: str = "42"
    tokens: dict[str, tuple[int, bool]] = field(default_factory=dict)
    job_tokens: set[str] = field(default_factory=set)
    notes: dict[int, Note] = field(default_factory=dict)
    failures: list[Answer] = field(default_factory=list)
    race: str = ""  # a note of our own that another job makes just before ours
    hook: Callable[[str], object] = lambda _method: None  # what happens meanwhile, before each answer
    seen: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.gitlab = self

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/api/v4"

    def add(self, body: str, *, author: int = 7, merge_request: int = 3, system: bool = False) -> Note:
        note = Note(len(self.notes) + 1, merge_request, author, body, system=system)
        self.notes[note.id] = note
        return note

    def answer(self, method: str, target: str, headers: dict[str, str], raw: bytes) -> Answer:
        url = urlsplit(target)
        with self.lock:
            self.seen.append((method, url.path))
            self.hook(method)
            if self.failures:
                return self.failures.pop(0)
            who = self._who(headers)
            if who is None:
                return 401, {"message": "401 Unauthorized"}, {}
            own, user = _own_page(headers), {"id": who[0], "username": "bot"}
            if url.path in ("/api/v4/user", "/api/v4/job"):
                answer = user if own == "user" else {"id": 11, "user": user}
                return (200, answer, {}) if url.path.endswith(own) else (403, {"message": "403 Forbidden"}, {})
            found = _NOTES.fullmatch(url.path)
            if found is None or found[1] != self.project:
                return 404, {"message": "404 Project Not Found"}, {}
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            return self._notes(method, int(found[2]), int(found[3] or 0), query, who, raw)

    def _who(self, headers: dict[str, str]) -> tuple[int, bool] | None:
        if "private-token" in headers:
            return self.tokens.get(headers["private-token"])
        token = headers.get("job-token", "")
        return (JOB_USER, True) if token in self.job_tokens else None

    def _notes(
        self, method: str, number: int, note_id: int, query: dict[str, str], who: tuple[int, bool], raw: bytes
    ) -> Answer:
        if method == "GET" and not note_id:
            return self._page(number, query)
        if not who[1]:
            return 403, {"message": "403 Forbidden"}, {}
        note = self.notes.get(note_id)
        if note_id and (note is None or note.merge_request != number):
            return 404, {"message": "404 Note Not Found"}, {}
        if method == "DELETE":
            del self.notes[note_id]
            return 204, None, {}
        body = json.loads(raw).get("body") if raw else None
        if not isinstance(body, str) or not body or len(body) > LONGEST_NOTE:
            self.problems.append(f"{method}: not a body of a note")
            return 400, {"error": "body is invalid"}, {}
        if method == "POST" and not note_id:
            if self.race:
                self.add(self.race, author=who[0], merge_request=number)
                self.race = ""
            return 201, _shown(self.add(body, author=who[0], merge_request=number)), {}
        if method == "PUT" and note is not None:
            note.body, note.edits = body, note.edits + 1
            return 200, _shown(note), {}
        self.problems.append(f"{method} {number}/{note_id}: there is no such operation")
        return 405, {"error": "405 Not Allowed"}, {}

    def _page(self, number: int, query: dict[str, str]) -> Answer:
        size, page = int(query.get("per_page", "20")), int(query.get("page", "1"))
        if size > 100 or query.get("order_by", "created_at") not in ("created_at", "updated_at"):
            self.problems.append(f"notes asked for with {query}")
        found = [note for note in self.notes.values() if note.merge_request == number]
        found.sort(key=lambda note: note.id, reverse=query.get("sort", "desc") == "desc")
        following = str(page + 1) if len(found) > page * size else ""
        return 200, [_shown(note) for note in found[(page - 1) * size : page * size]], {"X-Next-Page": following}


def _own_page(headers: dict[str, str]) -> str:
    """What a token may ask of itself: a job's token for its job only."""
    return "user" if "private-token" in headers else "job"


def _shown(note: Note) -> dict[str, Any]:
    return {
        "id": note.id,
        "body": note.body,
        "system": note.system,
        "author": {"id": note.author, "username": f"user{note.author}"},
        "noteable_type": "MergeRequest",
        "noteable_iid": note.merge_request,
    }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _serve(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, body, more = self.server.gitlab.answer(self.command, self.path, headers, raw)
        sent = b"" if body is None else json.dumps(body).encode()
        self.send_response_only(status)
        for name, value in ({"Content-Type": "application/json", "Content-Length": str(len(sent))} | more).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(sent)

    do_GET = do_POST = do_PUT = do_DELETE = _serve

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    gitlab: FakeGitLab
