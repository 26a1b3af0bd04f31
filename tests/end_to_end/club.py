"""An application with members: form logins with a CSRF token, tokens that expire, ids that may come once, and more of
what test data and sessions meet. It remembers what it was asked."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

FORM = '<form method="post"><input type="hidden" name="csrf" value="{}"></form>'


@dataclass
class Asked:
    method: str
    target: str
    headers: dict[str, str]
    body: str

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def cookies(self) -> dict[str, str]:
        return {name: morsel.value for name, morsel in SimpleCookie(self.headers.get("cookie", "")).items()}

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body).items()}


@dataclass
class Club:
    token_life: float = 1e9  # s
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    answers: list[tuple[str, int]] = field(default_factory=list)  # path and status
    known: set[str] = field(default_factory=set)
    sessions: dict[str, str] = field(default_factory=dict)  # session -> user
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)  # token -> user, until when
    lock: Lock = field(default_factory=Lock)

    def of(self, path: str) -> list[Asked]:
        return [one for one in self.asked if one.path == path]

    def answer(self, asked: Asked) -> tuple[int, list[tuple[str, str]], str]:
        act = getattr(self, f"{asked.method.lower()}_{asked.path.strip('/').split('/')[0]}", None)
        return act(asked) if act else (200, [], "{}")

    def post_things(self, asked: Asked) -> tuple[int, list[tuple[str, str]], str]:
        new = asked.json["id"] not in self.known
        self.known.add(asked.json["id"])
        return (201 if new else 409), [], "{}"

    def get_things(self, asked: Asked) -> tuple[int, list[tuple[str, str]], str]:
        return (200 if asked.path.rpartition("/")[2] in self.known else 404), [], "{}"

    def get_login(self, asked: Asked) -> tuple[int, list[tuple[str, str]], str]:
        """The form; who is logged in already is sent away from it, as usual."""
        if asked.cookies.get("session") in self.sessions:
            return 302, [("Location", "/account")], ""
        csrf = secrets.token_hex(4)
        return 200, [("Set-Cookie", f"csrf={csrf}; Path=/login")], FORM.format(csrf)

    def post_login(self, asked: Asked) -> tuple[int, list[tuple[str, str]], str]:
        if not asked.form.get("csrf") or asked.form["csrf"] != asked.cookies.get("csrf"):
            return 403, [], "csrf"
        session = secrets.token_hex(4)
        self.sessions[session] = asked.form["user"]
        return 303, [("Location", "/account"), ("Set-Cookie", f"session={session}; HttpOnly; Path=/")], ""

    def get_account(self, asked: Asked) -> tuple[int, list[tuple[str, str]], str]:
        user = self.sessions.get(asked.cookies.get("session", ""))
        wanted = parse_qs(urlsplit(asked.target).query).get("user", [user])[0]
        if user is None:
            return 302, [("Location", "/login")], ""
        return (200 if wanted == user else 403), [], "{}"

    def post_token(self, asked: Asked) -> tuple[int, list[tuple[str, str]], str]:
        token = secrets.token_hex(8)
        self.tokens[token] = asked.json.get("user", ""), time.monotonic() + self.token_life
        return 200, [], json.dumps({"access_token": token})

    def get_api(self, asked: Asked) -> tuple[int, list[tuple[str, str]], str]:
        """Of members, or of one: 403 for another's."""
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        user, until = self.tokens.get(token, ("", 0.0))
        if time.monotonic() > until:
            return 401, [], "{}"
        return (200 if re.fullmatch(f"/api(/{re.escape(user)})?", asked.path) else 403), [], "{}"

    def post_oauth(self, asked: Asked) -> tuple[int, list[tuple[str, str]], str]:
        if asked.form.get("grant_type") != "client_credentials" or asked.form.get("client_secret") != "s3cret":
            return 401, [], "{}"
        token = secrets.token_hex(8)
        self.tokens[token] = "", time.monotonic() + self.token_life
        return 200, [], json.dumps({"access_token": token, "token_type": "Bearer"})

    def get_orders(self, asked: Asked) -> tuple[int, list[tuple[str, str]], str]:
        return (200 if asked.headers.get("authorization", "")[7:] in self.tokens else 401), [], "{}"

    def get_keyed(self, asked: Asked) -> tuple[int, list[tuple[str, str]], str]:
        return (200 if asked.headers.get("x-api-key") == "s3cret" else 401), [], "{}"

    def post_graphql(self, asked: Asked) -> tuple[int, list[tuple[str, str]], str]:
        return 200, [], json.dumps({"data": None, "errors": [{"message": "no such field"}]})

    def get_members(self, asked: Asked) -> tuple[int, list[tuple[str, str]], str]:
        return 302, [("Location", "/login")], ""


def _handler(club: Club) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, self.path, headers, body)
            with club.lock:
                status, fields, text = club.answer(asked)
                club.asked.append(asked)
                club.answers.append((asked.path, status))
            self.send_response(status)
            for name, value in [*fields, ("Content-Length", str(len(text)))]:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


class _Server(ThreadingHTTPServer):
    request_queue_size = 100  # a busy machine accepts late, and what finds no place waits a second


@contextmanager
def open_club(**about: Any) -> Iterator[Club]:
    club = Club(**about)
    server = _Server(("127.0.0.1", 0), _handler(club))
    server.daemon_threads = True
    club.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield club
    finally:
        server.shutdown()
        server.server_close()
