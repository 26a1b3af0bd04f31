"""`perfgate publish`: tell a verdict in the pull request."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfgate.cli.guard import say
from perfgate.cli.options import DEFAULT_BUDGET, Budget, HistoryUrl, RunName
from perfgate.cli.publish_options import (
    Account,
    Annotations,
    CheckRun,
    CommentCharts,
    CommentWhen,
    CommitStatus,
    Issue,
    PullRequest,
    Summary,
    TellWhen,
    Topic,
)
from perfgate.cli.where import budget_file_if_any, in_repository
from perfgate.model.publication import Charts, Comment, PublishOptions, When

if TYPE_CHECKING:
    from perfgate.cli.delivery import Destinations
    from perfgate.workflows.rejudge import JudgedRun


def publish(
    run: RunName = "latest",
    to: Annotated[
        str, typer.Option("--to", envvar="PERFGATE_TO", metavar="WHERE", help="github, gitlab, slack, teams or webhook")
    ] = "github",
    comment: CommentWhen = Comment.ALWAYS,
    charts: CommentCharts = Charts.AUTO,
    check: CheckRun = False,
    status: CommitStatus = False,
    issue: Issue = False,
    when: TellWhen = When.REGRESSIONS,
    summary: Summary = True,
    annotations: Annotations = True,
    pull_request: PullRequest = 0,
    topic: Topic = "",
    account: Account = "",
    from_workflow_run: Annotated[
        bool,
        typer.Option(
            "--from-workflow-run",
            envvar="PERFGATE_FROM_WORKFLOW_RUN",
            help="Instead of RUN: what the workflow that this one follows has measured, judged anew. For forks.",
        ),
    ] = False,
    artifact: Annotated[
        str, typer.Option(envvar="PERFGATE_ARTIFACT", metavar="NAME", help="Where that workflow has left it.")
    ] = "perfgate-runs",
    budget: Budget = DEFAULT_BUDGET,
    history: HistoryUrl = "",
) -> int:
    """Post the verdict of a run.

    As a comment in the pull request, in a chat, or to a webhook.

    Tokens and addresses come from the environment: PERFGATE_GITHUB_TOKEN or GITHUB_TOKEN, PERFGATE_GITLAB_TOKEN or
    GITLAB_TOKEN, PERFGATE_SLACK_URL, PERFGATE_TEAMS_URL, PERFGATE_WEBHOOK_URL. What may not be posted is a warning; the
    exit code is 0 all the same.

    Examples: perfgate publish latest --to github · perfgate publish latest --to slack
    """
    from perfgate.cli.delivery import Destinations
    from perfgate.publish import destination

    destination(to)  # before anything is read

    options = PublishOptions(
        comment=comment,
        charts=charts,
        check=check,
        status=status,
        issue=issue,
        when=when,
        summary=summary,
        annotations=annotations,
        pull_request=pull_request,
        author=account,
    )
    destinations = Destinations(names=(to,), budget=budget, history=history, topic=topic, options=options)
    if from_workflow_run:
        _deliver_workflow_run(to, artifact, destinations)
    else:
        _deliver_run(to, run, destinations)
    return 0


def _deliver_run(to: str, run: str, destinations: Destinations) -> None:
    from perfgate.cli import not_measured
    from perfgate.cli.delivery import deliver
    from perfgate.cli.finding import judged_run
    from perfgate.files import run_folder
    from perfgate.model.budget_file import GatePolicy

    if failure := run_folder.find_not_measured(run, Path.cwd()):
        say(f"perfgate: there is no verdict: {failure.reason}")
        not_measured.deliver(to, failure, destinations)
        return
    folder, facts = judged_run(run, destinations.budget, destinations.history)
    file = budget_file_if_any(destinations.budget)
    deliver(to, facts, folder, file.gate if file else GatePolicy(), destinations)


def _deliver_workflow_run(to: str, artifact: str, destinations: Destinations) -> None:
    from perfgate.cli.delivery import deliver
    from perfgate.report.facts import Facts

    for item in _judge_anew(artifact, destinations.budget, destinations.history):
        facts = Facts(verdict=item.verdict, run=item.run, past_runs=item.past_runs)
        deliver(to, facts, item.folder, item.policy, destinations)


def _judge_anew(artifact: str, budget: Path, history: str) -> tuple[JudgedRun, ...]:
    """The runs that the pull request's workflow has left. Raises RecordError, UsageError."""
    from perfgate.ci import credentials, revision
    from perfgate.cli.accepting import gather
    from perfgate.files import unpacking
    from perfgate.publish.github import artifacts
    from perfgate.workflows import rejudge as rejudging

    root = Path.cwd()
    environ = {**os.environ, **credentials.git_auth_environment(os.environ, root)}
    code = revision.read(os.environ, root)
    commit, entries = artifacts.fetch(environ, artifact, max_bytes=unpacking.MAX_PACKED_BYTES)
    request = rejudging.RejudgeRequest(
        budget=budget,
        known_as=in_repository(budget),
        root=root,
        environ=environ,
        revision=code,
        commit=commit,
        history=history,
        name=f"pull-request-{commit[:12]}",
        say=say,
        claims=lambda branch, last: gather(environ, root, code, branch=branch, last=last, say=say),
    )
    judged = rejudging.rejudge(entries, request)
    if not judged:
        say(f"perfgate: the pull request's workflow uploaded no run of {request.known_as}: nothing to publish.")
    return judged
