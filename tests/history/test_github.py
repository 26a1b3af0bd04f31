"""The branch read through GitHub's API: by a server that answers from a real repository as GitHub would."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from builders import make_acceptance, make_past_run

from perfgate import history
from perfgate.history import History
from perfgate.history.documents import lean
from perfgate.model.errors import HistoryError

URL = "github:shop/api@perfgate-data"


class FakeGithub(ThreadingHTTPServer):
    def __init__(self, repository: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.repository = repository
        self.asked: list[tuple[str, str]] = []  # path, Authorization
        self.status = 0  # instead of an answer
        self.times = 10**6  # so often
        self.truncated = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def git(self, *arguments: str) -> bytes:
        done = subprocess.run(["git", *arguments], cwd=self.repository, capture_output=True, check=False)
        return done.stdout if done.returncode == 0 else b""


class Handler(BaseHTTPRequestHandler):
    server: FakeGithub

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("authorization", "")))
        if self.server.status and self.server.times:
            self.server.times -= 1
            self.answer(self.server.status, {"message": "No\x1b[31m more"}, **{"x-ratelimit-remaining": "0"})
        elif self.path.startswith("/codeload/"):
            self.answer(
                200, self.server.git("archive", "--format=tar.gz", "--prefix=shop-api-c0ffee/", "perfgate-data")
            )
        elif self.path.startswith("/repos/shop/api"):
            self.repository(self.path.removeprefix("/repos/shop/api"))
        else:
            self.answer(404, {"message": "Not Found"})

    def repository(self, path: str) -> None:
        commit = self.server.git("rev-parse", "--verify", "--quiet", "refs/heads/perfgate-data").decode().strip()
        if path == "":
            self.answer(200, {"full_name": "shop/api"})
        elif path == "/git/ref/heads/perfgate-data" and commit:
            self.answer(200, {"ref": "refs/heads/perfgate-data", "object": {"type": "commit", "sha": commit}})
        elif path == f"/git/trees/{commit}?recursive=1":
            lines = self.server.git("ls-tree", "-r", "-t", commit).decode().splitlines()
            facts = [(*line.partition("\t")[0].split(), line.partition("\t")[2]) for line in lines]
            tree = [{"mode": mode, "type": kind, "sha": sha, "path": path} for mode, kind, sha, path in facts]
            self.answer(200, {"sha": commit, "tree": tree, "truncated": self.server.truncated})
        elif path.startswith("/git/blobs/") and self.headers["accept"] == "application/vnd.github.raw+json":
            self.answer(200, self.server.git("cat-file", "blob", path.rpartition("/")[2]))
        elif path == f"/tarball/{commit}":
            self.answer(302, b"", location=f"{self.server.url}/codeload/shop/api")
        else:
            self.answer(404, {"message": "Not Found"})

    def answer(self, status: int, body: object, **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in ({"content-length": str(len(content))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perfgate.history.files.github.RETRY_WAITS_S", (0.0, 0.0))


@pytest.fixture
def github(tmp_path: Path) -> Iterator[FakeGithub]:
    repository = tmp_path / "api.git"
    subprocess.run(["git", "init", "-q", "--bare", str(repository)], check=True)
    with FakeGithub(repository) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def writer(github: FakeGithub, tmp_path: Path) -> Iterator[History]:
    with history.open(f"git:perfgate-data@file://{github.repository}", root=tmp_path) as store:
        yield store


def opened(github: FakeGithub, folder: Path, url: str = URL, **environ: str) -> History:
    return history.open(url, root=folder, environ={"GITHUB_API_URL": github.url, **environ})


def test_what_git_wrote_is_read(github: FakeGithub, writer: History, tmp_path: Path) -> None:
    runs = [make_past_run(number, acceptances=[make_acceptance()] * (number % 2)) for number in range(1, 4)]
    writer.save_all(runs)
    with opened(github, tmp_path) as store:
        assert store.entries() == writer.entries()
        assert store.names() == ("shop",)
        assert store.runs("shop", branch="main", limit=2) == (lean(runs[2]), lean(runs[1]))
        assert store.get("run-0001") == runs[0]
        writer.save(make_past_run(9))
        assert store.entries() == writer.entries()
    assert {authorization for _, authorization in github.asked} == {""}


def test_many_runs_take_few_questions(github: FakeGithub, writer: History, tmp_path: Path) -> None:
    """Without a token GitHub answers 60 an hour."""
    writer.save_all([make_past_run(number, acceptances=[make_acceptance()]) for number in range(30)])
    with opened(github, tmp_path) as store:
        assert len(store.runs("shop")) == 30
    assert len(github.asked) <= 5


def test_the_token_goes_to_the_api_alone(github: FakeGithub, writer: History, tmp_path: Path) -> None:
    writer.save_all([make_past_run(number) for number in range(20)])
    with opened(github, tmp_path, GITHUB_TOKEN="s3cret") as store:
        store.runs("shop")
    sent = {path.startswith("/codeload/"): authorization for path, authorization in github.asked}
    assert sent == {False: "Bearer s3cret", True: ""}


def test_in_ci_without_a_checkout_a_branch_is_read_the_same_way(
    github: FakeGithub, writer: History, tmp_path: Path
) -> None:
    writer.save(make_past_run(1))
    (tmp_path / "empty").mkdir()
    with opened(github, tmp_path / "empty", "git:perfgate-data", GITHUB_REPOSITORY="shop/api") as store:
        assert len(store.entries()) == 1


def test_writing_says_how(github: FakeGithub, writer: History, tmp_path: Path) -> None:
    writer.save(make_past_run(1))
    with opened(github, tmp_path) as store:
        for act in (
            lambda: store.save(make_past_run(2)),
            lambda: store.accept("run-0001", make_acceptance()),
            lambda: store.delete(["run-0001"]),
        ):
            with pytest.raises(HistoryError, match="cannot be written") as caught:
                act()
            assert "contents: write" in caught.value.hint


def test_a_branch_that_does_not_exist_yet_is_empty(github: FakeGithub, tmp_path: Path) -> None:
    with opened(github, tmp_path) as store:
        assert store.entries() == ()


def test_a_repository_that_may_not_be_seen_is_an_error(github: FakeGithub, tmp_path: Path) -> None:
    store = opened(github, tmp_path, "github:shop/other@perfgate-data")
    with store, pytest.raises(HistoryError, match="404: Not Found") as caught:
        store.entries()
    assert "GITHUB_TOKEN" in caught.value.hint


@pytest.mark.parametrize(("status", "word"), [(403, "limits"), (429, "limits"), (401, "GITHUB_TOKEN"), (502, "later")])
def test_refusals_say_what_to_do(status: int, word: str, github: FakeGithub, tmp_path: Path) -> None:
    github.status = status
    with opened(github, tmp_path) as store, pytest.raises(HistoryError, match=str(status)) as caught:
        store.entries()
    assert word in caught.value.hint
    assert "\x1b" not in caught.value.message


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_hiccup_is_waited_out(status: int, github: FakeGithub, writer: History, tmp_path: Path) -> None:
    writer.save(make_past_run(1))
    github.status, github.times = status, 2
    with opened(github, tmp_path) as store:
        assert len(store.entries()) == 1


def test_what_will_not_change_is_not_asked_again(github: FakeGithub, tmp_path: Path) -> None:
    github.status = 403
    with opened(github, tmp_path) as store, pytest.raises(HistoryError):
        store.entries()
    assert len(github.asked) == 1


def test_a_tree_that_is_cut_off_is_an_error(github: FakeGithub, writer: History, tmp_path: Path) -> None:
    writer.save(make_past_run(1))
    github.truncated = True
    with opened(github, tmp_path) as store, pytest.raises(HistoryError, match="too many files"):
        store.entries()


def test_nobody_answers(tmp_path: Path) -> None:
    store = history.open(URL, root=tmp_path, environ={"GITHUB_API_URL": "http://127.0.0.1:9"})
    with store, pytest.raises(HistoryError, match="cannot be reached"):
        store.entries()


@pytest.mark.parametrize(
    "url", ["github:", "github:shop@x", "github:shop/api", "github:shop/api@", "github:a/b/../c@d"]
)
def test_malformed(url: str, tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="does not name a branch"):
        history.open(url, root=tmp_path)
