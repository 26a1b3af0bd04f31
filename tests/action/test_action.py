"""action.yml from a fresh clone to a comment on GitHub: its steps run for real, on the demo shop."""

from __future__ import annotations

import json
from pathlib import Path

from action.interpreter import commands
from action.workplace import FAULT, Workplace
from fake_github.world import ACTIONS_BOT

HEAD = "b" * 40


def test_main_records_and_a_broken_pull_request_is_told(workplace: Workplace):
    main = workplace.push_to_main().run(install="false")

    assert main.outcome == "success", main.log
    assert main.outputs["verdict"] in ("pass", "no-baseline", "inconclusive", "warn")
    assert workplace.branches() == ["main", "perfgate-data"]
    remembered = workplace.remembered()

    pull = workplace.repo.add_pull(head_sha=HEAD)
    job = workplace.pull_request(pull, "pull-requests", fault=FAULT).run(install="false")

    assert job.outcome == "failure", job.log
    assert (job.outputs["verdict"], job.outputs["exit-code"]) == ("fail", "1")
    assert int(job.outputs["failed-count"]) >= 1
    (comment,) = workplace.repo.comments.values()
    assert (comment.issue, comment.author) == (pull.number, ACTIONS_BOT)
    assert "`search` errors" in comment.body
    assert f'<img src="{workplace.github.server}/octo/shop/blob/' in comment.body
    assert job.outputs["comment-url"].endswith(f"#issuecomment-{comment.id}")
    assert job.outputs["comment-file"] == ""
    assert "search" in job.summary
    assert any(line.startswith("::error file=budgets.yaml,line=") for line in commands(job.log)), job.log
    assert json.loads(Path(job.outputs["report-json"]).read_text())["outcome"] == "fail"
    assert Path(job.outputs["report-html"]).is_file()
    assert set(job.artifacts) == {"perfgate", "perfgate-runs-perfgate"}
    # A pull request moves no baseline, and its own code never sees the token.
    assert workplace.remembered() == remembered
    assert job.token not in job.log
    seen_by_the_service = (job.workspace / "service.env").read_text()
    assert "PORT=" in seen_by_the_service
    assert job.token not in seen_by_the_service
    assert "GITHUB_OUTPUT" not in seen_by_the_service
    # Not in what /proc shows of perfgate, of the action's script and of the runner's shell either.
    seen_of_its_ancestors = (job.workspace / "ancestors.txt").read_text(errors="replace")
    assert "action/gate.py" in seen_of_its_ancestors
    assert "INPUT_FAIL_ON=fail" in seen_of_its_ancestors
    assert job.token not in seen_of_its_ancestors


def test_a_token_that_may_not_comment_changes_no_verdict_and_the_second_workflow_tells(workplace: Workplace):
    workplace.push_to_main().run(install="false")
    pull = workplace.repo.add_pull(head_sha=HEAD, head_owner="mallory")

    first = workplace.pull_request(pull, fault=FAULT).run(install="false")

    assert first.outcome == "failure", first.log
    assert first.outputs["verdict"] == "fail"
    assert "`search` errors" in Path(first.outputs["comment-file"]).read_text()
    assert workplace.repo.comments == {}

    run_id = workplace.repo.add_run(head_sha=HEAD)
    for name, content in first.artifacts.items():
        workplace.repo.add_artifact(run_id, name, content)
    second = workplace.second_workflow(pull, run_id).run(install="false", from_workflow_run="true")

    assert second.outcome == "success", second.log
    (comment,) = workplace.repo.comments.values()
    assert comment.issue == pull.number
    assert "`search` errors" in comment.body
    assert "judged by the budgets and the history of this repository" in comment.body
    assert "<picture>" in comment.body  # drawn here, of figures that were judged here
    assert "actions/get-artifact" not in workplace.github.operations()  # one download, of the figures alone
    assert workplace.github.operations().count("actions/download-artifact") == 1


def test_a_comment_does_not_go_on_showing_what_is_not_so_any_more(workplace: Workplace):
    pull = workplace.repo.add_pull(head_sha=HEAD)
    workplace.pull_request(pull, "pull-requests", fault=FAULT).run(install="false", charts="none")
    pull.head_sha = "c" * 40

    job = workplace.pull_request(pull, "pull-requests", PERFGATE_TARGET="http://127.0.0.1:1").run(install="false")

    assert (job.outcome, job.outputs["exit-code"]) == ("failure", "3"), job.log
    (comment,) = workplace.repo.comments.values()
    assert "NOT MEASURED at `ccccccc`" in comment.body
    assert f"Measured last, at <code>{HEAD[:7]}</code>" in comment.body
    assert job.outputs["comment-url"].endswith(f"#issuecomment-{comment.id}")


def test_a_failure_is_confirmed_by_a_second_job(workplace: Workplace):
    pull = workplace.repo.add_pull(head_sha=HEAD)
    first = workplace.pull_request(pull, "pull-requests", fault=FAULT).run(install="false", provisional="true")

    assert first.outcome == "success", first.log
    assert (first.outputs["verdict"], first.outputs["exit-code"]) == ("fail", "1")
    assert workplace.repo.comments == {}
    assert set(first.artifacts) == {"perfgate"}

    healthy = workplace.pull_request(pull, "pull-requests").run(install="false", confirm=first.outputs["report-dir"])

    assert healthy.outcome == "success", healthy.log
    assert "0 of its" in " ".join(next(iter(workplace.repo.comments.values())).body.split())

    broken = workplace.pull_request(pull, "pull-requests", fault=FAULT).run(
        install="false", confirm=first.outputs["report-dir"]
    )

    assert broken.outcome == "failure", broken.log
    (comment,) = workplace.repo.comments.values()
    assert "Confirmed: run" in comment.body, broken.log
