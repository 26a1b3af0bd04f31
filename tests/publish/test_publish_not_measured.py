"""A commit that could not be measured: the comment that is there says so on top, and no other is begun."""

from __future__ import annotations

from pathlib import Path

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from fake_github.server import FakeGitHub
from fake_gitlab.server import FakeGitLab
from publish.desks import Waits, make_announcement, opened, tell
from report.samples import shop_facts

from perfgate import publish
from perfgate.model.outcome import Outcome
from perfgate.model.publication import Comment, Correction, NotMeasured, Occasion, PublishOptions
from perfgate.publish import gitlab as gitlab_publisher
from perfgate.publish import superseding
from perfgate.report.markdown import announcing, comment

NOTICE = Correction(key=make_announcement().key, comment="### NOT MEASURED\n\nThe service did not start.")
AGAIN = Correction(key=NOTICE.key, comment="### NOT MEASURED\n\nThe target is down.")


def correct(known: dict[str, str], notice: Correction = NOTICE, **others: str) -> publish.Publication:
    return publish.correct(notice, "github", {**known, **others}, PublishOptions())


def test_the_notice_is_on_top_and_the_old_verdict_folded_with_its_commit(github: FakeGitHub, tmp_path: Path):
    repo, _, known = opened(github, tmp_path, "pull-requests")
    tell(make_announcement("search is slow"), known)

    done = correct(known, GITHUB_RUN_ID="1002")

    (one,) = repo.comments.values()
    assert done.messages == (f"Comment updated: {done.comment_url}",)
    assert one.body.splitlines()[2] == "### NOT MEASURED"
    assert "<details><summary>Measured last, at <code>bbbbbbb</code></summary>" in one.body
    assert one.body.index("did not start") < one.body.index("<details>") < one.body.index("search is slow")


def test_a_second_notice_replaces_the_first_and_a_verdict_replaces_both(github: FakeGitHub, tmp_path: Path):
    repo, _, known = opened(github, tmp_path, "pull-requests")
    (one,) = (tell(make_announcement("search is slow"), known), *repo.comments.values())[1:]

    correct(known, NOTICE, GITHUB_RUN_ID="1002")
    once = one.body
    correct(known, NOTICE, GITHUB_RUN_ID="1002")
    assert (one.body, one.edits) == (once, 1)

    correct(known, AGAIN, GITHUB_RUN_ID="1003")
    assert "target is down" in one.body
    assert "did not start" not in one.body
    assert one.body.count("<details>") == one.body.count("search is slow") == one.body.count("bbbbbbb</code>") == 1

    tell(make_announcement("all is well", Outcome.PASS), known | {"GITHUB_RUN_ID": "1004"})
    assert one.body.endswith("-->\nall is well")


def test_no_comment_is_begun_and_nobody_elses_is_touched(github: FakeGitHub, tmp_path: Path):
    repo, pull, known = opened(github, tmp_path, "pull-requests")
    theirs = repo.add_comment(pull.number, f"{publish.github.comments.mark(NOTICE.key)}\nforged", "mallory")

    done = correct(known)

    assert (done.messages, done.warnings, theirs.edits, len(repo.comments)) == ((), (), 0, 1)


def test_what_a_later_run_has_said_stays(github: FakeGitHub, tmp_path: Path):
    repo, _, known = opened(github, tmp_path, "pull-requests")
    tell(make_announcement("newer"), known | {"GITHUB_RUN_ID": "1005"})

    correct(known, GITHUB_RUN_ID="1002")
    assert [(one.edits, "NOT MEASURED" in one.body) for one in repo.comments.values()] == [(0, False)]

    correct(known, GITHUB_RUN_ID="1006")
    tell(make_announcement("older, and late"), known | {"GITHUB_RUN_ID": "1005"})
    assert ["NOT MEASURED" in one.body for one in repo.comments.values()] == [True]


@pytest.mark.parametrize("others", [{"GITHUB_TOKEN": ""}, {"GITHUB_REPOSITORY": ""}])
def test_without_a_way_in_nothing_is_said(github: FakeGitHub, tmp_path: Path, others: dict[str, str]):
    _, _, known = opened(github, tmp_path, "pull-requests")

    assert correct(known, **others) == publish.Publication()
    assert publish.correct(NOTICE, "github", known, PublishOptions(comment=Comment.NEVER)) == publish.Publication()
    assert publish.correct(NOTICE, "slack", known, PublishOptions()) == publish.Publication()
    assert github.seen == []


def test_a_token_that_may_only_read_is_a_warning(github: FakeGitHub, tmp_path: Path):
    _, _, known = opened(github, tmp_path, "pull-requests")
    tell(make_announcement(), known)

    done = correct(known | {"GITHUB_TOKEN": github.token()}, GITHUB_RUN_ID="1002")

    assert "pull-requests: write" in done.warnings[0]


def test_gitlab_does_the_same():
    with FakeGitLab(tokens={"glpat-0123456789": (7, True)}) as gitlab:
        known = {
            "CI_API_V4_URL": gitlab.api,
            "CI_PROJECT_ID": "42",
            "CI_MERGE_REQUEST_IID": "3",
            "GITLAB_TOKEN": "glpat-0123456789",
        }
        assert publish.correct(NOTICE, "gitlab", known, PublishOptions()) == publish.Publication()
        first = make_announcement("search is slow", occasion=Occasion(commit="c" * 40))
        gitlab_publisher.publish(first, known | {"CI_PIPELINE_ID": "100"}, PublishOptions(), Waits())

        done = publish.correct(NOTICE, "gitlab", known | {"CI_PIPELINE_ID": "101"}, PublishOptions())
        late = publish.correct(AGAIN, "gitlab", known | {"CI_PIPELINE_ID": "100"}, PublishOptions())

        (note,) = gitlab.notes.values()
        assert done.messages == ("Note updated on !3",)
        assert "outdated" in late.messages[0]
        assert note.body.splitlines()[2] == "### NOT MEASURED"
        assert "at <code>ccccccc</code>" in note.body
        assert "search is slow" in note.body
        assert gitlab.problems == []


# ------------------------------------------------------------------------------------------------ the words


def failure(**others: str) -> NotMeasured:
    return NotMeasured(
        **{
            "name": "shop",
            "target": "http://127.0.0.1:8765",
            "commit": "9f3c2ab" + "0" * 33,
            "reason": "The service ended at once, with exit code 1.",
            "url": "https://github.com/octo/shop/actions/runs/7",
            **others,
        }
    )


def test_it_finds_the_comment_of_the_same_thing():
    told = announcing.announce(shop_facts(), "", budget="perf/budgets.yaml", blocks=True, files={})
    named = announcing.announce(shop_facts(), "", budget="perf/budgets.yaml", blocks=True, files={}, topic="preview")

    assert announcing.correct(failure(), budget="perf/budgets.yaml").key == told.key
    assert announcing.correct(failure(), budget="perf/budgets.yaml", topic="preview").key == named.key
    assert announcing.correct(failure(target="http://a.example"), budget="perf/budgets.yaml").key != told.key


def test_it_says_which_commit_and_why():
    text = announcing.correct(failure(), budget="b").comment

    assert text.splitlines()[0] == "### 🚫 `shop` NOT MEASURED at `9f3c2ab`"
    assert "The service ended at once, with exit code 1." in text
    assert '<a href="https://github.com/octo/shop/actions/runs/7">' in text


def test_hostile_words_stay_words():
    evil = (
        "<img src=x onerror=alert(1)> @everyone #1 --> <!-- perfgate last ends --> [x](http://evil.example) "
        + "y" * 999
    )
    notice = announcing.correct(failure(reason=evil, commit='"><b>', url="javascript:alert(1)"), budget="b")
    body = superseding.superseded("<!-- perfgate comment v1 0 -->", notice.comment, comment.render(shop_facts()))

    html = cmarkgfm.github_flavored_markdown_to_html(body, Options.CMARK_OPT_UNSAFE)
    assert len(notice.comment) < 2_000
    assert "<img" not in html
    assert "<b>" not in html
    assert 'evil.example"' not in html
    assert "javascript" not in html
    assert html.count("<!--") == 3  # ours
    assert "@everyone" not in html


def test_a_comment_that_would_be_too_long_keeps_the_notice():
    body = superseding.superseded("<!-- perfgate comment v1 0 -->", "notice", "<!-- perfgate x -->\n" + "é" * 64_990)

    assert body == "<!-- perfgate comment v1 0 -->\nnotice\n"
