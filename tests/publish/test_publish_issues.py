"""The issue that is open while the baseline's branch fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fake_github import events
from fake_github.faults import dropped
from fake_github.server import FakeGitHub
from fake_github.world import Issue, Repository
from publish.desks import at_once, make_announcement, tell

from perfgate.model.outcome import Outcome
from perfgate.model.publication import Announcement, Broken, Occasion
from perfgate.publish.github import issues

HEAD = "b" * 40
KEY = make_announcement().key


@pytest.fixture
def repo(github: FakeGitHub) -> Repository:
    return github.add_repository()


def announced(*names: str, undecided: tuple[str, ...] = (), **occasion: Any) -> Announcement:
    broken = tuple(Broken(endpoint=name, metric="p95", outcome=Outcome.FAIL, sentence=name) for name in names)
    series = tuple((name, "p95") for name in undecided)
    own = {"branch": "main", "on_baseline": True, "broken": broken, "undecided": series, **occasion}
    return make_announcement(f"{len(names)} broken", Outcome.FAIL if names else Outcome.PASS, occasion=Occasion(**own))


def run(github: FakeGitHub, repo: Repository, folder: Path, announcement: Announcement, *write: str, **options: Any):
    payload = events.push(repo, "main", HEAD)
    token = github.token(*(write or ("issues",)))
    known = events.environ(github, repo, "push", payload, folder, token=token, sha=HEAD)
    return tell(announcement, known, **{"issue": True, **options})


def only(repo: Repository) -> Issue:
    (issue,) = repo.issues.values()
    return issue


def test_it_is_opened_kept_and_closed(github: FakeGitHub, repo: Repository, tmp_path: Path):
    assert "Issue opened: " in run(github, repo, tmp_path, announced("search")).messages[-1]
    assert (only(repo).title, only(repo).state) == ("perfgate: shop: main is slower", "open")

    assert "Issue updated" in run(github, repo, tmp_path, announced("search")).messages[-1]
    assert repo.comments == {}

    run(github, repo, tmp_path, announced("search", "home"))
    assert [one.body for one in repo.comments.values()] == ["More is broken.\n\n2 broken"]

    assert "stays open" in run(github, repo, tmp_path, announced(undecided=("search",))).messages[-1]
    assert only(repo).state == "open"

    assert "Issue closed" in run(github, repo, tmp_path, announced(undecided=("other",))).messages[-1]
    assert only(repo).state == "closed"
    assert list(repo.comments.values())[-1].body.startswith("Nothing of this is broken any more.")

    assert "nothing is broken" in run(github, repo, tmp_path, announced()).messages[-1]
    assert "Issue reopened" in run(github, repo, tmp_path, announced("search")).messages[-1]
    assert (len(repo.issues), only(repo).state) == (1, "open")


def test_what_a_person_closed_stays_closed_until_something_else_breaks(
    github: FakeGitHub, repo: Repository, tmp_path: Path
):
    run(github, repo, tmp_path, announced("search"))
    only(repo).state = "closed"

    assert "stays closed" in run(github, repo, tmp_path, announced("search")).messages[-1]
    assert only(repo).state == "closed"

    run(github, repo, tmp_path, announced("search", "home"))
    assert only(repo).state == "open"


def test_nobody_elses_issue_is_touched(github: FakeGitHub, repo: Repository, tmp_path: Path):
    number = next(repo.numbers)
    repo.issues[number] = Issue(number=number, title="forged", author="mallory", body=issues.mark(KEY))

    run(github, repo, tmp_path, announced("search"))

    assert repo.issues[number].title == "forged"
    assert len(repo.issues) == 2


def test_only_runs_of_the_baselines_branch_have_one(github: FakeGitHub, repo: Repository, tmp_path: Path):
    told = run(github, repo, tmp_path, announced("search", branch="feature", on_baseline=False)).messages
    assert "no run of the baseline's branch" in told[-1]

    run(github, repo, tmp_path, announced("search"), issue=False)
    assert repo.issues == {}


def test_without_permission_it_says_what_to_paste(github: FakeGitHub, repo: Repository, tmp_path: Path):
    done = run(github, repo, tmp_path, announced("search"), "pull-requests")

    assert "issues: write" in done.warnings[0]
    assert done.failed == ("issue",)


def test_hundreds_of_broken_budgets_fit(github: FakeGitHub, repo: Repository, tmp_path: Path):
    many = announced(*(f"e{number}" for number in range(400)))
    long = make_announcement("x" * 64_000, occasion=many.occasion)

    run(github, repo, tmp_path, long)
    run(github, repo, tmp_path, long)

    assert len(only(repo).body) < 65_536
    assert repo.comments == {}


CREATE, LIST = "issues/create", "issues/list-for-repo"


def test_two_jobs_at_once_leave_one_open(github: FakeGitHub, repo: Repository, tmp_path: Path):
    github.switches.meet(LIST, 2)

    def job(name: str) -> None:
        folder = tmp_path / name
        folder.mkdir()
        run(github, repo, folder, announced("search"))

    at_once(job, "one", "two")

    assert github.operations().count(CREATE) == 2
    first, second = repo.issues.values()
    assert (first.state, second.state) == ("open", "closed")
    assert second.body == f"The same as #{first.number}, which was there first.\n"

    run(github, repo, tmp_path, announced())
    assert (first.state, second.state) == ("closed", "closed")
    run(github, repo, tmp_path, announced("search"))
    assert (first.state, second.state) == ("open", "closed")


def test_duplicates_of_jobs_that_died_are_tidied_up(github: FakeGitHub, repo: Repository, tmp_path: Path):
    for number in (next(repo.numbers), next(repo.numbers)):
        repo.issues[number] = Issue(
            number=number, title="ours", author="github-actions[bot]", body=issues.mark(KEY) + "\n"
        )

    run(github, repo, tmp_path, announced("search"))

    assert [one.state for one in repo.issues.values()] == ["open", "closed"]


def test_an_answer_lost_on_the_way_opens_no_second_one(github: FakeGitHub, repo: Repository, tmp_path: Path):
    github.switches.faults.append(dropped(operation=CREATE, acts=True))

    done = run(github, repo, tmp_path, announced("search"))

    assert "Issue opened" in done.messages[-1]
    assert (done.warnings, len(repo.issues)) == ((), 1)


def test_an_app_that_cannot_ask_who_it_is_keeps_to_its_first(github: FakeGitHub, repo: Repository, tmp_path: Path):
    for names in (("search",), ("search", "home")):
        payload = events.push(repo, "main", HEAD)
        token = github.token("issues", login="perf-bot[bot]")
        known = events.environ(github, repo, "push", payload, tmp_path, token=token, sha=HEAD)
        told = tell(announced(*names), known, issue=True).messages[-1]

    assert "Issue updated" in told
    assert [one.state for one in repo.issues.values()] == ["open", "closed"]
