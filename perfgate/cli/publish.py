"""`perfgate publish`: tell a verdict in the pull request."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfgate.cli.guard import say
from perfgate.cli.options import DEFAULT_BUDGET, Budget, HistoryUrl, RunName
from perfgate.cli.where import budget_file_if_any, history_url, in_repository, is_on, own_environment
from perfgate.model.errors import UsageError
from perfgate.model.publication import Charts, Comment, When, Wishes

if TYPE_CHECKING:
    from perfgate.model.budget_file import GatePolicy
    from perfgate.report.facts import Facts
    from perfgate.workflows.rejudge import Judged

COMMENT = "comment.md"
GITHUB = "github"  # the destination that shows pictures of the history's branch


def publish(
    run: RunName = "latest",
    to: Annotated[
        str, typer.Option("--to", envvar="PERFGATE_TO", metavar="WHERE", help="github, gitlab, slack, teams or webhook")
    ] = "github",
    comment: Annotated[
        Comment,
        typer.Option(
            "--comment",
            envvar="PERFGATE_COMMENT",
            help="When to begin a comment; one that is there is kept up to date.",
        ),
    ] = Comment.ALWAYS,
    charts: Annotated[
        Charts,
        typer.Option(
            "--charts",
            envvar="PERFGATE_COMMENT_CHARTS",
            help="In the comment. auto: pictures, where the history's git branch may be written, else text.",
        ),
    ] = Charts.AUTO,
    check: Annotated[
        bool, typer.Option("--check", envvar="PERFGATE_CHECK", help="A check run on the commit too.")
    ] = False,
    status: Annotated[
        bool, typer.Option("--status", envvar="PERFGATE_STATUS", help="A commit status on the commit too.")
    ] = False,
    issue: Annotated[
        bool,
        typer.Option("--issue", envvar="PERFGATE_ISSUE", help="An issue, open while the baseline's branch fails."),
    ] = False,
    when: Annotated[
        When, typer.Option(envvar="PERFGATE_WHEN", help="When to tell chats and webhooks.")
    ] = When.REGRESSIONS,
    summary: Annotated[bool, typer.Option(envvar="PERFGATE_SUMMARY", help="Add to the job's summary.")] = True,
    annotations: Annotated[
        bool, typer.Option(envvar="PERFGATE_ANNOTATIONS", help="Mark broken budgets in the budget file's lines.")
    ] = True,
    pull_request: Annotated[
        int,
        typer.Option(
            envvar="PERFGATE_PULL_REQUEST", min=0, metavar="N", help="Instead of the event's.", show_default=False
        ),
    ] = 0,
    topic: Annotated[
        str,
        typer.Option(
            envvar="PERFGATE_TOPIC",
            metavar="WORD",
            help="One comment per budget file and WORD, instead of per target: for previews with changing addresses.",
        ),
    ] = "",
    account: Annotated[
        str,
        typer.Option(envvar="PERFGATE_ACCOUNT", metavar="LOGIN", help="Whose token it is, if an app's of your own."),
    ] = "",
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
    """Tell the verdict of a run in the pull request, in a chat, or to a program.

    Tokens and addresses come from the environment: PERFGATE_GITHUB_TOKEN or GITHUB_TOKEN, PERFGATE_GITLAB_TOKEN or
    GITLAB_TOKEN, PERFGATE_SLACK_URL, PERFGATE_TEAMS_URL, PERFGATE_WEBHOOK_URL. What may not be posted is a warning; the
    exit code is 0 all the same.

    Examples: perfgate publish latest --to github · perfgate publish latest --to slack
    """
    from perfgate.cli import not_measured
    from perfgate.cli.finding import judged_run
    from perfgate.files import run_folder
    from perfgate.model.budget_file import GatePolicy
    from perfgate.publish import destination
    from perfgate.report.facts import Facts

    destination(to)  # before anything is read
    wishes = Wishes(
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
    if from_workflow_run:
        for item in judged_anew(artifact, budget, history):
            facts = Facts(verdict=item.verdict, run=item.run, past_runs=item.past_runs)
            deliver(
                to,
                facts,
                folder=item.folder,
                budget=budget,
                policy=item.policy,
                topic=topic,
                wishes=wishes,
                history=history,
            )
        return 0
    if failure := run_folder.find_not_measured(run, Path.cwd()):
        say(f"perfgate: there is no verdict: {failure.reason}")
        not_measured.deliver(to, failure, budget=budget, wishes=wishes, topic=topic)
        return 0
    folder, facts = judged_run(run, budget, history)
    file = budget_file_if_any(budget)
    policy = file.gate if file else GatePolicy()
    deliver(to, facts, folder=folder, budget=budget, policy=policy, topic=topic, wishes=wishes, history=history)
    return 0


def judged_anew(artifact: str, budget: Path, history: str) -> tuple[Judged, ...]:
    """The runs that the pull request's workflow has left. Raises RecordError, UsageError."""
    from perfgate.ci import credentials, revision
    from perfgate.cli.accepting import gather
    from perfgate.files import unpacking
    from perfgate.publish.github import artifacts
    from perfgate.workflows import rejudge as rejudging

    root = Path.cwd()
    environ = {**os.environ, **credentials.git_auth_environment(os.environ, root)}
    code = revision.read(os.environ, root)
    commit, matches = artifacts.fetch(environ, artifact, most=unpacking.MOST_PACKED)
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
        words=lambda branch, last: gather(environ, root, code, branch=branch, last=last, say=say),
    )
    judged = rejudging.rejudge(matches, request)
    if not judged:
        say(f"perfgate: the pull request's workflow has left no run of {request.known_as}: there is nothing to tell.")
    return judged


def deliver(
    to: str,
    facts: Facts,
    *,
    folder: Path,
    budget: Path,
    policy: GatePolicy,
    wishes: Wishes,
    topic: str = "",
    history: str = "",
) -> None:
    """What could be told goes to stderr, what GitHub reads from the log to stdout. A comment that could not be posted
    is written into the run folder. `history` as in --history."""
    from perfgate import publish as publishing
    from perfgate.cli.exits import exit_code
    from perfgate.cli.pictures import pictures
    from perfgate.files import codec
    from perfgate.report.markdown import announcing

    environ = own_environment()
    announcement = announcing.announce(
        facts,
        budget=in_repository(budget),
        blocks=exit_code(facts.verdict, policy) != 0,
        files={
            "run-folder": str(folder),
            "report-markdown": str(folder / "report.md"),
            "report-junit": str(folder / "junit.xml"),
        },
        pictures=pictures(facts, history_url(budget, history), environ, wishes) if to == GITHUB else (),
        charts=wishes.charts is not Charts.NONE,
        topic=topic,
    )
    published = publishing.publish(announcement, to, environ, wishes)
    if "comment" in published.failed:
        codec.write_text(folder / COMMENT, announcement.comment)
    for line in published.commands:
        print(line)
    for line in published.told:
        say(f"perfgate: {line}")
    for warning in published.warnings:
        say(f"perfgate: {warning}")


def wishes_from_environment(destinations: Sequence[str]) -> Wishes:
    """The settings of `perfgate publish` for `perfgate run --publish`: checked before the load. Raises UsageError."""
    from perfgate.publish import destination

    for name in destinations:
        destination(name)
    word = os.environ.get("PERFGATE_COMMENT") or Comment.ALWAYS.value
    if word not in list(Comment):
        raise UsageError(
            f"PERFGATE_COMMENT={word}: there is no such setting", hint=f"Known: {', '.join(Comment)}", code="PG-U002"
        )
    when = os.environ.get("PERFGATE_WHEN") or When.REGRESSIONS.value
    if when not in list(When):
        raise UsageError(
            f"PERFGATE_WHEN={when}: there is no such setting", hint=f"Known: {', '.join(When)}", code="PG-U002"
        )
    charts = os.environ.get("PERFGATE_COMMENT_CHARTS") or Charts.AUTO.value
    if charts not in list(Charts):
        raise UsageError(
            f"PERFGATE_COMMENT_CHARTS={charts}: there is no such setting",
            hint=f"Known: {', '.join(Charts)}",
            code="PG-U002",
        )
    number = os.environ.get("PERFGATE_PULL_REQUEST") or "0"
    if not (number.isascii() and number.isdigit()):
        raise UsageError(f"PERFGATE_PULL_REQUEST={number} is not a number", code="PG-U003")
    return Wishes(
        comment=Comment(word),
        charts=Charts(charts),
        check=_on("PERFGATE_CHECK", False),
        status=_on("PERFGATE_STATUS", False),
        issue=_on("PERFGATE_ISSUE", False),
        when=When(when),
        summary=_on("PERFGATE_SUMMARY", True),
        annotations=_on("PERFGATE_ANNOTATIONS", True),
        pull_request=int(number),
        author=os.environ.get("PERFGATE_ACCOUNT", ""),
    )


def _on(name: str, otherwise: bool) -> bool:
    text = os.environ.get(name, "")
    return is_on(text) if text.strip() else otherwise
