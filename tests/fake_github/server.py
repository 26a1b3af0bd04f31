"""A stateful GitHub on 127.0.0.1. Every request and every answer is held against GitHub's own description of its API.

with FakeGitHub() as github:
    repo = github.add_repository("octo", "shop")
    token = github.token("pull-requests")
    ...                                    # requests to github.api
assert github.problems == []
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from fake_github import git_operations, operations
from fake_github.description import DOTCOM, GHES, Call, description
from fake_github.faults import DATE, Dropped, Switches
from fake_github.objects import Rejected
from fake_github.render import Renderer
from fake_github.world import ACTIONS_BOT, NOT_FOUND, NOT_PERMITTED, Account, Answer, Repository, refusal

HANDLERS = {**operations.HANDLERS, **git_operations.HANDLERS}
JSON = "application/json"


@dataclass(frozen=True)
class Seen:
    """A request that came in, for tests to look at."""

    method: str
    path: str
    operation: str
    status: int | None  # None: the connection was dropped
    headers: dict[str, str]
    body: Any


@dataclass
class FakeGitHub:
    flavour: str = DOTCOM
    repositories: dict[str, Repository] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    switches: Switches = field(default_factory=Switches)
    seen: list[Seen] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    knows_forks: bool = True  # whether a fork's commits lead to their pull request

    def __post_init__(self) -> None:
        self.lock = threading.Lock()
        self._servers = [_listening(self, _Api), _listening(self, _Store)]

    def __enter__(self) -> Self:
        for server in self._servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    @property
    def server(self) -> str:
        return f"http://127.0.0.1:{self._servers[0].server_port}"

    @property
    def api(self) -> str:
        return f"{self.server}{self.prefix}"

    @property
    def prefix(self) -> str:
        return "/api/v3" if self.flavour == GHES else ""

    @property
    def store(self) -> str:
        return f"http://127.0.0.1:{self._servers[1].server_port}"

    def add_repository(self, owner: str = "octo", name: str = "shop", **others: Any) -> Repository:
        repo = Repository(owner, name, **others)
        self.repositories[repo.full_name] = repo
        return repo

    def token(self, *write: str, login: str = ACTIONS_BOT, blind: bool = False) -> str:
        """A new token that may write what is named: "pull-requests", "checks", "statuses", "contents", "issues"."""
        kind = "ghs" if login.endswith("[bot]") else "ghp"
        token = f"{kind}_{'0123456789abcdefghijklmnopqrstuvwxyz'[:30]}{len(self.accounts):06d}"
        self.accounts[token] = Account(login=login, write=frozenset(write), blind=blind)
        return token

    def operations(self) -> list[str]:
        """What was asked for, in order."""
        return [seen.operation for seen in self.seen]

    # -------------------------------------------------------------------------------------------------

    def answer(self, method: str, target: str, headers: dict[str, str], raw: bytes) -> Answer:
        """Raises Dropped when the connection is to be closed."""
        url = urlsplit(target)
        path = url.path.removeprefix(self.prefix)
        found = description(self.flavour).find(method, path) if url.path.startswith(self.prefix) else None
        if found is None:
            return self._wrong(method, target, ["GitHub has no such operation (or it is not in the trimmed copy)"])
        operation, path_values = found
        body = json.loads(raw) if raw else None
        known = description(self.flavour)
        typed_path, wrong = known.typed(operation, "path", path_values)
        query, wrong_query = known.typed(operation, "query", dict(parse_qsl(url.query)))
        wrong += wrong_query + known.wrong_body(operation, body) + _wrong_headers(headers, body)
        call = Call(operation=operation, path=typed_path, query=query, body=body)
        if wrong:
            return self._wrong(method, target, wrong)
        try:
            answer = self._act(call, headers, path)
        except Dropped:
            self.seen.append(Seen(method, target, operation.id, None, headers, body))
            raise
        self.seen.append(Seen(method, target, operation.id, answer.status, headers, body))
        if bad := known.wrong_answer(operation, answer.status, answer.content_type, answer.body):
            return self._wrong(method, target, bad)
        return answer

    def _act(self, call: Call, headers: dict[str, str], path: str) -> Answer:
        name = call.operation.id
        for hook in self.switches.hooks.pop(name, []):
            hook()
        with self.lock:
            fault = self.switches.due(name)
            if fault and not fault.acts:
                if fault.answer is None:
                    raise Dropped
                return fault.answer
            answer = self._honest(call, headers, path)
        if barrier := self.switches.barriers.get(name):
            barrier.wait()
        if fault:
            if fault.answer is None:
                raise Dropped
            return fault.answer
        return answer

    def _honest(self, call: Call, headers: dict[str, str], path: str) -> Answer:
        account = self.accounts.get(headers.get("authorization", "").removeprefix("Bearer "))
        if account is None:
            return refusal(401, "Bad credentials" if "authorization" in headers else "Requires authentication")
        render = Renderer(
            description=description(self.flavour),
            api=self.api,
            server=self.server,
            store=self.store,
            accept=headers.get("accept", ""),
            path=path,
            knows_forks=self.knows_forks,
        )
        if call.operation.id == "users/get-authenticated":
            return operations.user(account, render)
        repo = self.repositories.get(f"{call.path['owner']}/{call.path['repo']}")
        if repo is None or (repo.private and account.blind):
            return NOT_FOUND
        needed = operations.NEEDED.get(call.operation.id)
        if needed and not needed & account.write:
            return NOT_PERMITTED if account.is_app else NOT_FOUND
        try:
            return HANDLERS[call.operation.id](repo, call, account, render)
        except Rejected as error:
            return git_operations.refused(error)

    def _wrong(self, method: str, target: str, wrong: list[str]) -> Answer:
        self.problems += [f"{method} {target}: {one}" for one in wrong]
        return refusal(400, f"not as GitHub describes it: {'; '.join(wrong)}")

    def download(self, path: str, headers: dict[str, str]) -> Answer:
        """What the store of artifacts says; a token that comes here has been given away."""
        if "authorization" in headers:
            self.problems.append(f"GET {path}: the token was sent to the store of artifacts")
        *repository, number = path.removeprefix("/artifacts/").split("/")
        repo = self.repositories.get("/".join(repository))
        artifact = repo.artifacts.get(int(number)) if repo and number.isdigit() else None
        return Answer(200, artifact.content, content_type="application/zip") if artifact else NOT_FOUND


def _wrong_headers(headers: dict[str, str], body: Any) -> list[str]:
    wrong = []
    if not headers.get("accept", "").startswith("application/vnd.github"):
        wrong.append(f"Accept should ask for application/vnd.github+json, not {headers.get('accept')!r}")
    if "user-agent" not in headers:
        wrong.append("no User-Agent: GitHub refuses such requests")
    if headers.get("x-github-api-version") != "2022-11-28":
        wrong.append("X-GitHub-Api-Version should be 2022-11-28")
    if body is not None and not headers.get("content-type", "").startswith(JSON):
        wrong.append("Content-Type should be application/json")
    return wrong


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _reply(self, answer: Answer) -> None:
        raw = answer.body if isinstance(answer.body, bytes) else b""
        if not isinstance(answer.body, bytes) and answer.body is not None:
            raw = json.dumps(answer.body).encode()
        self.send_response_only(answer.status)
        self.send_header("Date", DATE)
        self.send_header("Content-Length", str(len(raw)))
        if answer.status != 204:
            self.send_header("Content-Type", answer.content_type)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def _headers(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers.items()}

    def log_message(self, *_: object) -> None:
        pass


class _Api(_Handler):
    def _serve(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            self._reply(self.server.github.answer(self.command, self.path, self._headers(), raw))
        except Dropped:
            self.close_connection = True

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve


class _Store(_Handler):
    def do_GET(self) -> None:
        self._reply(self.server.github.download(self.path, self._headers()))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    github: FakeGitHub


def _listening(github: FakeGitHub, handler: type[_Handler]) -> _Server:
    server = _Server(("127.0.0.1", 0), handler)
    server.github = github
    return server


@contextmanager
def strict_github(kind: str = DOTCOM) -> Iterator[FakeGitHub]:
    """Fails in the end if anything that came was not as GitHub describes it."""
    with FakeGitHub(kind) as fake:
        yield fake
    assert fake.problems == []
