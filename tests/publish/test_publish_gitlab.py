"""The note on a merge request: made once, changed in place, ours alone; and what a refusal says."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import forked
import pytest
from fake_gitlab.server import FakeGitLab
from publish.desks import Waits, make_announcement
from report.samples import shop_facts

from perfgate.files import codec
from perfgate.model.outcome import Outcome
from perfgate.model.publication import Announcement, Comment, Publication, PublishOptions
from perfgate.publish import gitlab as publisher
from perfgate.publish import gitlab_notes

TOKEN = "glpat-0123456789"
KEY = make_announcement().key


@pytest.fixture
def gitlab() -> Iterator[FakeGitLab]:
    with FakeGitLab(tokens={TOKEN: (7, True), "glpat-reader": (7, False)}) as fake:
        yield fake
    assert fake.problems == []


def known(gitlab: FakeGitLab, **others: str) -> dict[str, str]:
    own = {"CI_API_V4_URL": gitlab.api, "CI_PROJECT_ID": "42", "CI_MERGE_REQUEST_IID": "3", "GITLAB_TOKEN": TOKEN}
    return {name: value for name, value in {**own, "CI_PIPELINE_ID": "100", **others}.items() if value}


def tell(
    gitlab: FakeGitLab, announcement: Announcement | None = None, waits: Waits | None = None, **others: Any
) -> Publication:
    options = PublishOptions(comment=Comment(others.pop("comment", "always")))
    sleep = Waits() if waits is None else waits
    return publisher.publish(announcement or make_announcement(), known(gitlab, **others), options, sleep)


def test_a_note_is_made_once_and_changed_in_place(gitlab: FakeGitLab):
    first = tell(gitlab)
    second = tell(gitlab, make_announcement("better now", Outcome.PASS), CI_PIPELINE_ID="101")

    (note,) = gitlab.notes.values()
    assert (first.messages, second.messages) == (("Note created on !3",), ("Note updated on !3",))
    assert note.body.endswith("\nbetter now")
    assert (note.merge_request, note.edits) == (3, 1)


def test_the_same_words_are_not_sent_again(gitlab: FakeGitLab):
    tell(gitlab)
    tell(gitlab)

    assert [note.edits for note in gitlab.notes.values()] == [0]


def test_another_budget_file_has_its_own(gitlab: FakeGitLab):
    tell(gitlab)
    tell(gitlab, replace(make_announcement(), key="other.yaml"))

    assert len(gitlab.notes) == 2


def test_nobody_elses_note_is_touched(gitlab: FakeGitLab):
    theirs = gitlab.add(f"{gitlab_notes.mark(KEY)}\nforged", author=8)
    gitlab.add(f"{gitlab_notes.mark(KEY)}\nby the system", system=True)

    tell(gitlab)

    assert theirs.body.endswith("forged")
    assert len(gitlab.notes) == 3


def test_ours_is_found_among_250(gitlab: FakeGitLab):
    for number in range(249):
        gitlab.add(f"note {number}", author=9)
    ours = gitlab.add(f"{gitlab_notes.mark(KEY)}\nold")

    tell(gitlab)

    assert len(gitlab.notes) == 250
    assert ours.body.endswith("the verdict")


def test_two_jobs_at_once_leave_one_note(gitlab: FakeGitLab):
    gitlab.race = f"{gitlab_notes.mark(KEY)}\n<!-- perfgate job 100 -->\nthe other job's"

    tell(gitlab)

    (note,) = gitlab.notes.values()
    assert (note.id, note.body.rpartition("\n")[2]) == (1, "the verdict")


def test_a_late_pipeline_does_not_overwrite_a_later_one(gitlab: FakeGitLab):
    tell(gitlab, make_announcement("new"), CI_PIPELINE_ID="200")

    told = tell(gitlab, make_announcement("old"), CI_PIPELINE_ID="100").messages

    assert "outdated" in told[0]
    assert [note.body.rpartition("\n")[2] for note in gitlab.notes.values()] == ["new"]


@pytest.mark.parametrize(
    ("others", "note", "warning"),
    [
        ({}, True, ""),
        ({"comment": "never"}, False, ""),
        ({"comment": "failures"}, True, ""),
        ({"CI_MERGE_REQUEST_IID": ""}, False, ""),
        ({"CI_MERGE_REQUEST_IID": "", "CI_OPEN_MERGE_REQUESTS": "group/shop!3,group/shop!9"}, True, ""),
        ({"CI_MERGE_REQUEST_PROJECT_ID": "42", "CI_PROJECT_ID": "43"}, True, ""),  # a fork's pipeline
        ({"CI_API_V4_URL": ""}, False, "no job of GitLab CI"),
        ({"GITLAB_TOKEN": ""}, False, "PERFGATE_GITLAB_TOKEN"),
        ({"GITLAB_TOKEN": "", "CI_JOB_TOKEN": "job"}, False, "401 Unauthorized"),
        ({"GITLAB_TOKEN": "glpat-reader"}, False, "role Reporter"),
        ({"GITLAB_TOKEN": "glpat-reader", "PERFGATE_GITLAB_TOKEN": TOKEN}, True, ""),
        ({"CI_PROJECT_ID": "9"}, False, "404 Project Not Found"),
    ],
)
def test_settings_and_places(gitlab: FakeGitLab, others: dict[str, str], note: bool, warning: str):
    done = tell(gitlab, **others)

    assert bool(gitlab.notes) is note
    assert bool(done.warnings) is bool(warning)
    assert warning in "".join(done.warnings)
    assert TOKEN not in "".join((*done.warnings, *done.messages))


def test_a_jobs_token_is_used_where_the_instance_allows_it(gitlab: FakeGitLab):
    gitlab.job_tokens.add("job")

    tell(gitlab, GITLAB_TOKEN="", CI_JOB_TOKEN="job")
    tell(gitlab, make_announcement("again"), GITLAB_TOKEN="", CI_JOB_TOKEN="job")

    assert [note.body.rpartition("\n")[2] for note in gitlab.notes.values()] == ["again"]


def test_with_a_jobs_token_nobody_elses_note_is_touched(gitlab: FakeGitLab):
    gitlab.job_tokens.add("job")
    theirs = gitlab.add(f"{gitlab_notes.mark(KEY)}\nforged", author=8)

    tell(gitlab, GITLAB_TOKEN="", CI_JOB_TOKEN="job")
    tell(gitlab, make_announcement("again"), GITLAB_TOKEN="", CI_JOB_TOKEN="job")

    assert theirs.body.endswith("forged")
    assert [note.body.rpartition("\n")[2] for note in gitlab.notes.values()] == ["forged", "again"]


def test_without_knowing_whose_token_it_is_no_note_is_touched(gitlab: FakeGitLab):
    theirs = gitlab.add(f"{gitlab_notes.mark(KEY)}\nforged", author=8)
    gitlab.hook = lambda _: gitlab.failures.extend([(200, {}, {})] if gitlab.seen[-1][1].endswith("/user") else [])

    done = tell(gitlab)

    assert "whose token" in done.warnings[0]
    assert (theirs.body.endswith("forged"), len(gitlab.notes)) == (True, 1)


def test_nothing_new_begins_no_note_but_updates_one(gitlab: FakeGitLab):
    kept = make_announcement("kept", Outcome.PASS)
    assert "nothing to say" in tell(gitlab, kept, comment="changes").messages[0]

    tell(gitlab)
    tell(gitlab, kept, comment="changes")

    assert [note.body.rpartition("\n")[2] for note in gitlab.notes.values()] == ["kept"]


def test_hiccups_are_waited_for(gitlab: FakeGitLab):
    waits = Waits()
    gitlab.failures = [(429, {"message": "slow down"}, {"Retry-After": "7"}), (502, None, {})]

    done = tell(gitlab, waits=waits)

    assert done.warnings == ()
    assert waits[0] == 7.0
    assert len(gitlab.notes) == 1


def test_an_instance_that_is_gone_is_a_warning(gitlab: FakeGitLab):
    done = tell(gitlab, CI_API_V4_URL="http://127.0.0.1:9/api/v4")

    assert "does not answer" in done.warnings[0]
    assert done.failed == ("comment",)


def test_the_example_of_the_documentation_is_a_valid_pipeline(tmp_path: Path):
    page = (Path(__file__).parents[2] / "docs" / "gitlab.md").read_text(encoding="utf-8")
    example = tmp_path / ".gitlab-ci.yml"
    example.write_text(page.partition("```yaml\n")[2].partition("```")[0], encoding="utf-8")

    command = ["-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"]
    done = subprocess.run([sys.executable, *command, str(example)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_command_line_leads_here(gitlab: FakeGitLab, tmp_path: Path):
    facts = shop_facts()
    folder = tmp_path / ".perfgate" / "runs" / facts.run.id
    folder.mkdir(parents=True)
    codec.write(facts.run, folder / "run.json")
    codec.write(facts.verdict, folder / "verdict.json")
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PERFGATE_", "GITHUB_", "CI_"))}

    env = {**own, **known(gitlab), "CI_PROJECT_DIR": str(tmp_path)}
    done = forked.perfgate("publish", "latest", "--to", "gitlab", cwd=tmp_path, env=env)

    assert (done.returncode, done.stderr.strip()) == (0, "perfgate: Note created on !3")
    assert "`shop` FAIL: 2 of 9 budgets broken" in next(iter(gitlab.notes.values())).body


def test_a_double_that_another_job_has_deleted_is_no_trouble(gitlab: FakeGitLab):
    for _ in range(2):
        gitlab.add(f"{gitlab_notes.mark(KEY)}\nold")
    gitlab.hook = lambda method: gitlab.notes.pop(2, None) if method == "DELETE" else None

    done = tell(gitlab)

    assert (done.messages, done.warnings) == (("Note updated on !3",), ())


def test_a_token_pasted_with_the_end_of_its_line_works(gitlab: FakeGitLab):
    assert tell(gitlab, GITLAB_TOKEN=f"{TOKEN}\n").warnings == ()
