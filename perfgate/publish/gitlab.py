"""GitLab: one note on the merge request, kept up to date.

Where we are is read from the CI_* variables, which GitLab writes. A job's own token may not write notes on most
instances; a project access token with the scope `api` and the role Reporter may.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping

from perfgate.model.publication import Announcement, Comment, Correction, Publication, PublishOptions
from perfgate.net import http
from perfgate.publish.gitlab_notes import GitLabError, GitLabJob, NoteClient
from perfgate.publish.posting import should_comment
from perfgate.publish.wording import STANDS
from perfgate.text.notes import note

TIMEOUT_S = 20.0  # seconds for each answer
NEEDS = (
    "Give the job a project access token with the scope api and the role Reporter, as the masked variable "
    "PERFGATE_GITLAB_TOKEN (Settings, CI/CD, Variables): see docs/gitlab.md."
)
TOKENS = ("PERFGATE_GITLAB_TOKEN", "GITLAB_TOKEN")
_OPEN = re.compile(r"[^,]*!([0-9]{1,18})")


def publish(
    announcement: Announcement,
    environ: Mapping[str, str],
    options: PublishOptions,
    sleep: Callable[[float], None] = time.sleep,
) -> Publication:
    """Never raises for what GitLab refuses: that is a warning."""
    here = place(environ, options.pull_request)
    if options.comment is Comment.NEVER:
        return Publication(messages=("No note: `--comment never`.",))
    if not (here.api and here.project):
        return Publication(warnings=(note("PG-P004", "Nothing was posted to GitLab: this is no job of GitLab CI."),))
    if not here.merge_request:
        return Publication(messages=("No note: this run belongs to no open merge request.",))
    if not here.token:
        return _failed(f"No note: there is no token. {STANDS}\n{NEEDS}")
    with http.HttpSession(timeout=TIMEOUT_S) as session:
        client = NoteClient(here, session, sleep)
        return _attempt(here, lambda: client.put(announcement, create=should_comment(announcement, options)))


def correct(
    correction: Correction,
    environ: Mapping[str, str],
    options: PublishOptions,
    sleep: Callable[[float], None] = time.sleep,
) -> Publication:
    """Corrects a note that is there; none is begun. Never raises for what GitLab refuses: that is a warning."""
    here = place(environ, options.pull_request)
    if options.comment is Comment.NEVER or not (here.api and here.project and here.merge_request and here.token):
        return Publication()
    with http.HttpSession(timeout=TIMEOUT_S) as session:
        client = NoteClient(here, session, sleep)
        return _attempt(here, lambda: client.correct(correction))


def _attempt(here: GitLabJob, act: Callable[[], str]) -> Publication:
    try:
        return Publication(messages=tuple(filter(None, [act()])))
    except GitLabError as error:
        text = error.message.replace(here.token, "[token]")
        cure = f"\n{NEEDS}" if error.status in (401, 403, 404) else ""
        return _failed(f"No note: {text}. {STANDS}{cure}")


def place(environ: Mapping[str, str], merge_request: int = 0) -> GitLabJob:
    """`merge_request` is somebody's own word, and counts more than the pipeline's."""
    token = next((word for name in TOKENS if (word := environ.get(name, "").strip())), "")
    number = merge_request or _number(environ.get("CI_MERGE_REQUEST_IID", ""))
    if not number and (match := _OPEN.match(environ.get("CI_OPEN_MERGE_REQUESTS", ""))):  # of a branch's pipeline
        number = int(match[1])
    return GitLabJob(
        api=environ.get("CI_API_V4_URL", "").rstrip("/"),
        project=environ.get("CI_MERGE_REQUEST_PROJECT_ID") or environ.get("CI_PROJECT_ID", ""),
        merge_request=number,
        token=token or environ.get("CI_JOB_TOKEN", ""),
        job_token=not token,
        job=_number(environ.get("CI_PIPELINE_ID", "")),
    )


def _failed(warning: str) -> Publication:
    return Publication(warnings=(note("PG-P001", warning),), failed=("comment",))


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text, re.ASCII) else 0
