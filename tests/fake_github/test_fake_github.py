"""The fake itself: it answers every operation as GitHub describes it, refuses what GitHub would not know, and fails on
demand."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fake_github.description import DOTCOM, GHES, description
from fake_github.faults import dropped, primary_limit, secondary_limit, server_error
from fake_github.server import HANDLERS, FakeGitHub
from fake_github.world import WRITE

HEADERS = {"Accept": "application/vnd.github+json", "User-Agent": "test", "X-GitHub-Api-Version": "2022-11-28"}


@pytest.fixture(params=[DOTCOM, GHES])
def github(request: pytest.FixtureRequest) -> Iterator[FakeGitHub]:
    with FakeGitHub(request.param) as fake:
        yield fake


def client(github: FakeGitHub, token: str, **headers: str) -> httpx.Client:
    return httpx.Client(base_url=f"{github.api}", headers={**HEADERS, "Authorization": f"Bearer {token}", **headers})


def test_every_operation_of_the_description_is_served(github: FakeGitHub):
    described = {o["operationId"] for i in description(github.flavour).document["paths"].values() for o in i.values()}

    assert described == {*HANDLERS, "users/get-authenticated"}


def test_every_operation_answers_as_github_describes_it(github: FakeGitHub):
    repo = github.add_repository(private=True)
    pull = repo.add_pull(head_sha="b" * 40, head_owner="mallory")
    run = repo.add_run(head_sha=pull.head_sha)
    artifact = repo.add_artifact(run, "perfgate", b"PK")
    api = client(github, github.token(*WRITE))
    root, statuses = "/repos/octo/shop", {}

    def ask(method: str, path: str, body: Any = None, **query: Any) -> Any:
        answer = api.request(method, root + path, json=body, params=query or None)
        statuses[f"{method} {path}"] = answer.status_code
        return answer.json() if answer.content and answer.status_code < 300 else None

    ask("GET", "")
    comment = ask("POST", "/issues/1/comments", {"body": "hello"})
    assert ask("PATCH", f"/issues/comments/{comment['id']}", {"body": "hello again"})["body"] == "hello again"
    assert [c["body"] for c in ask("GET", "/issues/1/comments", per_page=100)] == ["hello again"]
    ask("DELETE", f"/issues/comments/{comment['id']}")
    assert ask("GET", "/issues/1/comments") == []
    ask("POST", "/issues/1/labels", {"labels": ["slow"]})
    assert [label["name"] for label in ask("GET", "/issues/1/labels")] == ["slow"]
    ask("DELETE", "/issues/1/labels/slow")
    issue = ask("POST", "/issues", {"title": "main got slower", "labels": ["perfgate"]})
    ask("PATCH", f"/issues/{issue['number']}", {"state": "closed"})
    assert [one["number"] for one in ask("GET", "/issues", state="closed", labels="perfgate")] == [issue["number"]]
    assert ask("GET", "/pulls/1")["head"]["sha"] == pull.head_sha
    assert [one["number"] for one in ask("GET", "/pulls", head="mallory:feature", state="open")] == [1]
    assert [one["number"] for one in ask("GET", f"/commits/{pull.head_sha}/pulls")] == [1]
    output = {"title": "1 budget broken", "summary": "s", "annotations": []}
    check = {"name": "perfgate", "head_sha": pull.head_sha, "status": "completed", "conclusion": "failure"}
    made = ask("POST", "/check-runs", {**check, "output": output})
    ask("PATCH", f"/check-runs/{made['id']}", {"conclusion": "success", "status": "completed"})
    assert ask("GET", f"/commits/{pull.head_sha}/check-runs")["check_runs"][0]["conclusion"] == "success"
    ask("POST", f"/statuses/{pull.head_sha}", {"state": "success", "context": "perfgate"})
    assert [one["state"] for one in ask("GET", f"/commits/{pull.head_sha}/statuses")] == ["success"]
    assert ask("GET", f"/actions/runs/{run}")["head_sha"] == pull.head_sha
    assert ask("GET", f"/actions/runs/{run}/artifacts", name="perfgate")["artifacts"][0]["id"] == artifact.id
    assert ask("GET", f"/actions/artifacts/{artifact.id}")["name"] == "perfgate"
    ask("GET", f"/actions/artifacts/{artifact.id}/zip")
    assert api.get("/user").status_code == 403

    assert github.problems == []
    assert {status for path, status in statuses.items() if not path.endswith("/zip")} <= {200, 201, 204}


def test_git_objects_make_a_branch_that_can_be_read_without_a_clone(github: FakeGitHub):
    repo = github.add_repository()
    api = client(github, github.token("contents"))
    root = "/repos/octo/shop"

    blob = api.post(f"{root}/git/blobs", json={"content": "{}", "encoding": "utf-8"}).json()
    entries = [{"path": "runs/2026/a.json", "mode": "100644", "type": "blob", "sha": blob["sha"]}]
    tree = api.post(f"{root}/git/trees", json={"tree": entries}).json()
    commit = api.post(f"{root}/git/commits", json={"message": "m", "tree": tree["sha"], "parents": []}).json()
    made = api.post(f"{root}/git/refs", json={"ref": "refs/heads/data", "sha": commit["sha"]})
    again = api.post(f"{root}/git/refs", json={"ref": "refs/heads/data", "sha": commit["sha"]})
    other = api.post(f"{root}/git/commits", json={"message": "n", "tree": tree["sha"], "parents": []}).json()
    forced_off = api.patch(f"{root}/git/refs/heads/data", json={"sha": other["sha"]})
    raw = api.get(
        f"{root}/contents/runs/2026/a.json",
        params={"ref": "data"},
        headers={"Accept": "application/vnd.github.raw+json"},
    )
    listed = api.get(f"{root}/contents/runs/2026", params={"ref": "data"}).json()
    whole = api.get(f"{root}/git/trees/{tree['sha']}", params={"recursive": "1"}).json()

    assert blob["sha"] == "9e26dfeeb6e641a33dae4961196235bdb965b21b"  # echo -n '{}' | git hash-object --stdin
    assert (made.status_code, again.status_code, forced_off.status_code) == (201, 422, 422)
    assert (raw.content, [one["path"] for one in listed]) == (b"{}", ["runs/2026/a.json"])
    assert [one["path"] for one in whole["tree"]] == ["runs", "runs/2026", "runs/2026/a.json"]
    assert api.get(f"{root}/git/ref/heads/data").json()["object"]["sha"] == repo.objects.refs["refs/heads/data"]
    assert api.get(f"{root}/git/commits/{commit['sha']}").json()["tree"]["sha"] == tree["sha"]
    assert api.get(f"{root}/compare/data...{commit['sha']}").json()["merge_base_commit"]["sha"] == commit["sha"]
    assert api.get(f"{root}/git/blobs/{blob['sha']}").json()["encoding"] == "base64"
    assert github.problems == []


def test_250_comments_come_in_pages(github: FakeGitHub):
    repo = github.add_repository()
    repo.add_pull()
    for number in range(250):
        repo.add_comment(1, f"comment {number}")
    api = client(github, github.token())
    sizes, url = [], "/repos/octo/shop/issues/1/comments?per_page=100"
    while url:
        page = api.get(url)
        sizes.append(len(page.json()))
        url = page.links.get("next", {}).get("url", "")

    assert sizes == [100, 100, 50]
    assert github.problems == []


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("GET", "/repos/octo/shop/issues/1/comments?per-page=100", None, "unknown query parameter per-page"),
        ("POST", "/repos/octo/shop/issues/1/comments", {"text": "x"}, "unknown key text"),
        ("POST", "/repos/octo/shop/issues/1/comments", {"body": 7}, "7 is not of type 'string'"),
        ("POST", "/repos/octo/shop/statuses/abc", {"state": "passed"}, "'passed' is not one of"),
        ("GET", "/repos/octo/shop/nothing", None, "no such operation"),
        (
            "POST",
            "/repos/octo/shop/check-runs",
            {
                "name": "x",
                "head_sha": "a" * 40,
                "output": {
                    "title": "t",
                    "summary": "s",
                    "annotations": [
                        {"path": "p", "start_line": 1, "end_line": 1, "annotation_level": "failure", "message": "m"}
                    ]
                    * 51,
                },
            },
            "is too long",
        ),
    ],
)
def test_what_github_would_not_understand_is_a_problem(
    github: FakeGitHub, method: str, path: str, body: Any, said: str
):
    github.add_repository().add_pull()

    answer = client(github, github.token(*WRITE)).request(method, path, json=body)

    assert answer.status_code == 400
    assert said in github.problems[0]


def test_a_request_without_a_user_agent_or_version_is_a_problem(github: FakeGitHub):
    github.add_repository()

    client(github, github.token(), **{"X-GitHub-Api-Version": "2099-01-01"}).get("/repos/octo/shop")

    assert "X-GitHub-Api-Version" in github.problems[0]


@pytest.mark.parametrize(
    ("login", "blind", "expected"),
    [("github-actions[bot]", False, 403), ("ada", False, 404), ("github-actions[bot]", True, 404)],
)
def test_tokens_that_may_not_write(github: FakeGitHub, login: str, blind: bool, expected: int):
    github.add_repository(private=True).add_pull()
    api = client(github, github.token(login=login, blind=blind))

    assert api.post("/repos/octo/shop/issues/1/comments", json={"body": "x"}).status_code == expected
    assert github.problems == []


def test_faults_happen_as_often_as_asked_and_where_asked(github: FakeGitHub):
    github.add_repository().add_pull()
    api = client(github, github.token("issues"))
    create, comments = "issues/create-comment", "/repos/octo/shop/issues/1/comments"
    github.switches.faults += [
        server_error(503, operation=create),
        secondary_limit(7, operation=create),
        primary_limit(30, operation=create),
        dropped(operation=create, acts=True),
    ]

    answers = [api.post(comments, json={"body": "x"}) for _ in range(3)]
    with pytest.raises(httpx.RemoteProtocolError):
        api.post(comments, json={"body": "x"})

    assert [answer.status_code for answer in answers] == [503, 403, 403]
    assert answers[1].headers["retry-after"] == "7"
    assert answers[2].headers["x-ratelimit-remaining"] == "0"
    assert len(api.get(comments).json()) == 1  # done, though nobody heard
    assert github.problems == []


def test_listings_may_lag_behind_and_two_may_look_at_once(github: FakeGitHub):
    repo = github.add_repository(lag=1)
    repo.add_pull()
    repo.add_comment(1, "new")
    token = github.token()
    github.switches.meet("issues/list-comments", 2)
    counts: list[int] = []

    def look() -> None:
        counts.append(len(client(github, token).get("/repos/octo/shop/issues/1/comments").json()))

    both = [threading.Thread(target=look) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()

    assert sorted(counts) == [0, 1]
    assert github.problems == []


def test_a_token_sent_to_the_store_of_artifacts_is_a_problem(github: FakeGitHub):
    repo = github.add_repository()
    artifact = repo.add_artifact(repo.add_run(head_sha="b" * 40), "perfgate", b"PK")
    token = github.token()
    link = client(github, token).get(f"/repos/octo/shop/actions/artifacts/{artifact.id}/zip").headers["location"]

    assert httpx.get(link).content == b"PK"
    assert github.problems == []
    httpx.get(link, headers={"Authorization": f"Bearer {token}"})
    assert "token was sent" in github.problems[0]
