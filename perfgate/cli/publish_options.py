"""What to tell where: options of `perfgate publish`, which `perfgate run --publish` reads from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, get_args

import typer

from perfgate.cli.where import is_on
from perfgate.model.errors import UsageError
from perfgate.model.publication import Charts, Comment, PublishOptions, When

CommentWhen = Annotated[
    Comment,
    typer.Option(
        "--comment",
        envvar="PERFGATE_COMMENT",
        help="When to create a comment; an existing one is always updated.",
    ),
]
CommentCharts = Annotated[
    Charts,
    typer.Option(
        "--charts",
        envvar="PERFGATE_COMMENT_CHARTS",
        help="Charts in the comment. auto: pictures, where the history's git branch may be written, else text.",
    ),
]
CheckRun = Annotated[bool, typer.Option("--check", envvar="PERFGATE_CHECK", help="A check run on the commit too.")]
CommitStatus = Annotated[
    bool, typer.Option("--status", envvar="PERFGATE_STATUS", help="A commit status on the commit too.")
]
Issue = Annotated[
    bool,
    typer.Option("--issue", envvar="PERFGATE_ISSUE", help="An issue, open while the baseline's branch fails."),
]
TellWhen = Annotated[When, typer.Option(envvar="PERFGATE_WHEN", help="When to notify chats and webhooks.")]
Summary = Annotated[bool, typer.Option(envvar="PERFGATE_SUMMARY", help="Add to the job's summary.")]
Annotations = Annotated[
    bool, typer.Option(envvar="PERFGATE_ANNOTATIONS", help="Mark broken budgets in the budget file's lines.")
]
PullRequest = Annotated[
    int,
    typer.Option(
        envvar="PERFGATE_PULL_REQUEST",
        min=0,
        metavar="N",
        help="The pull request. [default: the one that the job is for]",
        show_default=False,
    ),
]
Account = Annotated[
    str,
    typer.Option(
        envvar="PERFGATE_ACCOUNT",
        metavar="LOGIN",
        help="The name under which the token comments, where it is that of an app of your own.",
    ),
]
Topic = Annotated[
    str,
    typer.Option(
        envvar="PERFGATE_TOPIC",
        metavar="WORD",
        help="One comment per budget file and WORD, instead of per target: for previews with changing addresses.",
    ),
]

FIELDS: Mapping[str, Any] = {
    "comment": CommentWhen,
    "charts": CommentCharts,
    "check": CheckRun,
    "status": CommitStatus,
    "issue": Issue,
    "when": TellWhen,
    "summary": Summary,
    "annotations": Annotations,
    "pull_request": PullRequest,
    "author": Account,
}


def publish_options_from_environment(environ: Mapping[str, str] = os.environ) -> PublishOptions:
    """The fields of `PublishOptions` by the variables of their options. Raises UsageError."""
    values = {name: _value(option, environ) for name, option in FIELDS.items()}
    return PublishOptions(**{name: value for name, value in values.items() if value is not None})


def topic_from_environment(environ: Mapping[str, str] = os.environ) -> str:
    return str(_value(Topic, environ) or "")


def _value(option: Any, environ: Mapping[str, str]) -> Any:
    """The value of an option; None where the variable of the option is not set."""
    kind, info = get_args(option)
    variable, text = info.envvar, environ.get(info.envvar, "")
    if kind is bool:
        return is_on(text) if text.strip() else None
    if not text:
        return None
    if issubclass(kind, StrEnum) and text not in list(kind):
        raise UsageError(
            f"{variable}={text}: there is no such setting", hint=f"Known: {', '.join(kind)}", code="PG-U002"
        )
    if kind is int and not (text.isascii() and text.isdigit()):
        raise UsageError(f"{variable}={text} is not a number", code="PG-U003")
    return kind(text)
