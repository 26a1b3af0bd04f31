"""The comment: found by mark and author, one only, updated in place, whatever GitHub does meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fake_github.faults import Fault, dropped, primary_limit, secondary_limit, server_error
from fake_github.server import FakeGitHub
from fake_github.world import ACTIONS_BOT, refusal
from publish.desks import Waits, at_once, make_announcement, opened, tell

from perfgate.model.outcome import Outcome
from perfgate.publish.github.comments import mark

LIST, CREATE = "issues/list-comments", "issues/create-comment"
UPDATE, DELETE = "issues/update-comment", "issues/delete-comment"


def test_the_first_run_makes_the_comment_and_the_next_changes_it(github: FakeGitHub, tmp_path: Path):
    repo, _, known = opened(github, tmp_path, "pull-requests")

    first = tell(make_announcement("slow"), known)
    second = tell(make_announcement("fine", Outcome.PASS), known)

    (comment,) = repo.comments.values()
    assert comment.body.endswith("\nfine")
    assert comment.edits == 1
    assert first.comment_url == second.comment_url == f"{github.server}/octo/shop/pull/1#issuecomment-{comment.id}"
    assert (first.warnings, second.warnings) == ((), ())


def test_few_requests_are_made(github: FakeGitHub, tmp_path: Path):
    _, _, known = opened(github, tmp_path, "pull-requests")

    tell(make_announcement("slow"), known)
    assert github.operations() == [LIST, CREATE, LIST]
    github.seen.clear()
    tell(make_announcement("fine"), known)
    assert github.operations() == [LIST, UPDATE]
    github.seen.clear()
    tell(make_announcement("fine"), known)
    assert github.operations() == [LIST]  # nothing new, nothing written


def test_it_is_found_among_250_comments(github: FakeGitHub, tmp_path: Path):
    repo, pull, known = opened(github, tmp_path, "pull-requests")
    for number in range(250):
        repo.add_comment(pull.number, f"comment {number}")
    tell(make_announcement("slow"), known)
    for number in range(30):
        repo.add_comment(pull.number, f"later {number}")

    tell(make_announcement("fine"), known)

    ours = [one for one in repo.comments.values() if one.author == ACTIONS_BOT]
    assert [(one.edits, one.body.endswith("fine")) for one in ours] == [(1, True)]


def test_a_comment_with_our_mark_by_somebody_else_is_left_alone(github: FakeGitHub, tmp_path: Path):
    repo, pull, known = opened(github, tmp_path, "pull-requests", "issues")
    forged = repo.add_comment(pull.number, f"{mark('budgets.yaml')}\nall is well", "mallory")

    tell(make_announcement("slow"), known)

    assert forged.body.endswith("all is well")
    assert [one.author for one in repo.comments.values()] == ["mallory", ACTIONS_BOT]


def test_a_comment_that_quotes_our_mark_is_not_ours(github: FakeGitHub, tmp_path: Path):
    repo, pull, known = opened(github, tmp_path, "pull-requests")
    quoting = repo.add_comment(pull.number, f"> {mark('budgets.yaml')}", ACTIONS_BOT)

    tell(make_announcement("slow"), known)

    assert quoting.edits == 0
    assert len(repo.comments) == 2


def test_each_budget_file_has_its_own(github: FakeGitHub, tmp_path: Path):
    repo, _, known = opened(github, tmp_path, "pull-requests")

    for key in ("api/budgets.yaml", "web/budgets.yaml", "api/budgets.yaml"):
        tell(make_announcement(key, key=key), known)

    assert [(one.body.rsplit("\n")[-1], one.edits) for one in repo.comments.values()] == [
        ("api/budgets.yaml", 0),
        ("web/budgets.yaml", 0),
    ]


@pytest.mark.parametrize("login", ["ada", "perf-bot[bot]"])
def test_other_accounts_find_their_own_comment_too(github: FakeGitHub, tmp_path: Path, login: str):
    """A person's token says who it is; an app's does not, so its second comment gives way to its first."""
    repo, _, known = opened(github, tmp_path, "pull-requests", login=login)

    tell(make_announcement("slow"), known)
    tell(make_announcement("fine"), known)

    (comment,) = repo.comments.values()
    assert (comment.author, comment.body.endswith("fine")) == (login, True)


def test_an_app_that_says_who_it_is_makes_no_second_comment(github: FakeGitHub, tmp_path: Path):
    _, _, known = opened(github, tmp_path, "pull-requests", login="perf-bot[bot]")
    tell(make_announcement("slow"), known)
    github.seen.clear()

    tell(make_announcement("fine"), known, author="perf-bot[bot]")

    assert github.operations() == [LIST, UPDATE]


def test_a_token_pasted_with_the_end_of_its_line_works(github: FakeGitHub, tmp_path: Path):
    repo, _, known = opened(github, tmp_path, "pull-requests")

    published = tell(make_announcement("fine"), {**known, "GITHUB_TOKEN": f"{known['GITHUB_TOKEN']}\r\n"})

    assert published.warnings == ()
    assert len(repo.comments) == 1


# ------------------------------------------------------------------------------------------------ races


def test_two_jobs_at_once_leave_one_comment(github: FakeGitHub, tmp_path: Path):
    repo, _, known = opened(github, tmp_path, "pull-requests")
    github.switches.meet(LIST, 2)

    def job(name: str) -> None:
        tell(make_announcement(name), known)

    at_once(job, "one", "two")

    assert github.operations().count(CREATE) == 2
    (comment,) = repo.comments.values()
    assert comment.id == min(seen_ids(github))


def seen_ids(github: FakeGitHub) -> list[int]:
    """Of the comments that were made: the fake counts from 1001."""
    return [1001 + n for n in range(github.operations().count(CREATE))]


def test_somebody_was_faster_and_the_listing_lags_behind(github: FakeGitHub, tmp_path: Path):
    repo, pull, known = opened(github, tmp_path, "pull-requests")
    repo.lag = 2
    rival = f"{mark('budgets.yaml')}\n<!-- perfgate run 1000.1 -->\nrival"
    github.switches.before(CREATE, lambda: repo.add_comment(pull.number, rival, ACTIONS_BOT))

    published = tell(make_announcement("mine"), known)

    (comment,) = repo.comments.values()
    assert (comment.id, comment.body.endswith("mine")) == (1001, True)
    assert published.comment_url.endswith("1001")


def test_duplicates_of_earlier_races_are_tidied_up(github: FakeGitHub, tmp_path: Path):
    repo, pull, known = opened(github, tmp_path, "pull-requests")
    for _ in range(3):
        repo.add_comment(pull.number, f"{mark('budgets.yaml')}\nold", ACTIONS_BOT)

    tell(make_announcement("new"), known)

    assert [one.body.rsplit("\n")[-1] for one in repo.comments.values()] == ["new"]


def test_a_comment_deleted_under_our_hands_is_made_again(github: FakeGitHub, tmp_path: Path):
    repo, _, known = opened(github, tmp_path, "pull-requests")
    tell(make_announcement("slow"), known)
    github.switches.before(UPDATE, repo.comments.clear)

    published = tell(make_announcement("fine"), known)

    assert [one.body.rsplit("\n")[-1] for one in repo.comments.values()] == ["fine"]
    assert published.warnings == ()


def test_an_older_run_that_ends_later_does_not_overwrite(github: FakeGitHub, tmp_path: Path):
    repo, _, known = opened(github, tmp_path, "pull-requests")
    tell(make_announcement("newer"), {**known, "GITHUB_RUN_ID": "2000"})

    outdated = tell(make_announcement("older"), {**known, "GITHUB_RUN_ID": "1999"})
    again = tell(make_announcement("re-run"), {**known, "GITHUB_RUN_ID": "2000", "GITHUB_RUN_ATTEMPT": "2"})

    assert "later run" in outdated.messages[0]
    assert again.messages[0].startswith("Comment updated")
    assert [one.body.rsplit("\n")[-1] for one in repo.comments.values()] == ["re-run"]


# ------------------------------------------------------------------------------------------------ trouble


def test_an_answer_lost_on_the_way_makes_no_second_comment(github: FakeGitHub, tmp_path: Path):
    repo, _, known = opened(github, tmp_path, "pull-requests")
    github.switches.faults += [dropped(operation=CREATE, acts=True)]

    published = tell(make_announcement("slow"), known)

    assert len(repo.comments) == 1
    assert github.operations() == [LIST, CREATE, LIST]
    assert published.warnings == ()


@pytest.mark.parametrize(
    ("make_fault", "waits"),
    [
        (lambda: server_error(502), [1.0]),
        (lambda: server_error(503, times=3), [1.0, 2.0, 4.0]),
        (lambda: dropped(), [1.0]),
        (lambda: secondary_limit(7), [7.5]),
        (lambda: secondary_limit(7, status=429), [7.5]),
        (lambda: secondary_limit(None), [60.5]),
        (lambda: primary_limit(30), [30.5]),
    ],
    ids=["502", "503 three times", "dropped", "403 retry-after", "429", "secondary without a word", "used up"],
)
def test_trouble_that_passes(github: FakeGitHub, tmp_path: Path, make_fault: Callable[[], Fault], waits: list[float]):
    repo, _, known = opened(github, tmp_path, "pull-requests")
    fault = make_fault()
    fault.operation = LIST
    github.switches.faults += [fault]
    waited = Waits()

    published = tell(make_announcement("slow"), known, waited)

    assert waited[: len(waits)] == waits
    assert len(repo.comments) == 1
    assert published.warnings == ()


@pytest.mark.parametrize(
    ("make_fault", "said"),
    [
        (lambda: server_error(500, times=99), "GitHub answered 500"),
        (lambda: dropped(times=99), "does not answer"),
        (lambda: primary_limit(3000), "asks to wait 3000 s"),
        (lambda: secondary_limit(50, times=99), "rate limit"),
    ],
)
def test_trouble_that_stays_is_a_warning_within_bounds(
    github: FakeGitHub, tmp_path: Path, make_fault: Callable[[], Fault], said: str
):
    _, _, known = opened(github, tmp_path, "pull-requests")
    github.switches.faults += [make_fault()]
    waited = Waits()

    published = tell(make_announcement("slow"), known, waited)

    assert said in published.warnings[0]
    assert "verdict stands" in published.warnings[0]
    assert sum(waited) <= 140


def test_a_new_name_of_the_repository_is_followed(github: FakeGitHub, tmp_path: Path):
    repo, _, known = opened(github, tmp_path, "pull-requests")
    comments = f"{github.api}/repos/octo/shop/issues/1/comments?per_page=100"
    github.switches.faults += [moved(301, comments, LIST), moved(307, comments.split("?")[0], CREATE)]

    published = tell(make_announcement("slow"), known)

    assert published.warnings == ()
    assert len(repo.comments) == 1


def test_the_token_goes_to_no_other_host(github: FakeGitHub, tmp_path: Path):
    _, _, known = opened(github, tmp_path, "pull-requests")
    github.switches.faults += [Fault(moved(301, f"{github.store}/repos/octo/shop", LIST).answer, times=99)]

    published = tell(make_announcement("slow"), known)

    assert "another host" in published.warnings[0]


def moved(status: int, to: str, operation: str) -> Fault:
    return Fault(refusal(status, "Moved Permanently", location=to), operation=operation)


# ------------------------------------------------------------------------------------------------ settings


@pytest.mark.parametrize(
    ("mode", "outcome", "made"),
    [
        ("always", Outcome.PASS, True),
        ("changes", Outcome.PASS, False),
        ("changes", Outcome.NO_BASELINE, False),
        ("changes", Outcome.IMPROVED, True),
        ("changes", Outcome.INCONCLUSIVE, True),
        ("changes", Outcome.FAIL, True),
        ("failures", Outcome.WARN, False),
        ("failures", Outcome.FAIL, True),
        ("never", Outcome.FAIL, False),
    ],
)
def test_when_a_comment_is_begun(github: FakeGitHub, tmp_path: Path, mode: str, outcome: Outcome, made: bool):
    repo, _, known = opened(github, tmp_path, "pull-requests")

    tell(make_announcement("x", outcome), known, comment=mode)

    assert bool(repo.comments) is made


@pytest.mark.parametrize("mode", ["changes", "failures"])
def test_a_comment_that_is_there_is_kept_up_to_date(github: FakeGitHub, tmp_path: Path, mode: str):
    repo, _, known = opened(github, tmp_path, "pull-requests")
    tell(make_announcement("slow"), known, comment=mode)

    tell(make_announcement("fine", Outcome.PASS), known, comment=mode)

    assert [one.body.rsplit("\n")[-1] for one in repo.comments.values()] == ["fine"]
